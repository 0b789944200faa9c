"""Jamming: a transmitter that drowns the satellites round it for a time.

Receivers near it have no fix. Their devices report all the same, as devices do: the last place they knew,
standing, with no satellite. Farther out the signal is weak, and the drift grows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet.clock import SECOND_MS
from fleet.fixes import Fixes
from simulators.drive import State
from simulators.legs import Flags
from simulators.plane import Floats, Sites
from simulators.truth import Fault

_FRINGE = 1.6
"""So many times as far as the fix is lost, the signal is weak."""
_FRINGE_SIGMA_M = 15.0
"""What a weak signal adds to the drift in each axis, at its worst."""


@dataclass(frozen=True, slots=True)
class JammingPlan:
    """Jamming of a scenario, at a place given by metres east and north of the city's centre."""

    from_s: int
    """Seconds after the scenario's start."""
    lasts_s: int
    east_m: float = 0.0
    north_m: float = 0.0
    radius_m: float = 800.0
    """Within it no receiver has a fix."""

    def jamming(self, start_ms: int) -> Jamming:
        """The jamming of a scenario that starts at ``start_ms``."""
        from_ms = start_ms + self.from_s * SECOND_MS
        return Jamming(self.east_m, self.north_m, self.radius_m, from_ms, from_ms + self.lasts_s * SECOND_MS)


@dataclass(frozen=True, slots=True)
class Jamming:
    """A transmitter at a place of a city's plane, metres; on from one moment (included) to another (not)."""

    x: float
    y: float
    radius_m: float
    from_ms: int
    to_ms: int

    def lost(self, state: State) -> Flags:
        """Whose receivers have no fix, shape (buses,)."""
        return self._on(state) & (self._away_m(state) < self.radius_m)

    def extra_sigma_m(self, state: State, rows: NDArray[np.intp]) -> Floats:
        """What a weak signal adds to the drift of the buses ``rows``, in each axis."""
        away = self._away_m(state)[rows] / self.radius_m
        weak = np.clip((_FRINGE - away) / (_FRINGE - 1), 0, 1)
        return np.where(self._on(state)[rows], weak * _FRINGE_SIGMA_M, 0.0)

    def _on(self, state: State) -> Flags:
        return np.logical_and(state.time_ms >= self.from_ms, state.time_ms < self.to_ms)

    def _away_m(self, state: State) -> Floats:
        return np.asarray(np.hypot(state.x - self.x, state.y - self.y), np.float64)


class Blackout:
    """What jamming makes of the reports of a fleet, and the truth of who had no fix."""

    def __init__(self, jamming: Jamming, sites: Sites, bus_ids: list[str]) -> None:
        self._jamming, self._sites, self._bus_ids = jamming, sites, bus_ids
        self._last: Floats = np.full((2, len(bus_ids)), np.nan)
        self._open: dict[int, Fault] = {}
        self._closed: list[Fault] = []

    @property
    def truth(self) -> list[Fault]:
        """Each bus's time without a fix, those that last still as far as they have come."""
        return [*self._closed, *self._open.values()]

    def over(self, fixes: Fixes, state: State) -> Fixes:
        """What the receivers observed, with the reports of those that are jammed in its place; row by row."""
        lost = self._jamming.lost(state)
        self._note(lost, state)
        drowned = lost[fixes.bus]
        known = fixes.bus[~drowned]
        self._last[:, known] = fixes.lon[~drowned], fixes.lat[~drowned]
        if not drowned.any():
            return fixes
        lon, lat = self._last[:, fixes.bus]
        return Fixes(
            fixes.bus,
            fixes.time_ms,
            np.where(drowned & ~np.isnan(lon), lon, fixes.lon),
            np.where(drowned & ~np.isnan(lat), lat, fixes.lat),
            np.where(drowned, 0.0, fixes.speed_kmh).astype(np.float32),
            np.where(drowned, 0.0, fixes.heading_deg).astype(np.float32),
            fixes.accuracy_m,
            np.where(drowned, 0, fixes.satellites).astype(np.int16),
        )

    def _note(self, lost: Flags, state: State) -> None:
        for bus in [bus for bus in self._open if not lost[bus]]:
            self._closed.append(self._open.pop(bus))
        for bus in np.flatnonzero(lost).tolist():
            now, known = int(state.time_ms[bus]), self._open.get(bus)
            if known is None:
                place = state.x[bus : bus + 1], state.y[bus : bus + 1]
                lon, lat = self._sites.to_degrees(np.array([bus]), *place)
                self._open[bus] = Fault(
                    self._bus_ids[bus],
                    "jammed",
                    now,
                    now,
                    0.0,
                    round(float(lon[0]), 6),
                    round(float(lat[0]), 6),
                )
            else:
                self._open[bus] = Fault(
                    known.bus,
                    "jammed",
                    known.from_ms,
                    now,
                    (now - known.from_ms) / SECOND_MS,
                    known.lon,
                    known.lat,
                )
