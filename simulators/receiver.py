"""The receiver: what a bus's device makes of where the bus truly is. In a tunnel it makes nothing.

Position errors drift as real ones do: a Gauss-Markov process in each axis, slow against the second,
larger between tall buildings and while a receiver that was switched off finds its satellites, with a little
white noise on top.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS, SECOND_MS
from fleet.fixes import Fixes
from simulators.drive import Activity, State
from simulators.jamming import Jamming
from simulators.legs import Flags
from simulators.plane import Floats, Sites

Noise = Literal["city", "open_sky", "canyon", "tunnel"]
NOISES: tuple[Noise, ...] = get_args(Noise)
"""Where the fleet is taken to drive: by its streets as they are, or all of them alike; ``tunnel``: as they
are, with the stretches between tall buildings roofed over."""

DRIFT_TAU_S = 240.0
OPEN_SIGMA_M, CANYON_SIGMA_M = 3.0, 10.0
"""Standard deviation of the drift in each axis, of the noise ``city``; ``open_sky`` has the first
everywhere."""
DEEP_SIGMA_M, DEEP_TAU_S = 25.0, 120.0
"""The noise ``canyon``: tens of metres that last for minutes, everywhere, and a device that does not
report how inaccurate it is."""
COLD_SIGMA_M, COLD_TAU_S = 30.0, 20.0
"""What a cold start adds to the drift in each axis, and how soon it is over: a receiver that was off for
``_COLD_AFTER_MS`` knows neither its place nor its satellites."""
_COLD_AFTER_MS = 30 * MINUTE_MS
WHITE_SIGMA_M = 0.1
SPEED_SIGMA_KMH = 0.5
_HEADING_SIGMA_DEG = 1.5
_PLACE_DIGITS, _COARSE_PLACE_DIGITS = 6, 5
_CANYON_TAU_S = 9.5
"""So soon the sky of a street is that of the receiver."""


class Receivers:
    """The devices of a fleet: one row a bus, one drift each."""

    def __init__(
        self,
        seed: int,
        buses: int,
        sites: Sites,
        noise: Noise = "city",
        *,
        jamming: Jamming | None = None,
        coarse: float = 0.0,
    ) -> None:
        """``coarse`` is the part of the devices that round places to 5 digits, speeds and courses to none."""
        self._jamming = jamming
        self._coarse: Flags = np.random.default_rng([seed, 14]).random(buses) < coarse
        self._rng = np.random.default_rng([seed, 7])
        self._sites = sites
        self._noise = noise
        self._last_ms = np.full(buses, -_COLD_AFTER_MS)
        self._drift = np.zeros((2, buses))
        self._canyon = np.zeros(buses)
        self._off: Flags = np.zeros(buses, np.bool_)
        self._off_since_ms = np.zeros(buses, np.int64)
        self._on_since_ms = np.full(buses, -_COLD_AFTER_MS)

    def observe(self, state: State, reporting: Flags) -> Fixes:
        """A second's fixes of the buses that report in it."""
        self._switch(state)
        reporting = reporting & ~state.tunnel
        if self._noise == "tunnel":
            reporting = reporting & ~state.canyon
        rows = np.flatnonzero(reporting)
        noise = self._rng.normal(0, 1, (6, len(rows)))
        since_s = (state.time_ms[rows] - self._last_ms[rows]) / SECOND_MS
        self._last_ms[rows] = state.time_ms[rows]
        deep = self._noise == "canyon"
        stay = np.exp(-since_s / (DEEP_TAU_S if deep else DRIFT_TAU_S))
        self._drift[:, rows] = stay * self._drift[:, rows] + np.sqrt(1 - stay**2) * noise[:2]
        sigma, narrow = self._sigma_m(state, rows, since_s)
        if self._jamming is not None:
            sigma = sigma + self._jamming.extra_sigma_m(state, rows)
        error: Floats = sigma * self._drift[:, rows] + WHITE_SIGMA_M * noise[2:4]
        lon, lat = self._sites.to_degrees(rows, state.x[rows] + error[0], state.y[rows] + error[1])
        true_ms = state.speed_ms[rows]
        speed = true_ms * 3.6 + SPEED_SIGMA_KMH * noise[4] * (true_ms > 0.1)
        heading = (state.heading_deg[rows] + _HEADING_SIGMA_DEG * noise[5] * (true_ms > 0.3)) % 360
        accuracy = 1.4 * sigma * np.exp(0.15 * noise[5])
        speed = np.maximum(speed, 0.0)
        coarse = self._coarse[rows]
        return Fixes.of(
            bus=rows.astype(np.int32),
            time_ms=state.time_ms[rows],
            lon=_rounded(lon, _PLACE_DIGITS, coarse, _COARSE_PLACE_DIGITS),
            lat=_rounded(lat, _PLACE_DIGITS, coarse, _COARSE_PLACE_DIGITS),
            speed_kmh=_rounded(speed, 1, coarse, 0).astype(np.float32),
            heading_deg=(_rounded(heading, 1, coarse, 0) % 360).astype(np.float32),
            accuracy_m=np.where(deep, np.nan, np.round(accuracy, 1)).astype(np.float32),
            satellites=np.round(12 - 6 * narrow + noise[4]).clip(4, 20).astype(np.int16),
        )

    def _switch(self, state: State) -> None:
        """Devices are switched off and on with their buses: remember when."""
        off = state.activity == Activity.PARKED
        turned = np.flatnonzero(off != self._off)
        now_ms = state.time_ms[turned]
        cold = turned[~off[turned] & (now_ms - self._off_since_ms[turned] > _COLD_AFTER_MS)]
        self._on_since_ms[cold] = state.time_ms[cold]
        self._off_since_ms[turned] = now_ms
        self._off = off

    def _sigma_m(self, state: State, rows: NDArray[np.intp], since_s: Floats) -> tuple[Floats, Floats]:
        """Standard deviation of the drift in each axis, and how narrow the sky is, 0 to 1; shape (rows,)."""
        if self._noise == "canyon":
            return np.full(len(rows), DEEP_SIGMA_M), np.zeros(len(rows))
        if self._noise == "open_sky":
            return np.full(len(rows), OPEN_SIGMA_M), np.zeros(len(rows))
        came = 1 - np.exp(-since_s / _CANYON_TAU_S)
        self._canyon[rows] += (state.canyon[rows] - self._canyon[rows]) * came
        narrow = self._canyon[rows]
        on_s = (state.time_ms[rows] - self._on_since_ms[rows]) / SECOND_MS
        cold = np.exp(-on_s / COLD_TAU_S)
        sigma = OPEN_SIGMA_M + (CANYON_SIGMA_M - OPEN_SIGMA_M) * narrow + COLD_SIGMA_M * cold
        return sigma, np.maximum(narrow, cold)


def _rounded(values: Floats, digits: int, coarse: Flags, coarse_digits: int) -> Floats:
    """``values`` as devices report them, shape (n,): to fewer digits by those that are ``coarse``."""
    rounded = np.round(values, digits)
    rounded[coarse] = np.round(values[coarse], coarse_digits)
    return rounded
