"""The screen: which fixes can be believed, and how fast the bus really moved.

A fix far from the last one is either drift or a real move after a gap. Only the next fix tells:
one that agrees with the far place confirms it, one back at the old place denies it. So a far fix
is marked ``JUMP`` and held as a candidate; it never opens or closes an episode itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet.fixes import Fixes
from fleet.parameters import ScreenParameters
from fleet.quality import Quality
from geofence.compiled import Row, compiled

_TRAIL = 4
"""Good fixes remembered per bus, to measure displacement over."""

_STATE = np.dtype(
    [
        ("seen", np.bool_),
        ("last_ms", np.int64),
        ("held", np.bool_),
        ("held_ms", np.int64),
        ("held_x", np.float64),
        ("held_y", np.float64),
        ("newest", np.int64),
        ("kept", np.int64),
        ("trail_ms", np.int64, (_TRAIL,)),
        ("trail_x", np.float64, (_TRAIL,)),
        ("trail_y", np.float64, (_TRAIL,)),
    ]
)

_LATE = int(Quality.LATE)
_JUMP = int(Quality.JUMP)
_CONTRADICTED = int(Quality.SPEED_CONTRADICTED)


class Screened(NamedTuple):
    """What the screen says of each fix, shape (n,)."""

    quality: NDArray[np.int16]
    """Bits of ``Quality``."""
    speed_kmh: NDArray[np.float64]
    """The speed to judge by: as reported, or from the displacement where none was reported;
    NaN where neither can be trusted."""


class Screen:
    """The memory of the screen: one row a bus."""

    def __init__(self, buses: int, parameters: ScreenParameters) -> None:
        self._state = np.zeros(buses, _STATE)
        self._parameters = parameters

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Forget the buses in ``rows``, as if they had never reported."""
        self._state[rows] = np.zeros((), _STATE)

    def screen(self, fixes: Fixes, x: NDArray[np.float64], y: NDArray[np.float64]) -> Screened:
        """Judge fixes in the order given; ``x``, ``y`` are their places in metres.

        Order is the order of arrival: a fix not younger than the last one of its bus is ``LATE``.
        """
        n = len(fixes)
        out = Screened(np.zeros(n, np.int16), np.full(n, np.nan))
        _screen(
            self._state,
            self._parameters,
            fixes.bus,
            fixes.time_ms,
            x,
            y,
            fixes.speed_kmh,
            out.quality,
            out.speed_kmh,
        )
        return out


@compiled
def _screen(
    state: NDArray[np.void],
    p: ScreenParameters,
    bus: NDArray[np.int32],
    time_ms: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    reported_kmh: NDArray[np.float32],
    quality: NDArray[np.int16],
    speed_kmh: NDArray[np.float64],
) -> None:
    for i in range(len(bus)):
        s = state[bus[i]]
        t = time_ms[i]
        if s.seen and t <= s.last_ms:
            quality[i] = _LATE
            continue
        if s.seen and _is_jump(
            t - s.trail_ms[s.newest], x[i] - s.trail_x[s.newest], y[i] - s.trail_y[s.newest], p
        ):
            confirmed = s.held and not _is_jump(t - s.held_ms, x[i] - s.held_x, y[i] - s.held_y, p)
            s.last_ms = t
            s.held = not confirmed
            s.held_ms = t
            s.held_x = x[i]
            s.held_y = y[i]
            if not confirmed:
                quality[i] = _JUMP
                continue
            s.kept = 0
        s.seen = True
        s.held = False
        s.last_ms = t
        derived_kmh, over_s = _displacement(s, t, x[i], y[i], p)
        reported = float(reported_kmh[i])
        if math.isnan(reported):
            speed_kmh[i] = derived_kmh
        elif over_s > 0.0 and reported - derived_kmh > 3.6 * (
            p.drift_m / over_s + p.acceleration_ms2 * over_s / 2.0
        ):
            quality[i] = _CONTRADICTED
        else:
            speed_kmh[i] = reported
        s.newest = (s.newest + 1) % _TRAIL
        s.kept = min(s.kept + 1, _TRAIL)
        s.trail_ms[s.newest] = t
        s.trail_x[s.newest] = x[i]
        s.trail_y[s.newest] = y[i]


@compiled
def _is_jump(elapsed_ms: int, dx: float, dy: float, p: ScreenParameters) -> bool:
    """Whether no bus can have moved by (dx, dy) metres in that time."""
    return math.hypot(dx, dy) > p.top_speed_ms * elapsed_ms / 1000.0 + p.jump_slack_m


@compiled
def _displacement(s: Row, t: int, x: float, y: float, p: ScreenParameters) -> tuple[float, float]:
    """Speed in km/h since the youngest remembered place that is ``baseline_ms`` old, and over how
    many seconds; (NaN, 0) when there is none.
    """
    for back in range(s.kept):
        k = (s.newest - back) % _TRAIL
        elapsed = t - s.trail_ms[k]
        if elapsed > p.forget_ms:
            break
        if elapsed >= p.baseline_ms:
            over_s = elapsed / 1000.0
            return 3.6 * math.hypot(x - s.trail_x[k], y - s.trail_y[k]) / over_s, over_s
    return math.nan, 0.0
