"""The screen: which fixes can be believed, how fast the bus really moved, and which way.

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
from geofence.compiled import CACHE_LINE, TOGETHER, Row, compiled, fetch, new_rows, row_dtype

_TRAIL = 7
"""Good fixes remembered per bus, to measure displacement over."""
_TRAIL_MS = 2_000
"""They lie at least so far apart, so that the trail reaches over ten seconds."""
_HALF_MS = 5_000
"""A speed is derived over two stretches of at least this each."""
_STRAIGHT = 0.7
"""Two stretches of which the whole is shorter than this part of their sum turn back, or round a corner."""
_CLOSE_MS = 12_000
"""A displacement over longer than this says less about the course than a reported heading does."""

_STATE = row_dtype(
    [
        ("last_ms", np.int64),
        ("last_x", np.float64),
        ("last_y", np.float64),
        ("held_ms", np.int64),
        ("held_x", np.float64),
        ("held_y", np.float64),
        ("place_ms", np.int64),
        ("trail_ms", np.int64, (_TRAIL,)),
        ("trail_x", np.float32, (_TRAIL,)),
        ("trail_y", np.float32, (_TRAIL,)),
        ("counted_x", np.float32),
        ("counted_y", np.float32),
        ("frozen_m", np.float32),
        ("newest", np.int16),
        ("kept", np.int16),
        ("seen", np.bool_),
        ("held", np.bool_),
    ]
)
"""``last_``: the last fix that was judged in order; ``place_ms`` the last that was believed, whose
place it is; ``held_``: a far place that waits to be confirmed; ``frozen_m``: metres that the bus has
moved by its reported speed since its place last changed; ``counted_``: up to where the way driven is
counted. What is measured from, and not compared with, is single precision: a centimetre at 100 km, and three
cache lines in place of four."""

_STATE_BYTES = _STATE.itemsize
_LATE, _DUPLICATE = int(Quality.LATE), int(Quality.DUPLICATE)
_JUMP, _FROZEN = int(Quality.JUMP), int(Quality.FROZEN)
_NO_FIX, _FROM_FUTURE = int(Quality.NO_FIX), int(Quality.FROM_FUTURE)
_CONTRADICTED = int(Quality.SPEED_CONTRADICTED)

_UNKNOWN_COURSE = (0.0, 0.0)


class Screened(NamedTuple):
    """What the screen says of each fix, shape (n,)."""

    quality: NDArray[np.int16]
    """Bits of ``Quality``."""
    speed_kmh: NDArray[np.float64]
    """The speed to judge by: as reported, or from the displacement where none was reported or it
    cannot be; NaN where neither can be trusted."""
    reported: NDArray[np.bool_]
    """Whether that speed is the reported one."""
    course_x: NDArray[np.float64]
    """East part of the course over ground, a vector of length 1 in the plane; (0, 0) where the bus
    stands or the course is not known."""
    course_y: NDArray[np.float64]
    moved_m: NDArray[np.float32]
    """Metres driven that this fix adds: 0 until they are more than drift, then all since they last were
    added, on a straight line; 0 for a fix that is not believed."""


class Screen:
    """The memory of the screen: one row a bus."""

    def __init__(self, buses: int, parameters: ScreenParameters) -> None:
        self._state = new_rows(buses, _STATE)
        self._parameters = parameters
        self.counts = np.zeros((buses, len(Quality)), np.int64)
        """Fixes of each bus so far by mark, in the order of the bits of ``Quality``."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self._state.nbytes + self.counts.nbytes

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Forget the buses in ``rows``, as if they had never reported."""
        self._state[rows] = np.zeros((), _STATE)

    def screen(
        self,
        fixes: Fixes,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        received_ms: NDArray[np.int64],
    ) -> Screened:
        """Judge fixes in the order given; ``x``, ``y`` are their places in metres. Shapes (n,).

        A fix older than the last one of its bus is ``LATE``, one of the same moment a ``DUPLICATE``.
        """
        n = len(fixes)
        out = Screened(
            np.zeros(n, np.int16), np.full(n, np.nan), np.zeros(n, np.bool_), np.zeros(n), np.zeros(n),
            np.zeros(n, np.float32),
        )  # fmt: skip
        _screen(
            self._state, self.counts, self._parameters, received_ms,
            fixes.bus, fixes.time_ms, fixes.lon, fixes.lat,
            fixes.speed_kmh, fixes.heading_deg, fixes.accuracy_m, fixes.satellites, x, y, out,
        )  # fmt: skip
        return out


@compiled
def _screen(
    state: NDArray[np.void],
    counts: NDArray[np.int64],
    p: ScreenParameters,
    received_ms: NDArray[np.int64],
    bus: NDArray[np.int32],
    time_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    reported_kmh: NDArray[np.float32],
    heading_deg: NDArray[np.float32],
    accuracy_m: NDArray[np.float32],
    satellites: NDArray[np.int16],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    out: Screened,
) -> None:
    for i in range(len(bus)):
        if i % TOGETHER == 0:
            for b in bus[i : i + TOGETHER]:
                for offset in range(0, _STATE_BYTES, CACHE_LINE):
                    fetch(state, b, offset)
        s = state[bus[i]]
        t = time_ms[i]
        if _is_no_place(lon[i], lat[i], satellites[i]):
            mark = _NO_FIX
        elif t > received_ms[i] + p.future_ms:
            mark = _FROM_FUTURE
        else:
            mark = _place_mark(s, t, x[i], y[i], float(reported_kmh[i]), p)
        if mark == 0:
            mark = _take(s, t, x[i], y[i], float(reported_kmh[i]), heading_deg[i], accuracy_m[i], p, i, out)
        if mark != 0:
            out.quality[i] = mark
            for bit in range(counts.shape[1]):
                counts[bus[i], bit] += (mark >> bit) & 1


@compiled
def _is_no_place(lon: float, lat: float, satellites: int) -> bool:
    """Whether a report names no place on Earth, or says that the receiver had no satellite."""
    on_earth = abs(lon) <= 180.0 and abs(lat) < 90.0
    return not on_earth or (lon == 0.0 and lat == 0.0) or satellites == 0


@compiled
def _place_mark(s: Row, t: int, x: float, y: float, reported_kmh: float, p: ScreenParameters) -> int:
    """What is wrong with when and where a fix is, 0 for nothing; remembers that it was judged."""
    if not s.seen:
        return 0
    if t <= s.last_ms:
        return _DUPLICATE if t == s.last_ms else _LATE
    elapsed_ms = t - s.last_ms
    s.last_ms = t
    if x == s.last_x and y == s.last_y:
        if reported_kmh <= 3.6 * p.top_speed_ms:
            s.frozen_m += reported_kmh / 3.6 * min(elapsed_ms, p.forget_ms) / 1000.0
        return _FROZEN if s.frozen_m > p.frozen_m else 0
    s.frozen_m = 0.0
    if not _is_jump(t - s.place_ms, x - s.last_x, y - s.last_y, p):
        return 0
    confirmed = s.held and not _is_jump(t - s.held_ms, x - s.held_x, y - s.held_y, p)
    if confirmed:
        s.kept = 0
        return 0
    s.held = True
    s.held_ms = t
    s.held_x = x
    s.held_y = y
    return _JUMP


@compiled
def _take(
    s: Row,
    t: int,
    x: float,
    y: float,
    reported_kmh: float,
    heading_deg: float,
    accuracy_m: float,
    p: ScreenParameters,
    i: int,
    out: Screened,
) -> int:
    """Take a believed fix: its speed, its course, its place in the trail. Returns its mark."""
    mark = 0
    derived_kmh, over_s = _displacement(s, t, x, y, p)
    known = 0.0 <= reported_kmh <= 3.6 * p.top_speed_ms
    if (
        known
        and over_s > 0.0
        and reported_kmh - derived_kmh > 3.6 * (p.drift_m / over_s + p.acceleration_ms2 * over_s / 2.0)
    ):
        known = False
    if known:
        out.speed_kmh[i] = reported_kmh
        out.reported[i] = True
    else:
        out.speed_kmh[i] = _derived_speed(s, t, x, y, accuracy_m, p)
        if not math.isnan(reported_kmh):
            mark = _CONTRADICTED
    out.course_x[i], out.course_y[i] = _course(
        s, t, x, y, reported_kmh if known else math.nan, heading_deg, p
    )
    out.moved_m[i] = _moved(s, x, y, reported_kmh if known else math.nan, accuracy_m, p)
    s.seen = True
    s.held = False
    s.last_ms = t
    s.place_ms = t
    s.last_x = x
    s.last_y = y
    if s.kept == 0 or t - s.trail_ms[s.newest] >= _TRAIL_MS:
        s.newest = (s.newest + 1) % _TRAIL
        s.kept = min(s.kept + 1, _TRAIL)
        s.trail_ms[s.newest] = t
        s.trail_x[s.newest] = x
        s.trail_y[s.newest] = y
    return mark


@compiled
def _is_jump(elapsed_ms: int, dx: float, dy: float, p: ScreenParameters) -> bool:
    """Whether no bus can have moved by (dx, dy) metres in that time."""
    reach = p.top_speed_ms * elapsed_ms / 1000.0 + p.jump_slack_m
    return dx * dx + dy * dy > reach * reach


@compiled
def _moved(s: Row, x: float, y: float, speed_kmh: float, accuracy_m: float, p: ScreenParameters) -> float:
    """Metres driven since some were last counted, 0 while that may be drift."""
    moved = 0.0
    if s.seen:
        moved = math.hypot(x - s.counted_x, y - s.counted_y)
        least = p.moved_standing_m if speed_kmh < 3.6 * p.course_ms2 else p.moved_m
        if accuracy_m > 0.0:
            least = max(least, p.moved_accuracies * accuracy_m)
        if moved < least:
            return 0.0
    s.counted_x = x
    s.counted_y = y
    return moved


@compiled
def _displacement(s: Row, t: int, x: float, y: float, p: ScreenParameters) -> tuple[float, float]:
    """Speed in km/h since the youngest remembered place that is ``baseline_ms`` old, and over how
    many seconds; (NaN, 0) when there is none.
    """
    k = _remembered(s, t - p.baseline_ms)
    if k < 0 or t - s.trail_ms[k] > p.forget_ms:
        return math.nan, 0.0
    over_s = (t - s.trail_ms[k]) / 1000.0
    return 3.6 * math.hypot(x - s.trail_x[k], y - s.trail_y[k]) / over_s, over_s


@compiled
def _derived_speed(s: Row, t: int, x: float, y: float, accuracy_m: float, p: ScreenParameters) -> float:
    """A speed in km/h that the bus surely had, from where it was; NaN when it can't be told.

    The way driven, less what drift may add to it. Where fixes are dense the lower of the last two
    stretches counts: a receiver that steps from one side of the street to the other would falsify the
    speed of several fixes, but one stretch only. Where each fix has a stretch of its own, that is
    enough, but for a place that the bus has come back from faster than a bus turns round.
    """
    k = _remembered(s, t - _HALF_MS)
    if k < 0 or t - s.trail_ms[k] > p.forget_ms:
        return math.nan
    sparse = s.trail_ms[k] == s.place_ms
    j = _remembered(s, s.trail_ms[k] - (1 if sparse else _HALF_MS))
    if j < 0 or t - s.trail_ms[j] > p.forget_ms:
        return math.nan
    drift = p.drift_m * max(1.0, accuracy_m / 15.0) if accuracy_m > 0.0 else p.drift_m
    late_m = math.hypot(x - s.trail_x[k], y - s.trail_y[k])
    early_m = math.hypot(s.trail_x[k] - s.trail_x[j], s.trail_y[k] - s.trail_y[j])
    late = (late_m - drift) / (t - s.trail_ms[k])
    if sparse:
        whole_m = math.hypot(x - s.trail_x[j], y - s.trail_y[j])
        other = (whole_m - drift) / (t - s.trail_ms[j])
        speed = late if whole_m >= _STRAIGHT * (late_m + early_m) else min(late, other)
    else:
        speed = min(late, (early_m - drift) / (s.trail_ms[k] - s.trail_ms[j]))
    return 3_600.0 * max(speed, 0.0)


@compiled
def _course(
    s: Row, t: int, x: float, y: float, speed_kmh: float, heading_deg: float, p: ScreenParameters
) -> tuple[float, float]:
    """The course over ground as a vector of length 1 in the plane; (0, 0) when it can't be told.

    A reported heading counts above walking pace, unless the way driven in the last seconds says
    otherwise: there are devices that report 0 for ever. A bus that says it stands has no course.
    """
    if speed_kmh < 3.6 * p.course_ms2:
        return _UNKNOWN_COURSE
    dx, dy, moved = 0.0, 0.0, 0.0
    close = False
    for back in range(s.kept):
        k = (s.newest - back) % _TRAIL
        if t - s.trail_ms[k] > p.forget_ms:
            break
        dx, dy = x - s.trail_x[k], y - s.trail_y[k]
        moved = math.hypot(dx, dy)
        close = t - s.trail_ms[k] <= _CLOSE_MS
        if moved >= p.course_m or not close:
            break
    told = moved >= p.course_m
    if told:
        dx, dy = dx / moved, dy / moved
    if speed_kmh >= 3.6 * p.course_ms2 and 0.0 <= heading_deg <= 360.0:
        angle = math.radians(heading_deg)
        hx, hy = math.sin(angle), math.cos(angle)
        if not told or hx * dx + hy * dy > (0.5 if close else -0.5):
            return hx, hy
    if told:
        return dx, dy
    return _UNKNOWN_COURSE


@compiled
def _remembered(s: Row, at_ms: int) -> int:
    """Row of the youngest remembered place at or before a moment; -1 when there is none."""
    for back in range(s.kept):
        k = (s.newest - back) % _TRAIL
        if s.trail_ms[k] <= at_ms:
            return k
    return -1
