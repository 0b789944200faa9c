"""Scenarios as files: what is simulated, in TOML. Some are shipped, and known by their names.

Everything but ``about`` may be left out; what it is then stands beside each name below.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from fleet.clock import parse_time
from fleet.errors import BadInput, BadSetting
from simulators.city import DEFAULT_BUSES
from simulators.receiver import Noise
from simulators.scenario import FaultRates, Scenario

FOLDER = Path(__file__).with_name("scenarios")
_UNITS = {"s": 1, "m": 60, "h": 3_600}


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    """A table whose every name is known: a misspelt one would be a fault that never comes."""


class _City(_Table):
    seed: int = 1
    buses: int = DEFAULT_BUSES


class _Time(_Table):
    start: str | None = None
    """RFC 3339; the moment at which it is played if left out."""
    lasts: str = "1h"
    timetable: Literal["round_now", "school_day"] = "round_now"
    history: str = "10m"
    """What the devices have kept before the start."""


class _Reports(_Table):
    interval: str = "1s"
    noise: Noise = "city"


class _PerBusHour(_Table):
    """Faults of each bus and hour, by the names of the truth; 0 if left out."""

    speeding: float = 0.0
    deviation: float = 0.0
    dropout: float = 0.0
    duplicate: float = 0.0
    disorder: float = 0.0
    jump: float = 0.0
    wrong_way: float = 0.0
    long_stop: float = 0.0
    silent: float = 0.0
    frozen: float = 0.0
    sentinel: float = 0.0
    garbage: float = 0.0


class _AllDay(_Table):
    """Buses of a fleet of 1,058 that have the fault all day, of another in proportion; 0 if left out."""

    unapproved_operation: int = 0
    off_hours: int = 0
    trip_not_begun: int = 0
    skew: int = 0


class _Opening(_Table):
    """Faults within the first seconds, likewise."""

    speeding: int = 0
    deviation: int = 0


class _Faults(_Table):
    per_bus_hour: _PerBusHour = msgspec.field(default_factory=_PerBusHour)
    all_day: _AllDay = msgspec.field(default_factory=_AllDay)
    opening: _Opening = msgspec.field(default_factory=_Opening)


class _File(_Table):
    about: str
    city: _City = msgspec.field(default_factory=_City)
    time: _Time = msgspec.field(default_factory=_Time)
    reports: _Reports = msgspec.field(default_factory=_Reports)
    faults: _Faults = msgspec.field(default_factory=_Faults)


@dataclass(frozen=True, slots=True)
class Script:
    """A scenario as it was written down."""

    name: str
    about: str
    start_ms: int | None
    """Epoch milliseconds; None: whenever it is played."""
    lasts_s: int
    _scenario: Scenario

    def scenario(
        self,
        start_ms: int,
        *,
        seed: int | None = None,
        buses: int | None = None,
        interval_s: int | None = None,
    ) -> Scenario:
        """The scenario at a moment, with what is given in place of what was written."""
        asked = {"seed": seed, "buses": buses, "interval_s": interval_s}
        given = {name: value for name, value in asked.items() if value is not None}
        return replace(self._scenario, start_ms=start_ms, **given)  # type: ignore[arg-type]  # as named above


def shipped() -> list[str]:
    """The names of the scenarios that come with Buswatch."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_scenario(name: str) -> Script:
    """The scenario of a name, or of a file. Raises ``BadInput`` with what is wrong and where."""
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        path = Path(name)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{name!r} is no scenario: neither one of {', '.join(shipped())}, nor a file ({error.strerror})"
        ) from error
    try:
        found = msgspec.convert(tomllib.loads(text.decode()), _File)
        seconds = {what: _seconds(written) for what, written in _durations(found)}
        rates, day, opening = found.faults.per_bus_hour, found.faults.all_day, found.faults.opening
        faults = FaultRates(
            **msgspec.structs.asdict(rates),
            unapproved=day.unapproved_operation,
            off_hours=day.off_hours,
            trip_not_begun=day.trip_not_begun,
            skewed=day.skew,
            opening_speeding=opening.speeding,
            opening_deviation=opening.deviation,
        )
        start_ms = None if found.time.start is None else parse_time(found.time.start)
        scenario = Scenario(
            start_ms or 0,
            seed=found.city.seed,
            buses=found.city.buses,
            interval_s=seconds["reports.interval"],
            history_s=seconds["time.history"],
            noise=found.reports.noise,
            timetable=found.time.timetable,
            faults=faults,
        )
    except (
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        msgspec.ValidationError,
        BadInput,
        BadSetting,
    ) as error:
        raise BadInput(f"{path}: {error}") from error
    return Script(path.stem, found.about, start_ms, seconds["time.lasts"], scenario)


def _durations(found: _File) -> list[tuple[str, str]]:
    return [
        ("time.lasts", found.time.lasts),
        ("time.history", found.time.history),
        ("reports.interval", found.reports.interval),
    ]


def _seconds(text: str) -> int:
    """Whole seconds of ``15s``, ``10m`` or ``2h``; 0 of ``0s``."""
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not number.isdecimal():
        raise BadInput(f"{text!r} is no duration; write 15s, 10m or 2h")
    return int(number) * unit
