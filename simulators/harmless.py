"""What a fleet does that must not alarm, read off its true state second by second, before any noise.

Bursts of speed and detours under a waiver are driven on purpose: ``DrivingFaults`` notes those.
"""

from __future__ import annotations

import numpy as np
import shapely

from fleet.clock import SECOND_MS
from simulators.city import City
from simulators.drive import Activity, Drive, State
from simulators.legs import Flags, Leg
from simulators.plane import Floats
from simulators.routes import CORRIDOR_M
from simulators.truth import Fault, Harmless

_LEAST_S: dict[Harmless, float] = {"canyon_drift": 30.0}
"""Shorter ones are not worth a line."""
_TERMINAL_M = 300.0
"""Nearer to an end of its line a bus is at its terminal, and crosses nothing."""


class HarmlessDoings:
    """Keeps account of a city's buses."""

    def __init__(self, city: City) -> None:
        self._city = city
        n = len(city.bus_ids)
        self._since_ms: dict[Harmless, np.ndarray[tuple[int], np.dtype[np.int64]]] = {
            rule: np.full(n, -1) for rule in ("depot_way", "at_terminal", "crossing", "canyon_drift")
        }
        self._begun: dict[Harmless, Floats] = {rule: np.zeros((2, n)) for rule in self._since_ms}
        self._legs: list[Leg | None] = [None] * n
        self._near: list[Flags | None] = [None] * n
        """Of a bus between depot and stops, where on its leg it is within the corridor."""
        self.truth: list[Fault] = []
        """What is over."""

    def step(self, state: State, drive: Drive) -> None:
        """Note what the last second held."""
        activity = state.activity
        depot_way = np.isin(activity, (Activity.OUT, Activity.HOME))
        now: dict[Harmless, Flags] = {
            "depot_way": depot_way,
            "at_terminal": np.isin(activity, (Activity.WAITING, Activity.UNLOADING)),
            "crossing": self._crossing(np.flatnonzero(depot_way & (drive.activity == activity)), drive),
            "canyon_drift": (activity == Activity.RUN) & state.canyon,
        }
        for rule, doing in now.items():
            since_ms = self._since_ms[rule]
            began = doing & (since_ms < 0)
            since_ms[began] = state.time_ms[began]
            self._begun[rule][:, began] = state.x[began], state.y[began]
            for bus in np.flatnonzero(~doing & (since_ms >= 0)).tolist():
                self._close(rule, bus, int(state.time_ms[bus]))

    def _crossing(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]], drive: Drive) -> Flags:
        """Which of the buses ``rows`` are within the corridor of the line that they drive to or come from."""
        within = np.zeros(len(self._legs), np.bool_)
        for bus in rows.tolist():
            leg = drive.legs[bus]
            if leg is None:
                continue
            if leg is not self._legs[bus]:
                self._legs[bus], self._near[bus] = leg, self._within(leg, drive, bus)
            near = self._near[bus]
            if near is not None:
                within[bus] = near[min(int(drive.along_m[bus] / leg.step_m), len(near) - 1)]
        return within

    def _within(self, leg: Leg, drive: Drive, bus: int) -> Flags:
        line = shapely.LineString(self._city.network.line_of(drive.run_of(bus).route.way))
        places = shapely.points(leg.x, leg.y)
        ends = shapely.MultiPoint(shapely.get_coordinates(line)[[0, -1]])
        away = shapely.distance(places, ends)
        return np.logical_and(shapely.distance(places, line) < CORRIDOR_M, away > _TERMINAL_M)

    def _close(self, rule: Harmless, bus: int, now_ms: int) -> None:
        from_ms = int(self._since_ms[rule][bus])
        self._since_ms[rule][bus] = -1
        seconds = (now_ms - from_ms) / SECOND_MS
        if seconds < _LEAST_S.get(rule, 0.0):
            return
        x, y = self._begun[rule][:, bus]
        lon, lat = self._city.plane.to_degrees(np.array([x]), np.array([y]))
        self.truth.append(
            Fault(
                bus=self._city.bus_ids[bus],
                rule=rule,
                from_ms=from_ms,
                to_ms=now_ms,
                size=round(seconds, 1),
                lon=round(float(lon[0]), 6),
                lat=round(float(lat[0]), 6),
            )
        )
