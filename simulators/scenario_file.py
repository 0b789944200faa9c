"""Scenarios as files: what is simulated, in TOML. Some are shipped, and known by their names.

Everything but ``about`` may be left out; what it is then stands beside each name below.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from fleet.clock import parse_duration, parse_time
from fleet.errors import BadInput, BadSetting
from fleet.registry import WaiverReason
from simulators.city import DEFAULT_BUSES
from simulators.closure import ClosurePlan
from simulators.jamming import JammingPlan
from simulators.receiver import Noise
from simulators.scenario import FaultRates, Scenario
from simulators.weather import WeatherPlan

Plan = TypeVar("Plan")

FOLDER = Path(__file__).with_name("scenarios")
ANY_DAY_MS = parse_time("2026-09-01T07:30:00+08:00")
"""When a scenario that names no moment begins, where no clock ticks beside it."""


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
    lasts: str = "1h"
    timetable: Literal["round_now", "school_day"] = "round_now"
    history: str = "10m"
    """What the devices have kept before the start."""


class _Reports(_Table):
    interval: str = "1s"
    noise: Noise = "city"
    coarse: float = 0.0
    """The part of the devices that round what they report."""


class _Spell(_Table):
    """Something that begins after the start, and lasts; metres from the city's centre."""

    begins: str
    lasts: str

    def plan(self, kind: Callable[..., Plan]) -> Plan:
        """The same for the simulator."""
        given = msgspec.structs.asdict(self)
        seconds = {"from_s": _seconds(given.pop("begins")), "lasts_s": _seconds(given.pop("lasts"))}
        return kind(**seconds, **given)


class _Weather(_Spell, kw_only=True):
    name: str = "恶劣天气"
    east_m: float = 0.0
    north_m: float = 0.0
    radius_m: float = 5_000.0
    limit_kmh: float = 20.0
    heedless: float = 0.0
    """The part of the drivers who take no notice."""


class _Jamming(_Spell, kw_only=True):
    east_m: float = 0.0
    north_m: float = 0.0
    radius_m: float = 800.0


class _Closure(_Spell, kw_only=True):
    buses: int = 40
    """About how many of a fleet of 1,058 are to drive round it, of another in proportion."""
    waiver: WaiverReason | None = None
    """Why it is closed, if the traffic police sign a waiver for it."""


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
    weather: _Weather | None = None
    jamming: _Jamming | None = None
    closure: _Closure | None = None
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
        map: Path | None = None,  # noqa: A002  # as the option is called
    ) -> Scenario:
        """The scenario at a moment, with what is given in place of what was written."""
        asked = {"seed": seed, "buses": buses, "interval_s": interval_s, "map": map}
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
        start_ms = None if found.time.start is None else parse_time(found.time.start)
        scenario = Scenario(
            start_ms or 0,
            seed=found.city.seed,
            buses=found.city.buses,
            interval_s=seconds["reports.interval"],
            history_s=seconds["time.history"],
            noise=found.reports.noise,
            timetable=found.time.timetable,
            faults=found.faults.rates(),
            coarse=found.reports.coarse,
            weather=None if found.weather is None else found.weather.plan(WeatherPlan),
            jamming=None if found.jamming is None else found.jamming.plan(JammingPlan),
            closure=None if found.closure is None else found.closure.plan(ClosurePlan),
            map=None if found.city.map is None else path.parent / found.city.map,
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
    """Whole seconds of ``15s``, ``10m`` or ``2h``."""
    seconds = parse_duration(text)
    if seconds != int(seconds):
        raise BadInput(f"{text!r} is no number of whole seconds")
    return int(seconds)
