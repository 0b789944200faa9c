"""The plain distance from an approved line."""

import msgspec
import numpy as np

from geofence.distance import off_line_m
from tests.scenes import approval, degrees


def test_it_is_the_way_to_the_nearest_point_of_the_line() -> None:
    lon, lat = degrees([5_000, 5_000, 5_050, -300, 10_400], [0, 120, -75.5, 400, -300])
    assert np.allclose(off_line_m(approval(), lon, lat), [0, 120, 75.5, 500, 500], atol=0.05)


def test_where_the_line_has_a_gap_there_is_no_line() -> None:
    points = [(0.0, 0.0), (1_000.0, 0.0), (2_000.0, 0.0), (3_000.0, 0.0)]
    broken = msgspec.structs.replace(approval(points=points), gaps=(1,))
    lon, lat = degrees([500, 1_500, 2_500], [10, 0, 10])
    assert np.allclose(off_line_m(broken, lon, lat), [10, 500, 10], atol=0.05)


def test_a_place_that_is_none_has_no_distance() -> None:
    assert np.isnan(off_line_m(approval(), np.array([np.nan, 114.3]), np.array([30.6, np.inf]))).all()
    assert off_line_m(approval(), np.empty(0), np.empty(0)).shape == (0,)
