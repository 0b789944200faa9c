"""The drive: every bus of the fleet taken one second further, at once.

Buses follow legs laid out beforehand. Each has its own phase within the second, so that "a step" is
the same second for all of them, seen from clocks that differ by less than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS, SECOND_MS
from simulators.legbook import LegBook
from simulators.legs import Flags, Leg
from simulators.motion import BRAKING_MS2, NEVER_MS, STEP_MS, STEP_S, Motion, Points, advance
from simulators.plane import Floats
from simulators.roads import SKIES
from simulators.timetable import Run, Timetable
from simulators.weather import Weather

_SETTLING_S = 120
_UNLOADING_MS = MINUTE_MS
_FOR_GOOD_MS = NEVER_MS - 1
"""A bus that is parked until then has no run left."""
_LIGHT_STOPS = 0.3
"""How often a light is red."""


class Activity(IntEnum):
    """What a bus is doing. Only on ``RUN`` has it pupils aboard and an approved line to keep to."""

    PARKED = 0
    OUT = 1
    """On its way from the depot to the first stop."""
    WAITING = 2
    """At the first stop, before its time."""
    RUN = 3
    UNLOADING = 4
    HOME = 5
    """On its way from the last stop to the depot."""


_BEGUN = (Activity.RUN, Activity.UNLOADING, Activity.HOME)
_DRIVING = (Activity.OUT, Activity.RUN, Activity.HOME)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The true state of the fleet, shape (buses,) each; plane metres, metres a second."""

    time_ms: NDArray[np.int64]
    x: Floats
    y: Floats
    speed_ms: Floats
    heading_deg: Floats
    """Course, degrees clockwise from north; a standing bus keeps its last."""
    limit_ms: Floats
    """The limit in force where the bus is."""
    sky: NDArray[np.int8]
    """Places in ``SKIES`` of what is overhead."""
    activity: NDArray[np.int8]
    """Values of ``Activity``."""

    @property
    def canyon(self) -> Flags:
        """Whether tall buildings stand where the bus is, shape (buses,)."""
        return np.equal(self.sky, SKIES.index("canyon"))

    @property
    def tunnel(self) -> Flags:
        """Whether the bus is in a tunnel, shape (buses,)."""
        return np.equal(self.sky, SKIES.index("tunnel"))


class Drive:
    """The fleet on the road. ``step`` takes it a second further; faults steer it by the verbs below."""

    def __init__(
        self,
        book: LegBook,
        timetable: Timetable,
        start_ms: int,
        phase_ms: NDArray[np.int64],
        *,
        lag_ms: NDArray[np.int64] | None = None,
        weather: Weather | None = None,
    ) -> None:
        """The fleet as its timetable has it at ``start_ms``, which is what the first step gives.

        ``phase_ms``, 0 to 999, shifts each bus's clock. A fleet of more buses than the timetable has is
        driven by it again and again, bus ``n`` as ``n % len(timetable.runs)``, each ``lag_ms`` later.
        """
        n = len(phase_ms)
        self._book = book
        self._runs = timetable.runs
        self._departs_ms = _departures_ms(timetable)
        self._lag_ms = np.zeros(n, np.int64) if lag_ms is None else lag_ms
        self._rng = np.random.default_rng([book.city.seed, 5])
        self.activity = np.zeros(n, np.int8)
        self.run_number = np.zeros(n, np.int64)
        """Which of its runs a bus is on, or does next."""
        self.legs: list[Leg | None] = [None] * n
        self._points = Points(weather)
        self._foul_ms = (0, 0) if weather is None else (weather.from_ms, weather.to_ms)
        self._motion = Motion.of(n)
        self._driving: Flags = np.zeros(n, np.bool_)
        self._due = np.zeros(n, np.int64)
        self._halts_m = np.full((n, 4), np.inf)
        self._halts_ms = np.zeros((n, 4), np.int64)
        motion = self._motion
        motion.time_ms[:] = start_ms - _SETTLING_S * SECOND_MS - STEP_MS + phase_ms
        motion.temper[:] = np.resize(book.temper, n)
        if weather is not None:
            drawn = np.random.default_rng([book.city.seed, 12]).random(n)
            motion.heedless[:] = drawn < weather.heedless
        motion.traffic[:] = self._rng.normal(0, 1, n)
        motion.course_deg[:] = self._rng.uniform(0, 360, n)
        slots = np.array([book.slot(bus) for bus in range(len(self._runs))])
        motion.x[:], motion.y[:] = np.resize(slots, (n, 2)).T
        for bus in range(n):
            self._place(bus)
        for _ in range(_SETTLING_S):
            self.step()
        motion.driven_m[:] = 0.0

    @property
    def time_ms(self) -> NDArray[np.int64]:
        """Epoch milliseconds, shape (buses,)."""
        return self._motion.time_ms

    @property
    def along_m(self) -> Floats:
        """Metres along the leg, shape (buses,)."""
        return self._motion.along_m

    @property
    def speed_ms(self) -> Floats:
        """Metres a second, shape (buses,)."""
        return self._motion.speed_ms

    @property
    def driven_m(self) -> Floats:
        """Metres driven since the beginning of the run, or of the simulation when it began midway."""
        return self._motion.driven_m

    @property
    def excess_to_m(self) -> Floats:
        """Where on its leg a bus stops driving faster than it may; minus infinity when it does not."""
        return self._motion.excess_to_m

    @property
    def heedless(self) -> Flags:
        """Whose drivers take no notice of the weather, shape (buses,)."""
        return self._motion.heedless

    def run_of(self, bus: int) -> Run:
        """The run that ``bus`` is on, or does next, at the times of the timetable."""
        return self._runs[self._twin(bus)][int(self.run_number[bus])]

    def next_departures_ms(self, buses: NDArray[np.intp]) -> NDArray[np.int64]:
        """When the timetable has each of ``buses``, shape (n,), leave the first stop of its first run not
        begun yet; epoch milliseconds, ``NEVER_MS`` when there is none. Shape (n,).
        """
        done = np.isin(self.activity[buses], _BEGUN) | (self._motion.wake_ms[buses] == _FOR_GOOD_MS)
        departs_ms = self._departs_ms[buses % len(self._runs), self.run_number[buses] + done]
        lag_ms = np.where(departs_ms == NEVER_MS, 0, self._lag_ms[buses])
        return np.asarray(departs_ms + lag_ms, np.int64)

    def window_left_ms(self, bus: int) -> int:
        """Milliseconds until the window of a bus's run ends."""
        return self.run_of(bus).ends_ms + int(self._lag_ms[bus] - self.time_ms[bus])

    def _twin(self, bus: int) -> int:
        """The bus of the timetable that a bus is driven as."""
        return bus % len(self._runs)

    def step(self) -> State:
        """The state one second later."""
        motion = self._motion
        eddies = self._rng.normal(0, 1, len(self.legs))
        due = advance(
            motion, self._driving, self._points.table, self._halts_m, self._halts_ms, eddies, self._foul_ms,
            self._due,
        )  # fmt: skip
        state = State(
            time_ms=motion.time_ms.copy(),
            x=motion.x.copy(),
            y=motion.y.copy(),
            speed_ms=motion.speed_ms.copy(),
            heading_deg=motion.course_deg.copy(),
            limit_ms=motion.limit_ms.copy(),
            sky=motion.sky.copy(),
            activity=self.activity.copy(),
        )
        for bus in self._due[:due].tolist():
            self._next_activity(bus)
        return state

    def _next_activity(self, bus: int) -> None:
        """What a bus does when it has waited long enough or reached its leg's end."""
        now, twin = int(self.time_ms[bus]), self._twin(bus)
        match Activity(int(self.activity[bus])):
            case Activity.PARKED:
                self._drive(bus, Activity.OUT, self._book.out(twin, self.run_of(bus).route))
            case Activity.OUT:
                depart_ms = self.run_of(bus).depart_ms + int(self._lag_ms[bus])
                self._stand(bus, Activity.WAITING, max(depart_ms, now))
            case Activity.WAITING:
                self._drive(bus, Activity.RUN, self._book.run(self.run_of(bus).route))
            case Activity.RUN:
                self._stand(bus, Activity.UNLOADING, now + _UNLOADING_MS)
            case Activity.UNLOADING:
                if self.run_of(bus).home_after and self._has_time_at_home(bus):
                    self._drive(bus, Activity.HOME, self._book.home(twin, self.run_of(bus).route))
                else:
                    self._after_run(bus, Activity.WAITING)
            case Activity.HOME:
                self._after_run(bus, Activity.PARKED)

    def _has_time_at_home(self, bus: int) -> bool:
        """Whether a bus at its last stop is at its depot before its next run calls it out again. One that is
        too late for that waits where it is, for the next run begins there.
        """
        run, runs = self.run_of(bus), self._runs[self._twin(bus)]
        if self.run_number[bus] + 1 == len(runs):
            return True
        home_ms = int(self.time_ms[bus]) + self._book.depot_ms(self._twin(bus), run.route.stops[-1])
        return home_ms <= runs[int(self.run_number[bus]) + 1].leave_ms + int(self._lag_ms[bus])

    def _after_run(self, bus: int, activity: Activity) -> None:
        """Stand until the next run calls; after the last run, for good."""
        self.run_number[bus] += 1
        if self.run_number[bus] == len(self._runs[self._twin(bus)]):
            self.run_number[bus] -= 1
            self._stand(bus, Activity.PARKED, _FOR_GOOD_MS)
            return
        self._stand_until(bus, activity, self.run_of(bus))

    def _stand_until(self, bus: int, activity: Activity, run: Run) -> None:
        """Stand until a run calls: in the depot until it leaves that, at the first stop until it departs."""
        called_ms = run.leave_ms if activity == Activity.PARKED else run.depart_ms
        self._stand(bus, activity, called_ms + int(self._lag_ms[bus]))

    def _stand(self, bus: int, activity: Activity, until_ms: int) -> None:
        self.activity[bus] = activity
        self._driving[bus] = False
        self._motion.speed_ms[bus] = 0.0
        self._motion.wake_ms[bus] = until_ms

    def _drive(self, bus: int, activity: Activity, leg: Leg) -> None:
        motion = self._motion
        self.activity[bus] = activity
        self._driving[bus] = True
        motion.along_m[bus] = motion.speed_ms[bus] = motion.driven_m[bus] = 0.0
        motion.wake_ms[bus] = NEVER_MS
        motion.excess_to_m[bus] = -np.inf
        self._lay(bus, leg)

    def _lay(self, bus: int, leg: Leg, green_to_m: float = 0.0) -> None:
        """Put a leg under a bus, and where it will halt. Lights are drawn beyond ``green_to_m``."""
        motion, old = self._motion, self.legs[bus]
        if old is not None:
            self._points.release(old)
        self.legs[bus] = leg
        if self._points.take(leg):
            for other, laid in enumerate(self.legs):
                if laid is not None:
                    motion.first[other] = self._points.first(laid)
        motion.first[bus] = self._points.first(leg)
        motion.cells[bus], motion.cell_m[bus] = len(leg.x) - 1, leg.step_m
        red = leg.lights_m[(self._rng.random(len(leg.lights_m)) < _LIGHT_STOPS) & (leg.lights_m > green_to_m)]
        waits = self._rng.uniform(2, 40, len(red)), self._rng.uniform(15, 45, len(leg.stops_m))
        self._set_halts(bus, np.concatenate([red, leg.stops_m]), np.concatenate(waits))

    def _set_halts(self, bus: int, places_m: Floats, seconds: Floats) -> None:
        """The halts still ahead: those given that the bus can brake for, and its leg's end."""
        leg, motion = self.legs[bus], self._motion
        assert leg is not None
        speed, along_m = float(motion.speed_ms[bus]), float(motion.along_m[bus])
        reach = along_m + speed**2 / (2 * BRAKING_MS2) + speed * STEP_S
        ahead = np.flatnonzero(places_m > (reach if speed > 0 else along_m + 1.0))
        order = ahead[np.argsort(places_m[ahead])]
        last = len(order)
        if last + 2 > self._halts_m.shape[1]:
            wider = ((0, 0), (0, last + 2 - self._halts_m.shape[1]))
            self._halts_m = np.pad(self._halts_m, wider, constant_values=np.inf)
            self._halts_ms = np.pad(self._halts_ms, wider)
        halts_m = self._halts_m[bus]
        halts_m[:last], halts_m[last], halts_m[last + 1 :] = places_m[order], leg.length_m, np.inf
        self._halts_ms[bus, :last] = seconds[order] * SECOND_MS
        motion.halt[bus], motion.halt_m[bus] = 0, halts_m[0]

    def _halts_ahead(self, bus: int) -> tuple[Floats, Floats]:
        """Metres along its leg, and seconds, of the halts ahead of a bus, without its leg's end."""
        leg, halt = self.legs[bus], self._motion.halt[bus]
        assert leg is not None
        places_m, waits_ms = self._halts_m[bus, halt:], self._halts_ms[bus, halt:]
        kept = np.isfinite(places_m) & (places_m < leg.length_m)
        return places_m[kept], waits_ms[kept] / SECOND_MS

    def _place(self, bus: int) -> None:
        """Where the timetable has a bus at the beginning."""
        twin = self._twin(bus)
        runs, now = self._runs[twin], int(self.time_ms[bus] - self._lag_ms[bus])
        begun = [i for i, run in enumerate(runs) if run.leave_ms <= now]
        if not runs:
            self._stand(bus, Activity.PARKED, _FOR_GOOD_MS)
            return
        if not begun:
            self._stand_until(bus, Activity.PARKED if runs[0].from_depot else Activity.WAITING, runs[0])
            if not runs[0].from_depot:
                self._put(bus, runs[0].route.stops[0].node)
            return
        self.run_number[bus] = begun[-1]
        run = self.run_of(bus)
        if now < run.depart_ms:
            self._join(bus, Activity.OUT, self._book.out(twin, run.route), now - run.leave_ms)
        elif now < run.arrive_ms:
            self._join(bus, Activity.RUN, self._book.run(run.route), now - run.depart_ms)
        elif run.home_after:
            home, since_ms = self._book.home(twin, run.route), now - run.arrive_ms - _UNLOADING_MS
            if self._book.planned_m(twin, home, since_ms / SECOND_MS) < home.length_m:
                self._join(bus, Activity.HOME, home, since_ms)
            else:
                self._after_run(bus, Activity.PARKED)
        else:
            self._after_run(bus, Activity.WAITING)
            self._put(bus, run.route.stops[-1].node)

    def _put(self, bus: int, node: int) -> None:
        self._motion.x[bus], self._motion.y[bus] = self._book.city.network.nodes[node]

    def _join(self, bus: int, activity: Activity, leg: Leg, since_ms: int) -> None:
        """Put a bus on a leg as far along as it would be so long after its departure."""
        self._drive(bus, activity, leg)
        along_m = self._book.planned_m(self._twin(bus), leg, since_ms / SECOND_MS)
        self.along_m[bus] = min(along_m, leg.length_m - 1)
        ahead = self._halts_m[bus] > self.along_m[bus] + 0.5  # its leg's end is 1 m ahead at least
        halt = int(np.argmax(ahead))
        self._motion.halt[bus], self._motion.halt_m[bus] = halt, self._halts_m[bus, halt]

    def speed_up(self, bus: int, from_m: float, to_m: float, speed_ms: float, clear_to_m: float) -> None:
        """Have a bus drive at ``speed_ms`` between two places on its leg.

        Lights are green up to ``clear_to_m``.
        """
        leg, motion = self.legs[bus], self._motion
        assert leg is not None
        motion.excess_from_m[bus], motion.excess_to_m[bus], motion.excess_ms[bus] = from_m, to_m, speed_ms
        places_m, seconds = self._halts_ahead(bus)
        kept = ~(np.isin(places_m, leg.lights_m) & (places_m < clear_to_m))
        self._set_halts(bus, places_m[kept], seconds[kept])

    def stand_at(self, bus: int, place_m: float, seconds: float) -> None:
        """Have a bus stand at a place on its leg ahead for so long, beside its other halts."""
        places_m, waits = self._halts_ahead(bus)
        self._set_halts(bus, np.append(places_m, place_m), np.append(waits, seconds))

    def reroute(self, bus: int, leg: Leg, green_to_m: float) -> None:
        """Have a bus go on over another leg, which is the same as its old one up to ``green_to_m``.

        Lights up to there are green.
        """
        self._lay(bus, leg, green_to_m)

    def next_halt_m(self, bus: int) -> float:
        """Metres along its leg of the next place where a bus will stand: a stop, a red light, the end."""
        return float(self._motion.halt_m[bus])

    def next_stop_m(self, bus: int) -> float:
        """Metres along its leg of the next stop, or of the leg's end."""
        leg = self.legs[bus]
        assert leg is not None
        ahead = leg.stops_m[leg.stops_m > self.along_m[bus]]
        return float(ahead[0]) if len(ahead) else leg.length_m


def _departures_ms(timetable: Timetable) -> NDArray[np.int64]:
    """When the runs of each bus depart, shape (buses, k); ``NEVER_MS`` in the places beyond its last."""
    most = max((len(runs) for runs in timetable.runs), default=0)
    departs_ms = np.full((len(timetable.runs), most + 2), NEVER_MS)
    for row, runs in zip(departs_ms, timetable.runs, strict=True):
        row[: len(runs)] = [run.depart_ms for run in runs]
    return departs_ms
