"""The live frame: once a second, what moved since the frame before."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from alerts.detector import Findings
from alerts.judging import DEVIATING, IS_SPEEDING, NOT_JUDGED, OFF_TRIP, ON_ROUTE
from fleet.fixes import Fixes
from fleet.registry import Registry

COLUMNS = ("bus", "time_ms", "lon", "lat", "speed_kmh", "heading", "limit_kmh", "off_m", "state")

_STATES = {ON_ROUTE: "on_route", DEVIATING: "deviating", IS_SPEEDING: "speeding", OFF_TRIP: "off_trip"}


class LiveFrame:
    """Gathers the newest believed fix of each bus until the next frame is due."""

    def __init__(self, registry: Registry) -> None:
        self._bus_ids = [bus.bus_id for bus in registry.buses]
        self._out_of_service = np.array([bus.state == "out_of_service" for bus in registry.buses], np.bool_)
        self._rows: dict[int, tuple[Any, ...]] = {}
        self.stalled: str | None = None
        """Why nothing is committed at present; None when all is well."""

    def add(self, fixes: Fixes, findings: Findings) -> None:
        """Take what a committed batch brought; the newest fix of a bus wins."""
        believed = np.flatnonzero(findings.judged.state != NOT_JUDGED)
        columns = (
            fixes.bus,
            fixes.time_ms,
            fixes.lon,
            fixes.lat,
            fixes.speed_kmh,
            fixes.heading_deg,
            findings.judged.limit_kmh,
            findings.observations.off_m,
            findings.judged.state,
        )
        for row in zip(*(column[believed].tolist() for column in columns), strict=True):
            self._rows[row[0]] = row

    def encode(self, now_ms: int) -> bytes:
        """The frame as JSON (docs/interfaces.md), and an empty one begun."""
        rows = [self._wire(row) for row in self._rows.values()]
        self._rows = {}
        return msgspec.json.encode(
            {"time_ms": now_ms, "stalled": self.stalled, "columns": COLUMNS, "rows": rows}
        )

    def _wire(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        bus, time_ms, lon, lat, speed, heading, limit, off, state = row
        name = "out_of_service" if self._out_of_service[bus] else _STATES[state]
        return (
            self._bus_ids[bus],
            time_ms,
            round(lon, 6),
            round(lat, 6),
            _rounded(speed),
            _rounded(heading),
            _rounded(limit),
            _rounded(off),
            name,
        )


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 1)
