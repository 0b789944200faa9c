"""Who was in a circle or a polygon, and when."""

import numpy as np
import pytest

from geofence.presence import APART_MS, Circle, Polygon, Visit, visits
from tests.scenes import degrees


def test_a_circle_holds_what_lies_within_its_radius() -> None:
    lon, lat = degrees([0, 99, 101, 0], [0, 0, 0, -101])
    circle = Circle(114.3, 30.6, 100)
    assert circle.holds(lon, lat).tolist() == [True, True, False, False]
    west, south, east, north = circle.box
    edge_lon, edge_lat = degrees([-100, 100, 0, 0], [0, 0, -100, 100])
    assert west <= edge_lon.min() <= edge_lon.max() <= east
    assert south <= edge_lat.min() <= edge_lat.max() <= north
    assert east - west == pytest.approx(edge_lon.max() - edge_lon.min(), rel=0.01)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_polygon_holds_what_lies_inside_whichever_way_it_is_drawn(turn: int) -> None:
    lon, lat = degrees([0, 200, 200, 0], [0, 0, 200, 200])
    polygon = Polygon(list(zip(lon.tolist(), lat.tolist(), strict=True))[::turn])
    inside = degrees([100, 300], [100, 100])
    assert polygon.holds(*inside).tolist() == [True, False]
    assert polygon.box == pytest.approx((lon.min(), lat.min(), lon.max(), lat.max()))


def test_visits_are_by_bus_and_end_where_the_fixes_lie_far_apart() -> None:
    times = np.array([0, 1_000, 2_000 + APART_MS, 5_000, 6_000], np.int64)
    inside = np.array([True, True, True, False, True])
    assert visits(["B1", "B1", "B1", "B2", "B2"], times, inside) == [
        Visit("B1", 0, 1_000, 2),
        Visit("B1", 2_000 + APART_MS, 2_000 + APART_MS, 1),
        Visit("B2", 6_000, 6_000, 1),
    ]


def test_nobody_was_where_there_is_no_fix() -> None:
    assert visits([], np.empty(0, np.int64), np.empty(0, np.bool_)) == []
