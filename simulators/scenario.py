"""A scenario and the simulation of it: the one door to the simulator.

The same scenario always gives the same messages, in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from fleet.clock import SECOND_MS, local_day
from fleet.errors import BadSetting
from fleet.fixes import Fixes
from fleet.registry import Advisory, Registry, Waiver
from simulators.city import DEFAULT_BUSES, MOST_BUSES, City
from simulators.closure import Closure, ClosurePlan
from simulators.conduct import ConductFaults
from simulators.detours import Detours
from simulators.device import Devices
from simulators.drive import Drive
from simulators.faults import DrivingFaults
from simulators.harmless import HarmlessBook
from simulators.jamming import Blackout, JammingPlan
from simulators.lateness import LateBook
from simulators.legbook import LegBook
from simulators.link import LINK_FAULTS, LONGEST_BACKFILL, Links, Sent
from simulators.nation import Nation
from simulators.receiver import Noise, Receivers
from simulators.timetable import ZONE, Timetable, round_now, school_day
from simulators.truth import DeviceFault, DrivingFault, Fault
from simulators.weather import WeatherPlan

_OPENING_S: dict[DrivingFault, float] = {"speeding": 25.0, "deviation": 8.0}
"""A deviation takes its time to become one."""


KEPT_EVERY_S = 10
"""A device without a link keeps one fix in so many seconds."""
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often each fault is put in, for every hour of every bus.

    A demonstration begins with an opening burst, so that it has something to show within a minute:
    ``opening_speeding`` and ``opening_deviation`` are counts for the default fleet, taken in
    proportion for another; so are ``skew``, ``unapproved_operation``, ``off_hours``, ``trip_not_begun`` and
    ``substitute``, the buses that have that fault all day. The defaults come to two speedings and two
    deviations a minute after it. ``overtaking`` is no fault, but looks like one.
    """

    speeding: float = 0.12
    deviation: float = 0.12
    dropout: float = 0.1
    duplicate: float = 0.4
    disorder: float = 0.3
    jump: float = 0.2
    delay: float = 0.0
    overtaking: float = 0.0
    wrong_way: float = 0.0
    long_stop: float = 0.0
    silent: float = 0.0
    frozen: float = 0.0
    sentinel: float = 0.0
    garbage: float = 0.0
    skew: int = 0
    unapproved_operation: int = 0
    off_hours: int = 0
    trip_not_begun: int = 0
    substitute: int = 0
    opening_speeding: int = 9
    opening_deviation: int = 16

    @staticmethod
    def none() -> FaultRates:
        """A fleet without a single fault."""
        return FaultRates(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, opening_speeding=0, opening_deviation=0)

    @staticmethod
    def every() -> FaultRates:
        """A fleet with a fault for every rule, and with what only looks like one."""
        return FaultRates(
            delay=0.1,
            overtaking=0.1,
            wrong_way=0.05,
            long_stop=0.05,
            silent=0.05,
            unapproved_operation=16,
            off_hours=16,
            trip_not_begun=16,
            substitute=16,
        )


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that decides what a simulation sends."""

    start_ms: int
    """The moment round which its timetable is laid, epoch milliseconds; it begins then, or later."""
    seed: int = 1
    buses: int = DEFAULT_BUSES
    interval_s: int = 1
    """Seconds between two fixes of a bus, 1 to 60."""
    history_s: int = 600
    """Seconds before the beginning that the devices have kept, one fix in ``KEPT_EVERY_S``: handed in
    as a backfill when a bus connects, so that who watches knows which trips are under way."""
    noise: Noise = "city"
    timetable: Literal["round_now", "school_day"] = "round_now"
    faults: FaultRates = field(default_factory=FaultRates)
    map_file: Path | None = None
    """An OpenStreetMap file on whose roads the city lies; grown from the seed if none is given."""
    coarse: float = 0.0
    """The part of the devices that round what they report, as simple ones do."""
    weather: WeatherPlan | None = None
    jamming: JammingPlan | None = None
    closure: ClosurePlan | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.interval_s <= 60:
            raise BadSetting(f"interval of {self.interval_s} s: a device reports every 1 to 60 seconds")
        if self.map_file is not None and self.buses > MOST_BUSES:
            raise BadSetting(f"a map is of one city, which has at most {MOST_BUSES} buses")
        one_city = self.weather or self.jamming or self.closure
        if one_city and self.buses > MOST_BUSES:
            raise BadSetting(f"weather, jamming and closures are of one city, of at most {MOST_BUSES} buses")
        if not 0 <= self.history_s <= HOUR_S:
            raise BadSetting(f"history of {self.history_s} s: a device keeps up to an hour")


class Simulation:
    """A fleet at the beginning of its scenario; ``step`` gives what it sends, second by second."""

    def __init__(self, scenario: Scenario, begin_ms: int | None = None) -> None:
        """The fleet as the scenario's timetable has it at ``begin_ms``; at its start when none is given.

        The registry depends on the scenario alone: it can be handed out before the fleet moves off.
        """
        self.scenario = scenario
        self.begin_ms = scenario.start_ms if begin_ms is None else begin_ms
        day = local_day(scenario.start_ms, ZONE)
        school_year = day.year if day.month >= 8 else day.year - 1
        self.city: City | Nation
        if scenario.buses <= MOST_BUSES:
            self.city = self._pattern = City(scenario.seed, scenario.buses, school_year, scenario.map_file)
            lag_ms = None
        else:
            self.city = Nation(scenario.seed, scenario.buses, school_year)
            self._pattern, lag_ms = self.city.pattern, self.city.lag_ms
        book = LegBook(self._pattern)
        self._conduct = self._plan_conduct(self._lay_timetable(book, day))
        self.timetable = self._conduct.timetable
        rng = np.random.default_rng([scenario.seed, 9])
        phase_ms = rng.integers(0, SECOND_MS, scenario.buses)
        self._turn = rng.integers(0, scenario.interval_s, scenario.buses)
        history_ms = self.begin_ms - scenario.history_s * SECOND_MS
        start_ms, bus_ids, sites = scenario.start_ms, self.city.bus_ids, self.city.sites
        weather = None if scenario.weather is None else scenario.weather.weather(start_ms)
        jamming = None if scenario.jamming is None else scenario.jamming.jamming(start_ms)
        self.drive = Drive(book, self.timetable, history_ms, phase_ms, lag_ms=lag_ms, weather=weather)
        self._receivers = Receivers(
            scenario.seed, scenario.buses, sites, scenario.noise, jamming=jamming, coarse=scenario.coarse
        )
        self._blackout = None if jamming is None else Blackout(jamming, self.city)
        self._harmless = HarmlessBook(self.city, self.drive, self.timetable)
        self._late = LateBook(self.city, self.drive)
        self._kept = self._drive_history()
        self._detours = Detours(self.city, self.drive)
        self._closure = self._close_road()
        self._faults = self._plan_driving()
        self._devices, self._links = self._equip(bus_ids)
        self._steps = 0

    def _plan_conduct(self, timetable: Timetable) -> ConductFaults:
        rates, part = self.scenario.faults, self._part
        return ConductFaults(
            self.city,
            timetable,
            self.begin_ms,
            buses={
                "unapproved_operation": _share(rates.unapproved_operation, part),
                "off_hours": _share(rates.off_hours, part),
                "trip_not_begun": _share(rates.trip_not_begun, part),
                "substitute": _share(rates.substitute, part),
            },
            per_bus_hour={"wrong_way": rates.wrong_way, "long_stop": rates.long_stop, "silent": rates.silent},
        )

    def _plan_driving(self) -> DrivingFaults:
        rates, part = self.scenario.faults, self._part
        return DrivingFaults(
            self.city,
            self.drive,
            self._detours,
            start_ms=self.begin_ms,
            per_bus_hour={
                "speeding": rates.speeding,
                "deviation": rates.deviation,
                "overtaking": rates.overtaking,
            },
            at_opening={
                "speeding": _share(rates.opening_speeding, part),
                "deviation": _share(rates.opening_deviation, part),
            },
            opening_s=_OPENING_S,
            interval_s=self.scenario.interval_s,
        )

    def _close_road(self) -> Closure | None:
        plan = self.scenario.closure
        if plan is None:
            return None
        return Closure(
            plan, self._pattern, self.drive, self._detours, self.timetable, self._conduct.held,
            start_ms=self.scenario.start_ms, buses=_share(plan.buses, self._part),
        )  # fmt: skip

    def _equip(self, bus_ids: list[str]) -> tuple[Devices, Links]:
        seed, rates = self.scenario.seed, self.scenario.faults
        faulty: dict[DeviceFault, float] = {
            "frozen": rates.frozen,
            "sentinel": rates.sentinel,
            "garbage": rates.garbage,
        }
        devices = Devices(seed, bus_ids, faulty, _share(rates.skew, self._part))
        return devices, Links(seed, bus_ids, {rule: getattr(rates, rule) for rule in LINK_FAULTS})

    @property
    def _part(self) -> float:
        """How large the fleet is, by the default one."""
        return self.scenario.buses / DEFAULT_BUSES

    @cached_property
    def registry(self) -> Registry:
        """What the authorities hold on record, with assignments and calendar of the scenario's timetable."""
        record = self.city.registry(self.timetable.assignments)
        return msgspec.structs.replace(
            record, buses=self._conduct.on_record(record.buses), calendar=self.timetable.calendar
        )

    @cached_property
    def base_map(self) -> dict[str, Any]:
        """The roads as a GeoJSON FeatureCollection."""
        return self.city.base_map()

    @property
    def truth(self) -> list[Fault]:
        """Every fault so far, and what only looks like one."""
        blackout = self._blackout.truth if self._blackout else []
        closure = self._closure.truth if self._closure else []
        return [
            *self._faults.truth,
            *self._detours.truth,
            *closure,
            *self._conduct.truth,
            *self._links.truth,
            *self._devices.truth,
            *blackout,
            *self._harmless.truth,
            *self._late.truth,
        ]

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """The weather advisories of the scenario, as the authorities issue them."""
        weather = self.scenario.weather
        return () if weather is None else (weather.advisory(self._pattern.plane, self.scenario.start_ms),)

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers of the scenario, as they are signed."""
        waiver = self._closure.waiver if self._closure else None
        return () if waiver is None else (waiver,)

    def history(self) -> Sent:
        """What the devices kept before the beginning: each bus's backfill, due at the beginning."""
        fixes = self._kept.take(np.lexsort((self._kept.time_ms, self._kept.bus)))
        first = np.searchsorted(fixes.bus, fixes.bus)
        piece = (np.arange(len(fixes)) - first) // LONGEST_BACKFILL
        starts = np.r_[True, (np.diff(fixes.bus) != 0) | (np.diff(piece) != 0)][: len(fixes)]
        kept = Sent(
            fixes=fixes,
            due_ms=np.full(len(fixes), self.begin_ms),
            message=np.cumsum(starts) - 1,
            repeat=np.zeros(len(fixes), np.bool_),
        )
        return self._devices.stamp(kept)

    def _drive_history(self) -> Fixes:
        """Drive up to the beginning without a fault, and keep what the devices keep."""
        kept = []
        for second in range(self.scenario.history_s):
            keeping = (second + np.arange(len(self._turn))) % KEPT_EVERY_S == 0
            kept.append(self._receivers.observe(self.drive.step(), keeping))
        return Fixes.concat(kept)

    def step(self) -> Sent:
        """What the fleet sends in the next second, in the order in which it is due."""
        state = self.drive.step()
        self._detours.step(state)
        held = self._conduct.held
        if self._closure is not None:
            self._closure.step(state)
            held = held | self._closure.awaited
        self._faults.step(state, held)
        self._conduct.step(state, self.drive, self._faults.busy | self._detours.busy | held)
        reporting = (self._turn == -self._steps % self.scenario.interval_s) & ~self._conduct.mute
        self._steps += 1
        spared = self._faults.busy | self._detours.busy | self._conduct.held
        self._harmless.step(state, spared | self.drive.heedless)
        self._late.step(state)
        observed = self._receivers.observe(state, reporting)
        if self._blackout is not None:
            observed = self._blackout.over(observed, state)
        reports = self._devices.report(observed, spared)
        return self._devices.stamp(self._links.send(reports, spared))

    def _lay_timetable(self, book: LegBook, day: date) -> Timetable:
        if self.scenario.timetable == "round_now":
            return round_now(book, self.scenario.start_ms)
        return school_day(book, day - timedelta(days=1), 8)


def simulate_tracks(scenario: Scenario, duration_s: int) -> tuple[Fixes, list[Fault]]:
    """All fixes of ``duration_s`` seconds in the order in which they would be sent, and the truth.

    The history comes first. Doubled fixes are there twice, swapped ones swapped, backfilled ones where
    they come in.
    """
    simulation = Simulation(scenario)
    sent = [simulation.history().fixes, *(simulation.step().fixes for _ in range(duration_s))]
    return Fixes.concat(sent), simulation.truth


def _share(count: int, part: float) -> int:
    """A count for the default fleet, for a part of it: at least one of what there is."""
    return max(1, round(count * part)) if count else 0
