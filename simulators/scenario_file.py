"""Scenarios as files: what is simulated, in TOML. Some are shipped, and known by their names.

Everything but ``about`` may be left out; what it is then stands beside each name below. Durations are written
as ``15s``, ``10m`` or ``2h``, and are whole seconds from here on.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from fleet.clock import parse_duration, parse_time
from fleet.errors import BadInput, BadSetting
from simulators.city import DEFAULT_BUSES
from simulators.closure import ClosurePlan
from simulators.jamming import JammingPlan
from simulators.receiver import Noise
from simulators.scenario import FaultRates, Scenario
from simulators.weather import WeatherPlan

FOLDER = Path(__file__).with_name("scenarios")
ANY_DAY_MS = parse_time("2026-09-01T07:30:00+08:00")
"""When a scenario that names no moment begins, where no clock ticks beside it."""


_DURATIONS = ("begins", "lasts", "history", "interval")


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    """A table whose every name is known: a misspelt one would be a fault that never comes."""


class _City(_Table):
    seed: int = 1
    buses: int = DEFAULT_BUSES
    map: str | None = None
    """An OpenStreetMap file, from the scenario's folder; grown from the seed if left out."""


class _Time(_Table):
    start: str | None = None
    """RFC 3339; the moment at which it is played if left out."""
    lasts: int = 3_600
    timetable: Literal["round_now", "school_day"] = "round_now"
    history: int = 600
    """What the devices have kept before the start."""


class _Reports(_Table):
    interval: int = 1
    noise: Noise = "city"
    coarse: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """The part of the devices that round what they report."""


class _Faults(_Table):
    """By the names of the truth; 0 if left out."""

    per_bus_hour: dict[str, float] = {}
    """How many come to a bus and hour."""
    all_day: dict[str, int] = {}
    """Buses of a fleet of 1,058 that have the fault all day, of another in proportion."""
    opening: dict[str, int] = {}
    """How many begin within the first seconds, likewise."""

    def rates(self) -> FaultRates:
        """The same for the simulator; ``BadInput`` for a name that it does not know."""
        given: dict[str, float] = {}
        for table, names, prefix in (
            ("per_bus_hour", _PER_BUS_HOUR, ""), ("all_day", _ALL_DAY, ""), ("opening", _OPENING, "opening_"),
        ):  # fmt: skip
            for name, value in getattr(self, table).items():
                if name not in names:
                    raise BadInput(f"faults.{table} knows no {name!r}; it may have {', '.join(names)}")
                given[prefix + name] = value
        return replace(FaultRates.none(), **given)  # type: ignore[arg-type]  # counts are whole, as read


_FIELDS = {known.name: known.type for known in fields(FaultRates)}
_OPENING = [name.removeprefix("opening_") for name in _FIELDS if name.startswith("opening_")]
_ALL_DAY = [name for name, kind in _FIELDS.items() if kind == "int" and not name.startswith("opening_")]
_PER_BUS_HOUR = [name for name, kind in _FIELDS.items() if kind == "float"]


class _File(_Table):
    about: str
    city: _City = msgspec.field(default_factory=_City)
    time: _Time = msgspec.field(default_factory=_Time)
    reports: _Reports = msgspec.field(default_factory=_Reports)
    weather: WeatherPlan | None = None
    jamming: JammingPlan | None = None
    closure: ClosurePlan | None = None
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
        map_file: Path | None = None,
    ) -> Scenario:
        """The scenario at a moment, with what is given in place of what was written."""
        asked = {"seed": seed, "buses": buses, "interval_s": interval_s, "map_file": map_file}
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
        found = msgspec.convert(_in_seconds(tomllib.loads(text.decode())), _File)
        start_ms = None if found.time.start is None else parse_time(found.time.start)
        scenario = Scenario(
            start_ms or 0,
            seed=found.city.seed,
            buses=found.city.buses,
            interval_s=found.reports.interval,
            history_s=found.time.history,
            noise=found.reports.noise,
            timetable=found.time.timetable,
            faults=found.faults.rates(),
            coarse=found.reports.coarse,
            weather=found.weather,
            jamming=found.jamming,
            closure=found.closure,
            map_file=None if found.city.map is None else path.parent / found.city.map,
        )
    except (
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        msgspec.ValidationError,
        BadInput,
        BadSetting,
    ) as error:
        raise BadInput(f"{path}: {error}") from error
    return Script(path.stem, found.about, start_ms, found.time.lasts, scenario)


def _in_seconds(file: dict[str, Any]) -> dict[str, Any]:
    """The tables of a file with their durations, ``15s``, ``10m`` or ``2h``, as whole seconds."""
    return {
        name: {key: _seconds(value) if key in _DURATIONS else value for key, value in table.items()}
        if isinstance(table, dict)
        else table
        for name, table in file.items()
    }


def _seconds(written: object) -> int:
    seconds = parse_duration(str(written))
    if seconds != int(seconds):
        raise BadInput(f"{written!r} is no number of whole seconds")
    return int(seconds)
