"""What a fleet does that looks like a fault and is none, read off the true state second by second.

A detector is worth as much as it keeps still about these. They are noted for all buses at once: a nation's
fleet is asked the same every second.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.clock import SECOND_MS
from simulators.city import City
from simulators.drive import Activity, Drive, State
from simulators.legs import Flags, Leg
from simulators.nation import Nation
from simulators.plane import Floats
from simulators.routes import CORRIDOR_M, RouteVersion
from simulators.timetable import Timetable
from simulators.truth import Fault, Harmless

TERMINAL_M = 300.0
"""So near to an end of its line a bus is at its terminal."""
_LEAST_S: dict[Harmless, int] = {"crossing": 3, "at_terminal": 30, "canyon_drift": 30, "depot_way": 30}
"""What is shorter tempts no rule."""
_LEGS_KEPT = 4_096
_NOWHERE = np.inf, -np.inf

_OUT, _HOME, _RUN, _PARKED = int(Activity.OUT), int(Activity.HOME), int(Activity.RUN), int(Activity.PARKED)
_STANDS = int(Activity.WAITING), int(Activity.UNLOADING)

Stretches = tuple[tuple[float, float], ...]
"""Pieces of a leg, from and to, metres along it."""


class HarmlessBook:
    """Crossings, stands at terminals, drives between tall buildings, and the ways of the depots."""

    def __init__(self, city: City | Nation, drive: Drive, timetable: Timetable) -> None:
        self._city, self._drive, self._runs = city, drive, timetable.runs
        n = len(city.bus_ids)
        self._activity = np.full(n, -1, np.int8)
        self._at_terminal: Flags = np.zeros(n, np.bool_)
        self._inside_m: tuple[Floats, Floats] = np.full(n, np.inf), np.full(n, -np.inf)
        self._stretches: dict[int, list[tuple[float, float]]] = {}
        self._spells = {kind: _Spells(least_s, n) for kind, least_s in _LEAST_S.items()}
        self._crossed = lru_cache(_LEGS_KEPT)(self._cross)

    @property
    def truth(self) -> list[Fault]:
        """All of them so far, those still going on as far as they have come."""
        return [
            fault
            for kind, spells in self._spells.items()
            for fault in _faults(kind, spells.table(), self._city)
        ]

    def step(self, state: State, faulty: Flags) -> None:
        """Note what the last second held, but for buses that are ``faulty``, shape (buses,)."""
        drive = self._drive
        for bus in np.flatnonzero(drive.activity != self._activity).tolist():
            self._turn_to(bus, state)
        self._activity = drive.activity.copy()
        good = ~faulty & (state.activity == drive.activity)
        on_the_road = good & ((state.activity == _OUT) | (state.activity == _HOME))
        from_m, to_m = self._inside_m
        for bus in np.flatnonzero(on_the_road & (drive.along_m > to_m) & (to_m >= 0)).tolist():
            self._next_stretch(bus)
        inside = on_the_road & (drive.along_m >= from_m) & (drive.along_m <= to_m)
        on_run = good & (state.activity == _RUN)
        self._spells["crossing"].note(inside, state)
        self._spells["at_terminal"].note(good & self._at_terminal, state)
        self._spells["canyon_drift"].note(on_run & state.canyon, state)
        self._spells["depot_way"].note(on_the_road, state)

    def _turn_to(self, bus: int, state: State) -> None:
        """Work out, once, what holds for as long as a bus does what it has turned to."""
        activity, leg = int(self._drive.activity[bus]), self._drive.legs[bus]
        self._at_terminal[bus] = activity in _STANDS or (
            activity == _PARKED and self._parks_at_terminal(bus, state)
        )
        self._stretches.pop(bus, None)
        if activity in (_OUT, _HOME) and leg is not None:
            self._stretches[bus] = list(self._crossed(leg, self._drive.run_of(bus).route))
        self._next_stretch(bus)

    def _parks_at_terminal(self, bus: int, state: State) -> bool:
        if not self._runs[bus % len(self._runs)]:
            return False
        ends = self._ends(self._drive.run_of(bus).route)
        return bool(np.hypot(*(ends - (state.x[bus], state.y[bus])).T).min() < TERMINAL_M)

    def _next_stretch(self, bus: int) -> None:
        left = self._stretches.get(bus)
        self._inside_m[0][bus], self._inside_m[1][bus] = left.pop(0) if left else _NOWHERE

    def _cross(self, leg: Leg, route: RouteVersion) -> Stretches:
        """Where a leg runs within the corridor of a route, away from the ends of its line."""
        line = shapely.LineString(self._city.network.line_of(route.way))
        places = np.column_stack((leg.x, leg.y))
        inside = shapely.distance(line, shapely.points(places)) <= CORRIDOR_M
        for end in self._ends(route):
            inside &= np.hypot(*(places - end).T) > TERMINAL_M
        edges = np.flatnonzero(np.diff(np.r_[False, inside, False]))
        begins, ends = edges[::2] * leg.step_m, (edges[1::2] - 1) * leg.step_m
        return tuple(zip(begins.tolist(), ends.tolist(), strict=True))

    def _ends(self, route: RouteVersion) -> Floats:
        """Both ends of a route's line, plane metres, shape (2, 2)."""
        nodes = route.way.nodes
        return np.asarray(self._city.network.nodes[[nodes[0], nodes[-1]]], np.float64)


class _Spells:
    """The times through which something holds for a bus, for all buses at once."""

    def __init__(self, least_s: int, buses: int) -> None:
        self._least_ms = least_s * SECOND_MS
        self._holds: Flags = np.zeros(buses, np.bool_)
        self._from_ms = np.zeros(buses, np.int64)
        self._last_ms = np.zeros(buses, np.int64)
        self._x, self._y = np.zeros(buses), np.zeros(buses)
        self._over: list[NDArray[np.float64]] = []

    def note(self, holds: Flags, state: State) -> None:
        """Take it a second further; ``holds`` has shape (buses,)."""
        self._keep(np.flatnonzero(self._holds & ~holds))
        begun = np.flatnonzero(holds & ~self._holds)
        self._from_ms[begun] = state.time_ms[begun]
        self._x[begun], self._y[begun] = state.x[begun], state.y[begun]
        self._holds, self._last_ms = holds, state.time_ms

    def table(self) -> NDArray[np.float64]:
        """The times so far that were long enough, shape (n, 5): bus, from and to (epoch milliseconds), and
        where it began (plane metres).
        """
        return np.concatenate([np.empty((0, 5)), *self._over, self._rows(np.flatnonzero(self._holds))])

    def _keep(self, ended: NDArray[np.int64]) -> None:
        if len(ended):
            self._over.append(self._rows(ended))

    def _rows(self, buses: NDArray[np.int64]) -> NDArray[np.float64]:
        long_enough = self._last_ms[buses] - self._from_ms[buses] >= self._least_ms
        of = buses[long_enough]
        columns = (of, self._from_ms[of], self._last_ms[of], self._x[of], self._y[of])
        return np.column_stack(columns).astype(np.float64)


def _faults(kind: Harmless, table: NDArray[np.float64], city: City | Nation) -> list[Fault]:
    bus, from_ms, to_ms = table[:, :3].astype(np.int64).T
    lon, lat = city.sites.to_degrees(bus, table[:, 3], table[:, 4])
    columns = (bus, from_ms, to_ms, np.round(lon, 6), np.round(lat, 6))
    return [
        Fault(city.bus_ids[row], kind, begin, end, round((end - begin) / SECOND_MS, 1), x, y)
        for row, begin, end, x, y in zip(*(column.tolist() for column in columns), strict=True)
    ]
