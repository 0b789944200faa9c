"""Small scenes for the tests: a straight approved route of 10 km, one bus, and tracks along it.

Places are metres in a plane with the route on the x axis, from 0 to 10,000, turned into degrees near
114.3 E, 30.6 N.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alerts.episodes import Alert
from alerts.offline import find_episodes
from fleet.clock import parse_time
from fleet.fixes import Fixes
from fleet.registry import Approval, Assignment, Bus, Driver, LimitStretch, Registry, Stop
from geofence.plane import Plane

PLANE = Plane(114.3, 30.6)
DAY = dt.date(2026, 9, 1)
START_MS = parse_time("2026-09-01T07:00:00+08:00")
"""The trip's window opens, a Tuesday."""
NOW_MS = START_MS + 4 * 3_600_000
"""Late enough that no fix of a scene is from the future."""
LENGTH_M = 10_000.0

Metres = Sequence[float] | NDArray[np.float64]


def degrees(x: Metres, y: Metres) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return PLANE.to_degrees(np.asarray(x, float), np.asarray(y, float))


def line(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """An approved line through points in metres."""
    lon, lat = degrees([p[0] for p in points], [p[1] for p in points])
    return tuple(zip(lon.tolist(), lat.tolist(), strict=True))


STRAIGHT = tuple((x, 0.0) for x in np.linspace(0, LENGTH_M, 101).tolist())


def approval(
    route: str = "R1",
    points: Sequence[tuple[float, float]] = STRAIGHT,
    limits: Sequence[LimitStretch] = (),
    corridor_m: float = 50.0,
    version: int = 1,
    valid_from: dt.date = dt.date(2026, 1, 1),
    valid_to: dt.date = dt.date(2026, 12, 31),
) -> Approval:
    length = float(np.hypot(*np.diff(np.array(points), axis=0).T).sum())
    ways = line(points)
    return Approval(
        approval_id=f"{route}.{version}",
        route_id=route,
        version=version,
        number=f"校准字{version}号",
        name="一号线",
        school="实验小学",
        direction="to_school",
        line=ways,
        corridor_m=corridor_m,
        stops=(Stop("起点", *ways[0], 0.0), Stop("学校", *ways[-1], length)),
        limits=tuple(limits),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def bus(bus_id: str = "B1", **changes: object) -> Bus:
    values = {
        "bus_id": bus_id,
        "plate": "鄂A·X0001",
        "sign_number": "S1",
        "sign_expires": dt.date(2026, 12, 31),
        "inspection_expires": dt.date(2026, 12, 31),
        "operator": "阳光校车",
        "school": "实验小学",
        "seats": 40,
        "depot": (114.2, 30.6),
    }
    return Bus(**{**values, **changes})  # type: ignore[arg-type]


def registry(*approvals: Approval, buses: int = 1) -> Registry:
    """``buses`` buses B1, B2, …, all assigned to the first route from 07:00 to 09:00 every day."""
    routes = approvals or (approval(),)
    return Registry(
        buses=tuple(bus(f"B{n + 1}") for n in range(buses)),
        drivers=(Driver("D1", "王师傅", "13800000000", dt.date(2026, 12, 31)),),
        approvals=routes,
        assignments=tuple(
            Assignment(
                f"A{n + 1}",
                f"B{n + 1}",
                "D1",
                routes[0].route_id,
                (1, 2, 3, 4, 5, 6, 7),
                dt.time(7),
                dt.time(9),
            )
            for n in range(buses)
        ),
        city="测试市",
        version="scene",
    )


def track(
    x: Sequence[float] | np.ndarray,
    y: Sequence[float] | np.ndarray | float = 0.0,
    *,
    every_s: float = 1.0,
    start_s: float = 0.0,
    speed_kmh: Sequence[float] | np.ndarray | float | None = None,
    accuracy_m: float = 5.0,
    row: int = 0,
) -> Fixes:
    """Fixes of one bus, one ``every_s`` seconds, ``start_s`` after the window opened. The speed is
    taken from the places when it is not given; NaN says that none was reported."""
    xs = np.asarray(x, float)
    ys = np.broadcast_to(np.asarray(y, float), xs.shape)
    n = len(xs)
    if speed_kmh is None:
        moved = np.hypot(np.diff(xs), np.diff(ys)) / every_s * 3.6
        speed_kmh = np.r_[moved[:1], moved] if n > 1 else np.zeros(n)
    lon, lat = degrees(xs, ys)
    return Fixes.of(
        bus=np.full(n, row),
        time_ms=START_MS + np.round((start_s + np.arange(n) * every_s) * 1_000).astype(np.int64),
        lon=lon,
        lat=lat,
        speed_kmh=np.broadcast_to(np.asarray(speed_kmh, float), (n,)),
        accuracy_m=np.full(n, accuracy_m),
    )


def drive(from_m: float, to_m: float, kmh: float, every_s: float = 1.0) -> np.ndarray:
    """Chainages of a drive at constant speed, one ``every_s`` seconds."""
    return np.arange(from_m, to_m, kmh / 3.6 * every_s)


def found(fixes: Fixes, record: Registry | None = None, **more: object) -> list[Alert]:
    """What the detector finds, of one bus on its route where no record is given."""
    return find_episodes(fixes, record or registry(), **more)  # type: ignore[arg-type]


def rules(alerts: Sequence[Alert]) -> list[str]:
    """The rules of alerts, in their order."""
    return [alert.rule for alert in alerts]
