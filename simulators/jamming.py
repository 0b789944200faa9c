"""Jamming: a transmitter that drowns the satellites round it for a time.

Receivers near it have no fix. Their devices report all the same, as devices do: the last place they knew,
standing, with no satellite. Farther out the signal is weak, and the drift grows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fleet.fixes import Fixes
from simulators.city import City
from simulators.drive import State
from simulators.ledger import Ledger
from simulators.legs import Flags
from simulators.nation import Nation
from simulators.plane import Floats
from simulators.spell import LocalSpell, Metres
from simulators.truth import Fault

_FRINGE = 1.6
"""So many times as far as the fix is lost, the signal is weak."""
_FRINGE_SIGMA_M = 15.0
"""What a weak signal adds to the drift in each axis, at its worst."""


class JammingPlan(LocalSpell, frozen=True, kw_only=True):
    """Jamming of a scenario; within the radius no receiver has a fix."""

    radius_m: Metres = 800.0

    def jamming(self, start_ms: int) -> Jamming:
        """The jamming of a scenario that starts at ``start_ms``."""
        return Jamming(self.east_m, self.north_m, self.radius_m, *self.span_ms(start_ms))


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

    def __init__(self, jamming: Jamming, city: City | Nation) -> None:
        self._jamming, self._ledger = jamming, Ledger(city)
        self._last: Floats = np.full((2, len(city.bus_ids)), np.nan)
        self._dark: Flags = np.zeros(len(city.bus_ids), np.bool_)

    @property
    def truth(self) -> list[Fault]:
        """Each bus's time without a fix, those that last still as far as they have come."""
        return self._ledger.truth

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
        return replace(
            fixes,
            lon=np.where(drowned & ~np.isnan(lon), lon, fixes.lon),
            lat=np.where(drowned & ~np.isnan(lat), lat, fixes.lat),
            speed_kmh=np.where(drowned, 0.0, fixes.speed_kmh).astype(np.float32),
            heading_deg=np.where(drowned, 0.0, fixes.heading_deg).astype(np.float32),
            satellites=np.where(drowned, 0, fixes.satellites).astype(np.int16),
        )

    def _note(self, lost: Flags, state: State) -> None:
        for bus in np.flatnonzero(self._dark & ~lost).tolist():
            self._ledger.close(bus, "jammed")
        for bus in np.flatnonzero(lost).tolist():
            self._ledger.note_lasting(bus, "jammed", state)
        self._dark = lost
