"""The receiver: what a bus's device makes of where the bus truly is.

Position errors drift as real ones do: a Gauss-Markov process in each axis, slow against the second,
larger between tall buildings, with a little white noise on top.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from fleet.fixes import Fixes
from simulators.drive import State
from simulators.legs import Flags
from simulators.motion import STEP_S
from simulators.plane import CityPlane, Floats

Noise = Literal["city", "open_sky", "canyon", "tunnel"]
NOISES: tuple[Noise, ...] = get_args(Noise)
"""Where the fleet is taken to drive: by its streets as they are, or all of them alike; ``tunnel``: as they
are, with the stretches between tall buildings roofed over."""

DRIFT_TAU_S = 60.0
OPEN_SIGMA_M, CANYON_SIGMA_M = 3.0, 10.0
"""Standard deviation of the drift in each axis, of the noise ``city``; ``open_sky`` has the first
everywhere."""
DEEP_SIGMA_M, DEEP_TAU_S = 25.0, 120.0
"""The noise ``canyon``: tens of metres that last for minutes, everywhere, and a device that does not
report how inaccurate it is."""
WHITE_SIGMA_M = 0.5
SPEED_SIGMA_KMH = 0.5
_HEADING_SIGMA_DEG = 1.5
_PLACE_DIGITS = 6


class Receivers:
    """The devices of a fleet: one row a bus, one drift each."""

    def __init__(self, seed: int, buses: int, plane: CityPlane, noise: Noise = "city") -> None:
        self._rng = np.random.default_rng([seed, 7])
        self._plane = plane
        self._noise = noise
        self._drift = self._rng.normal(0, 1, (2, buses))
        self._canyon = np.zeros(buses)

    def observe(self, state: State, reporting: Flags) -> Fixes:
        """A second's fixes of the buses that report in it; the drift of all goes on."""
        n = len(reporting)
        noise = self._rng.normal(0, 1, (6, n))
        deep = self._noise == "canyon"
        stay = np.exp(-STEP_S / (DEEP_TAU_S if deep else DRIFT_TAU_S))
        self._drift = stay * self._drift + np.sqrt(1 - stay**2) * noise[:2]
        if self._noise in ("city", "tunnel"):
            self._canyon += (state.canyon - self._canyon) * 0.1
        sigma = OPEN_SIGMA_M + (CANYON_SIGMA_M - OPEN_SIGMA_M) * self._canyon
        if deep:
            sigma = np.full(n, DEEP_SIGMA_M)
        if self._noise == "tunnel":
            reporting = reporting & ~state.canyon
        rows = np.flatnonzero(reporting)
        error: Floats = sigma * self._drift + WHITE_SIGMA_M * noise[2:4]
        lon, lat = self._plane.to_degrees((state.x + error[0])[rows], (state.y + error[1])[rows])
        speed = state.speed_ms * 3.6 + SPEED_SIGMA_KMH * noise[4] * (state.speed_ms > 0.1)
        heading = (state.heading_deg + _HEADING_SIGMA_DEG * noise[5] * (state.speed_ms > 0.3)) % 360
        accuracy = 1.4 * sigma * np.exp(0.15 * noise[5])
        return Fixes.of(
            bus=rows.astype(np.int32),
            time_ms=state.time_ms[rows],
            lon=np.round(lon, _PLACE_DIGITS),
            lat=np.round(lat, _PLACE_DIGITS),
            speed_kmh=np.round(np.maximum(speed, 0.0), 1)[rows].astype(np.float32),
            heading_deg=(np.round(heading, 1) % 360)[rows].astype(np.float32),
            accuracy_m=np.where(deep, np.nan, np.round(accuracy, 1))[rows].astype(np.float32),
            satellites=np.round(12 - 6 * self._canyon + noise[4]).clip(4, 20).astype(np.int16)[rows],
        )
