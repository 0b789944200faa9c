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
from simulators.legbook import MEAN_TRAFFIC, LegBook
from simulators.legs import ACCELERATION_MS2, BRAKING_MS2, Flags, Leg
from simulators.plane import Floats
from simulators.timetable import Run, Timetable

HARDEST_BRAKING_MS2 = 2.5
"""No bus of the fleet brakes harder, faults or not."""
EASING_MS2 = 1.5
"""With at most this a driver slows to what the road ahead asks; only a halt may take more."""
STEP_S = 1.0
_SETTLING_S = 120
_UNLOADING_MS = MINUTE_MS
_ROW_CELLS = 3_300
_TRAFFIC_TAU_S = 40.0
_TRAFFIC_SPREAD = 0.04
_LIGHT_STOPS = 0.3
"""How often a light is red."""
_NEVER_MS = np.iinfo(np.int64).max


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
    canyon: Flags
    activity: NDArray[np.int8]
    """Values of ``Activity``."""


class Drive:
    """The fleet on the road. ``step`` takes it a second further; faults steer it by the verbs below."""

    def __init__(
        self, book: LegBook, timetable: Timetable, start_ms: int, phase_ms: NDArray[np.int64]
    ) -> None:
        """The fleet as its timetable has it at ``start_ms``, which is what the first step gives.

        ``phase_ms``, 0 to 999, shifts each bus's clock.
        """
        n = len(phase_ms)
        self._book = book
        self._runs = timetable.runs
        self._rng = np.random.default_rng([book.city.seed, 5])
        self._rows = np.arange(n)
        self.time_ms = start_ms - (_SETTLING_S + 1) * SECOND_MS + phase_ms
        self.activity = np.zeros(n, np.int8)
        self.run_number = np.zeros(n, np.int64)
        """Which of its runs a bus is on, or does next."""
        self.legs: list[Leg | None] = [None] * n
        self.along_m = np.zeros(n)
        """Metres along the leg."""
        self.speed_ms = np.zeros(n)
        self.driven_m = np.zeros(n)
        """Metres driven since the beginning of the run, or of the simulation when it began midway."""
        self.excess_from_m = np.full(n, np.inf)
        self.excess_to_m = np.full(n, -np.inf)
        self.excess_ms = np.zeros(n)
        """Between those places on its leg a bus drives at this speed, whatever the limit says."""
        self._wake_ms = np.full(n, _NEVER_MS)
        self._held_until_ms = np.zeros(n, np.int64)
        self._traffic = self._rng.normal(0, 1, n)
        self._heading_deg = self._rng.uniform(0, 360, n)
        self._x, self._y = np.array([book.slot(bus) for bus in range(n)]).T.copy()
        self._step_m = np.ones(n)
        self._cells = np.ones(n, np.int64)
        self._grid = {
            name: np.zeros((n, _ROW_CELLS), np.float32)
            for name in ("x", "y", "limit_ms", "cruise_ms", "canyon")
        }
        self._halts = np.full((n, 4), np.inf)
        self._halt_ms = np.zeros((n, 4), np.int64)
        self._halt = np.zeros(n, np.int64)
        for bus in range(n):
            self._place(bus)
        for _ in range(_SETTLING_S):
            self.step()
        self.driven_m[:] = 0.0

    def run_of(self, bus: int) -> Run:
        """The run that ``bus`` is on, or does next."""
        return self._runs[bus][int(self.run_number[bus])]

    def step(self) -> State:
        """The state one second later."""
        rows = self._rows
        self.time_ms = self.time_ms + round(STEP_S * SECOND_MS)
        self._advance()
        place = self.along_m / self._step_m
        cell = np.minimum(place.astype(np.int64), self._cells - 1)
        x0, y0 = self._grid["x"][rows, cell], self._grid["y"][rows, cell]
        dx, dy = self._grid["x"][rows, cell + 1] - x0, self._grid["y"][rows, cell + 1] - y0
        driving = np.isin(self.activity, _DRIVING)
        self._x = np.where(driving, x0 + (place - cell) * dx, self._x)
        self._y = np.where(driving, y0 + (place - cell) * dy, self._y)
        course = np.degrees(np.arctan2(dx, dy)) % 360
        self._heading_deg = np.where(self.speed_ms > 0.3, course, self._heading_deg)
        state = State(
            time_ms=self.time_ms,
            x=self._x,
            y=self._y,
            speed_ms=self.speed_ms.copy(),
            heading_deg=self._heading_deg,
            limit_ms=self._grid["limit_ms"][rows, cell].astype(np.float64),
            canyon=self._grid["canyon"][rows, cell] > 0,
            activity=self.activity.copy(),
        )
        for bus in np.flatnonzero(self._wake_ms <= self.time_ms).tolist():
            self._next_activity(bus)
        return state

    def _advance(self) -> None:
        """Speed and place along the leg a second later, for every bus at once."""
        rows, speed = self._rows, self.speed_ms
        stay = np.exp(-STEP_S / _TRAFFIC_TAU_S)
        self._traffic = stay * self._traffic + np.sqrt(1 - stay**2) * self._rng.normal(0, 1, len(rows))
        ease = self._book.temper * np.clip(MEAN_TRAFFIC + _TRAFFIC_SPREAD * self._traffic, 0.8, 1.0)
        ahead = np.minimum(((self.along_m + speed * STEP_S) / self._step_m).astype(np.int64), self._cells)
        wanted = self._grid["cruise_ms"][rows, ahead] * ease
        excess = (self.along_m >= self.excess_from_m) & (self.along_m < self.excess_to_m)
        wanted = np.where(excess, self.excess_ms, wanted)
        halt_m = self._halts[rows, self._halt]
        room = np.maximum(halt_m - self.along_m - speed * STEP_S / 2, 0)
        stopping = BRAKING_MS2 * STEP_S * (np.sqrt(0.25 + 2 * room / (BRAKING_MS2 * STEP_S**2)) - 0.5)
        faster = speed + ACCELERATION_MS2 * STEP_S
        eased = np.maximum(wanted, speed - EASING_MS2 * STEP_S)
        reached = np.minimum(np.minimum(eased, stopping), faster)
        reached = np.maximum(reached, speed - HARDEST_BRAKING_MS2 * STEP_S)
        held = (self.time_ms < self._held_until_ms) | (self._wake_ms != _NEVER_MS)
        reached = np.where(held, 0.0, np.maximum(reached, 0.0))
        moved = np.minimum(self.along_m + (speed + reached) / 2 * STEP_S, halt_m)
        moved = np.where(held, self.along_m, moved)
        self.driven_m += moved - self.along_m
        self.along_m, self.speed_ms = moved, reached
        halting = ~held & (halt_m - moved < 0.3) & (reached < 0.6)
        for bus in np.flatnonzero(halting).tolist():
            self._come_to_halt(bus)

    def _come_to_halt(self, bus: int) -> None:
        """A bus stands at its next halt: a stop, a light, or the leg's end."""
        halt = self._halt[bus]
        self.speed_ms[bus] = 0.0
        if np.isinf(self._halts[bus, halt + 1]):
            self._wake_ms[bus] = self.time_ms[bus]
        else:
            self._held_until_ms[bus] = self.time_ms[bus] + self._halt_ms[bus, halt]
            self._halt[bus] = halt + 1

    def _next_activity(self, bus: int) -> None:
        """What a bus does when it has waited long enough or reached its leg's end."""
        match self.activity[bus]:
            case Activity.PARKED:
                self._drive(bus, Activity.OUT, self._book.out(bus, self.run_of(bus).route))
            case Activity.OUT:
                self._stand(bus, Activity.WAITING, max(self.run_of(bus).depart_ms, int(self.time_ms[bus])))
            case Activity.WAITING:
                self._drive(bus, Activity.RUN, self._book.run(self.run_of(bus).route))
            case Activity.RUN:
                self._stand(bus, Activity.UNLOADING, int(self.time_ms[bus]) + _UNLOADING_MS)
            case Activity.UNLOADING:
                if self.run_of(bus).home_after:
                    self._drive(bus, Activity.HOME, self._book.home(bus, self.run_of(bus).route))
                else:
                    self._after_run(bus, Activity.WAITING)
            case Activity.HOME:
                self._after_run(bus, Activity.PARKED)

    def _after_run(self, bus: int, activity: Activity) -> None:
        """Stand until the next run calls; after the last run, for good."""
        self.run_number[bus] += 1
        if self.run_number[bus] == len(self._runs[bus]):
            self.run_number[bus] -= 1
            self._stand(bus, Activity.PARKED, _NEVER_MS - 1)
            return
        run = self.run_of(bus)
        self._stand(bus, activity, run.leave_ms if activity == Activity.PARKED else run.depart_ms)

    def _stand(self, bus: int, activity: Activity, until_ms: int) -> None:
        self.activity[bus] = activity
        self.speed_ms[bus] = 0.0
        self._wake_ms[bus] = until_ms

    def _drive(self, bus: int, activity: Activity, leg: Leg) -> None:
        self.activity[bus] = activity
        self.along_m[bus] = self.speed_ms[bus] = self.driven_m[bus] = 0.0
        self._wake_ms[bus] = _NEVER_MS
        self.excess_to_m[bus] = -np.inf
        self._lay(bus, leg)

    def _lay(self, bus: int, leg: Leg, green_to_m: float = 0.0) -> None:
        """Put a leg under a bus: its grid, and where it will halt. Lights are drawn beyond ``green_to_m``."""
        self.legs[bus] = leg
        n = len(leg.x)
        if n + 1 > self._grid["x"].shape[1]:
            wider = n + 1 - self._grid["x"].shape[1]
            self._grid = {name: np.pad(grid, ((0, 0), (0, wider))) for name, grid in self._grid.items()}
        for name, grid in self._grid.items():
            grid[bus, :n] = getattr(leg, name)
            grid[bus, n:] = grid[bus, n - 1]
        self._step_m[bus] = leg.step_m
        self._cells[bus] = n - 1
        red = leg.lights_m[(self._rng.random(len(leg.lights_m)) < _LIGHT_STOPS) & (leg.lights_m > green_to_m)]
        waits = self._rng.uniform(2, 40, len(red)), self._rng.uniform(15, 45, len(leg.stops_m))
        self._set_halts(bus, np.concatenate([red, leg.stops_m]), np.concatenate(waits))

    def _set_halts(self, bus: int, places_m: Floats, seconds: Floats) -> None:
        """The halts still ahead: those given that the bus can brake for, and its leg's end."""
        leg = self.legs[bus]
        assert leg is not None
        speed = self.speed_ms[bus]
        reach = self.along_m[bus] + speed**2 / (2 * BRAKING_MS2) + speed * STEP_S
        near = places_m > reach if speed > 0 else places_m > self.along_m[bus] + 1.0
        order = np.flatnonzero(near)[np.argsort(places_m[near])]
        needed = len(order) + 2
        if needed > self._halts.shape[1]:
            wider = ((0, 0), (0, needed - self._halts.shape[1]))
            self._halts = np.pad(self._halts, wider, constant_values=np.inf)
            self._halt_ms = np.pad(self._halt_ms, wider)
        self._halts[bus] = np.inf
        self._halts[bus, : needed - 1] = [*places_m[order], leg.length_m]
        self._halt_ms[bus, : len(order)] = (seconds[order] * SECOND_MS).astype(np.int64)
        self._halt[bus] = 0

    def _place(self, bus: int) -> None:
        """Where the timetable has a bus at the beginning."""
        runs, now = self._runs[bus], int(self.time_ms[bus])
        begun = [i for i, run in enumerate(runs) if run.leave_ms <= now]
        if not begun:
            if runs and not runs[0].from_depot:
                self._stand_at_stop(bus, runs[0])
            else:
                self._stand(bus, Activity.PARKED, runs[0].leave_ms if runs else _NEVER_MS - 1)
            return
        self.run_number[bus] = begun[-1]
        run = self.run_of(bus)
        if now < run.depart_ms:
            self._join(bus, Activity.OUT, self._book.out(bus, run.route), (now - run.leave_ms) / SECOND_MS)
        elif now < run.arrive_ms:
            self._join(bus, Activity.RUN, self._book.run(run.route), (now - run.depart_ms) / SECOND_MS)
        elif run.home_after:
            home = self._book.home(bus, run.route)
            self._join(bus, Activity.HOME, home, (now - run.arrive_ms - _UNLOADING_MS) / SECOND_MS)
        else:
            self._after_run(bus, Activity.WAITING)
            self._x[bus], self._y[bus] = self._book.city.network.nodes[run.route.stops[-1].node]

    def _stand_at_stop(self, bus: int, run: Run) -> None:
        self._stand(bus, Activity.WAITING, run.depart_ms)
        self._x[bus], self._y[bus] = self._book.city.network.nodes[run.route.stops[0].node]

    def _join(self, bus: int, activity: Activity, leg: Leg, seconds: float) -> None:
        """Put a bus on a leg as far along as it would be ``seconds`` after its departure."""
        self._drive(bus, activity, leg)
        planned = leg.planned_seconds(float(self._book.temper[bus]) * MEAN_TRAFFIC)
        self.along_m[bus] = min(
            float(np.interp(seconds, planned, np.arange(len(planned)) * leg.step_m)), leg.length_m - 1
        )
        ahead = self._halts[bus] > self.along_m[bus] + 1.0
        self._halt[bus] = int(np.argmax(ahead))

    def speed_up(self, bus: int, from_m: float, to_m: float, speed_ms: float, clear_to_m: float) -> None:
        """Have a bus drive at ``speed_ms`` between two places on its leg.

        Lights are green up to ``clear_to_m``.
        """
        leg = self.legs[bus]
        assert leg is not None
        self.excess_from_m[bus], self.excess_to_m[bus], self.excess_ms[bus] = from_m, to_m, speed_ms
        places, seconds = (
            self._halts[bus, self._halt[bus] :],
            self._halt_ms[bus, self._halt[bus] :] / SECOND_MS,
        )
        light = np.isin(places, leg.lights_m) & (places < clear_to_m)
        kept = ~light & np.isfinite(places) & (places < leg.length_m)
        self._set_halts(bus, places[kept], seconds[kept])

    def stand_at(self, bus: int, place_m: float, seconds: float) -> None:
        """Have a bus stand at a place on its leg ahead for so long, beside its other halts."""
        places = self._halts[bus, self._halt[bus] :]
        waits = self._halt_ms[bus, self._halt[bus] :] / SECOND_MS
        leg = self.legs[bus]
        assert leg is not None
        kept = np.isfinite(places) & (places < leg.length_m)
        self._set_halts(bus, np.append(places[kept], place_m), np.append(waits[kept], seconds))

    def reroute(self, bus: int, leg: Leg, green_to_m: float) -> None:
        """Have a bus go on over another leg, which is the same as its old one up to ``green_to_m``.

        Lights up to there are green.
        """
        self._lay(bus, leg, green_to_m)

    def next_halt_m(self, bus: int) -> float:
        """Metres along its leg of the next place where a bus will stand: a stop, a red light, the end."""
        return float(self._halts[bus, self._halt[bus]])

    def next_stop_m(self, bus: int) -> float:
        """Metres along its leg of the next stop, or of the leg's end."""
        leg = self.legs[bus]
        assert leg is not None
        ahead = leg.stops_m[leg.stops_m > self.along_m[bus]]
        return float(ahead[0]) if len(ahead) else leg.length_m
