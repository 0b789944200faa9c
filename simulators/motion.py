"""A second of a fleet's motion: one compiled loop over the buses, and the legs under them in one table.

What the loop goes by stands in this file: what was compiled is kept until the file changes.

A nation of 200,000 buses is driven on one core. Whole-array operations pass over the fleet forty times a
second; the loop passes over it once, and a bus that stands costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from simulators.plane import Floats

if TYPE_CHECKING:
    from simulators.legs import Flags, Leg
    from simulators.weather import Weather

Loop = TypeVar("Loop", bound=Callable[..., object])

ACCELERATION_MS2 = 0.9
BRAKING_MS2 = 1.2
"""With this a driver brings a bus down to the next lower speed."""
HARDEST_BRAKING_MS2 = 2.5
"""No bus of the fleet brakes harder, faults or not."""
EASING_MS2 = 1.5
"""With at most this a driver slows to what the road ahead asks; only a halt may take more."""
MEAN_TRAFFIC = 0.93
"""Mean part of a driver's own speed that traffic allows."""
STEP_S = 1.0
STEP_MS = 1_000
NEVER_MS = np.iinfo(np.int64).max
TRAFFIC_TAU_S = 40.0
_TRAFFIC_SPREAD = 0.04
_LEAST_TRAFFIC = 0.8
_AT_HALT_M, _AT_HALT_MS = 0.3, 0.6
"""So near to its halt, and so slow, a bus stands."""
_WARNED_MS = 30 * STEP_MS
"""Drivers see the weather come so long before its limit is in force."""
_MOVING_MS = 0.3
"""Slower than this a bus keeps its course."""

X, Y, COURSE, LIMIT, CRUISE, FOUL_LIMIT, FOUL_CRUISE, SKY = range(8)
"""Columns of a leg's points: metres in the plane; the course of the piece that begins there, degrees; the
limit and what a driver at ease drives (m/s), and both in foul weather; the place in ``SKIES``."""
_COLUMNS = 8
_FIRST_ROWS = 1 << 15


class Motion(NamedTuple):
    """The fleet's state of motion in columns, shape (buses,) each; metres, metres a second, milliseconds."""

    time_ms: NDArray[np.int64]
    along_m: Floats
    """Metres along the leg."""
    speed_ms: Floats
    driven_m: Floats
    """Metres driven since the beginning of the run, or of the simulation when it began midway."""
    excess_from_m: Floats
    excess_to_m: Floats
    excess_ms: Floats
    """Between those places on its leg a bus drives at this speed, whatever the limit says."""
    wake_ms: NDArray[np.int64]
    """When a bus that stands goes on to its next activity; ``NEVER_MS`` while it drives."""
    held_until_ms: NDArray[np.int64]
    """Until when it stands at a halt."""
    temper: Floats
    heedless: Flags
    """Whether its driver takes no notice of the weather."""
    traffic: Floats
    """How light the traffic round a bus is, in standard deviations."""
    x: Floats
    y: Floats
    course_deg: Floats
    limit_ms: Floats
    sky: NDArray[np.int8]
    first: NDArray[np.int64]
    """The leg's first row in the table of points …"""
    cells: NDArray[np.int64]
    """… the pieces between its points …"""
    cell_m: Floats
    """… and the length of each."""
    halt: NDArray[np.int64]
    """The next of its halts, and …"""
    halt_m: Floats
    """… where on its leg that is: each bus has a row of halts, and to look into all of them is dear."""

    @staticmethod
    def of(buses: int) -> Motion:
        """Buses that stand at the plane's origin, on no leg."""
        whole = ("time_ms", "held_until_ms", "first", "halt")
        columns: dict[str, NDArray[Any]] = {
            name: np.zeros(buses, np.int64 if name in whole else np.float64) for name in Motion._fields
        }
        columns |= {
            "wake_ms": np.full(buses, NEVER_MS),
            "excess_from_m": np.full(buses, np.inf),
            "excess_to_m": np.full(buses, -np.inf),
            "sky": np.zeros(buses, np.int8),
            "heedless": np.zeros(buses, np.bool_),
            "cells": np.ones(buses, np.int64),
            "cell_m": np.ones(buses),
        }
        return Motion(**columns)


class Points:
    """The points of all legs in use, one leg after another, shape (rows, 8): see ``X`` and its neighbours."""

    def __init__(self, weather: Weather | None = None) -> None:
        self._weather = weather
        self.table = np.zeros((_FIRST_ROWS, _COLUMNS), np.float32)
        self._used = 0
        self._legs: dict[Leg, list[int]] = {}
        """Of each leg its first row and how many buses are on it."""

    def take(self, leg: Leg) -> bool:
        """Put a bus on ``leg``; True when all legs were moved to make room, and every ``first`` is new."""
        known = self._legs.get(leg)
        if known is not None:
            known[1] += 1
            return False
        moved = self._make_room(len(leg.x))
        self._legs[leg] = [self._used, 1]
        self._write(leg, self._used)
        self._used += len(leg.x)
        return moved

    def first(self, leg: Leg) -> int:
        """The first row of a leg in use."""
        return self._legs[leg][0]

    def release(self, leg: Leg) -> None:
        """Take a bus from ``leg``. Its points stay until their room is wanted."""
        self._legs[leg][1] -= 1

    def _make_room(self, rows: int) -> bool:
        if self._used + rows <= len(self.table):
            return False
        live = {leg: place for leg, place in self._legs.items() if place[1]}
        needed = rows + sum(len(leg.x) for leg in live)
        table = np.zeros((max(len(self.table), 2 * needed), _COLUMNS), np.float32)
        used = 0
        for leg, place in live.items():
            n = len(leg.x)
            table[used : used + n] = self.table[place[0] : place[0] + n]
            place[0], used = used, used + n
        self.table, self._used, self._legs = table, used, live
        return True

    def _write(self, leg: Leg, first: int) -> None:
        rows = self.table[first : first + len(leg.x)]
        rows[:, X], rows[:, Y] = leg.x, leg.y
        rows[:-1, COURSE] = np.degrees(np.arctan2(np.diff(rows[:, X]), np.diff(rows[:, Y]))) % 360
        rows[:, LIMIT], rows[:, CRUISE], rows[:, SKY] = leg.limit_ms, leg.cruise_ms, leg.sky
        foul = leg if self._weather is None else self._weather.over(leg)
        rows[:, FOUL_LIMIT], rows[:, FOUL_CRUISE] = foul.limit_ms, foul.cruise_ms


def _compiled(loop: Loop) -> Loop:
    """``loop`` compiled at its first call and kept on disk; floating point keeps its IEEE meaning."""
    return cast("Loop", numba.njit(cache=True, nogil=True, error_model="numpy")(loop))


@_compiled
def _halt(motion: Motion, bus: int, halts_m: Floats, halts_ms: NDArray[np.int64]) -> None:
    """Have a bus stand at its next halt: a stop, a light, or the leg's end."""
    halt = motion.halt[bus]
    motion.speed_ms[bus] = 0.0
    if np.isinf(halts_m[bus, halt + 1]):
        motion.wake_ms[bus] = motion.time_ms[bus]
    else:
        motion.held_until_ms[bus] = motion.time_ms[bus] + halts_ms[bus, halt]
        motion.halt[bus], motion.halt_m[bus] = halt + 1, halts_m[bus, halt + 1]


@_compiled
def _drive_on(motion: Motion, bus: int, cruise_ms: float) -> bool:
    """Speed and place along the leg a second later; True when the bus stands at its halt."""
    speed, along, halt_m = motion.speed_ms[bus], motion.along_m[bus], motion.halt_m[bus]
    free = min(max(MEAN_TRAFFIC + _TRAFFIC_SPREAD * motion.traffic[bus], _LEAST_TRAFFIC), 1.0)
    wanted = cruise_ms * (motion.temper[bus] * free)
    if motion.excess_from_m[bus] <= along < motion.excess_to_m[bus]:
        wanted = motion.excess_ms[bus]
    room = max(halt_m - along - speed * STEP_S / 2, 0.0)
    stopping = BRAKING_MS2 * STEP_S * (np.sqrt(0.25 + 2 * room / (BRAKING_MS2 * STEP_S**2)) - 0.5)
    eased = max(wanted, speed - EASING_MS2 * STEP_S)
    reached = min(eased, stopping, speed + ACCELERATION_MS2 * STEP_S)
    reached = max(reached, speed - HARDEST_BRAKING_MS2 * STEP_S, 0.0)
    moved = min(along + (speed + reached) / 2 * STEP_S, halt_m)
    motion.driven_m[bus] += moved - along
    motion.along_m[bus], motion.speed_ms[bus] = moved, reached
    return bool(halt_m - moved < _AT_HALT_M and reached < _AT_HALT_MS)


@_compiled
def _locate(motion: Motion, bus: int, points: NDArray[np.float32], foul: bool) -> None:
    """Place, course, limit and sky of a bus by how far along its leg it is."""
    place = motion.along_m[bus] / motion.cell_m[bus]
    cell = min(int(place), motion.cells[bus] - 1)
    here, there = points[motion.first[bus] + cell], points[motion.first[bus] + cell + 1]
    part = place - cell
    motion.x[bus] = here[X] + part * (there[X] - here[X])
    motion.y[bus] = here[Y] + part * (there[Y] - here[Y])
    if motion.speed_ms[bus] > _MOVING_MS:
        motion.course_deg[bus] = here[COURSE]
    motion.limit_ms[bus] = here[FOUL_LIMIT] if foul else here[LIMIT]
    motion.sky[bus] = np.int8(here[SKY])


@_compiled
def advance(
    motion: Motion, driving: Flags, points: NDArray[np.float32], halts_m: Floats, halts_ms: NDArray[np.int64],
    eddies: Floats, foul_ms: tuple[int, int], due: NDArray[np.int64],
) -> int:  # fmt: skip
    """Take every bus a second further, and write the rows of those that are at the end of what they do to
    ``due``, shape (buses,); returns how many.

    ``driving`` tells who is on a leg; ``halts_m`` and ``halts_ms``, shape (buses, k), where each will stand
    and for how long, the last being its leg's end with infinity after it; ``eddies`` are normal deviates,
    shape (buses,); the weather is foul from and to the moments ``foul_ms``.
    """
    stay = np.exp(-STEP_S / TRAFFIC_TAU_S)
    stir = np.sqrt(1 - stay**2)
    count = 0
    foul_from_ms, foul_to_ms = foul_ms
    for bus in range(len(driving)):
        motion.time_ms[bus] += STEP_MS
        foul = foul_from_ms <= motion.time_ms[bus] < foul_to_ms
        motion.traffic[bus] = stay * motion.traffic[bus] + stir * eddies[bus]
        if driving[bus]:
            if motion.time_ms[bus] < motion.held_until_ms[bus]:
                motion.speed_ms[bus] = 0.0
            else:
                reach = int((motion.along_m[bus] + motion.speed_ms[bus] * STEP_S) / motion.cell_m[bus])
                ahead = motion.first[bus] + min(reach, motion.cells[bus])
                warned = foul_from_ms - _WARNED_MS <= motion.time_ms[bus] < foul_to_ms
                slow = warned and not motion.heedless[bus]
                cruise_ms = points[ahead, FOUL_CRUISE] if slow else points[ahead, CRUISE]
                if _drive_on(motion, bus, cruise_ms):
                    _halt(motion, bus, halts_m, halts_ms)
            _locate(motion, bus, points, foul)
        if motion.wake_ms[bus] <= motion.time_ms[bus]:
            due[count] = bus
            count += 1
    return count
