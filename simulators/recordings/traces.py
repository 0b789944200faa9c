"""Traces that somebody brings: the fixes of any buses, in columns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fleet.fixes import UNKNOWN_SATELLITES, Fixes


@dataclass(frozen=True, slots=True)
class Traces:
    """The fixes of a file, in its order."""

    bus_ids: tuple[str, ...]
    """The buses in the order of their identities; ``fixes.bus`` is the place here."""
    fixes: Fixes
    left_out: str = ""
    """What is wrong with the rows that were left out; empty when all could be used."""


class TraceFix(NamedTuple):
    """One fix as a file names it; None where it does not say."""

    bus_id: str
    time_ms: int
    lon: float
    lat: float
    speed_kmh: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    satellites: int | None = None


def traces_of(found: Iterable[TraceFix], left_out: str = "") -> Traces:
    """Fixes in columns, in their order."""
    fixes = list(found)
    bus_ids = sorted({fix.bus_id for fix in fixes})
    row = {bus_id: place for place, bus_id in enumerate(bus_ids)}
    columns = Fixes.of(
        bus=[row[fix.bus_id] for fix in fixes],
        time_ms=[fix.time_ms for fix in fixes],
        lon=[fix.lon for fix in fixes],
        lat=[fix.lat for fix in fixes],
        speed_kmh=[_known(fix.speed_kmh) for fix in fixes],
        heading_deg=[_known(fix.heading_deg) for fix in fixes],
        accuracy_m=[_known(fix.accuracy_m) for fix in fixes],
        satellites=[UNKNOWN_SATELLITES if fix.satellites is None else fix.satellites for fix in fixes],
    )
    return Traces(tuple(bus_ids), columns, left_out)


def _known(value: float | None) -> float:
    return math.nan if value is None else value
