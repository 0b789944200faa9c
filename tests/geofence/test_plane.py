"""The metric plane."""

import numpy as np
import pyproj
import pytest

from geofence.plane import Plane


def test_distances_in_the_plane_agree_with_the_geodesic_within_one_in_ten_thousand() -> None:
    plane = Plane(114.3, 30.6)
    rng = np.random.default_rng(1)
    lon, lat = 114.3 + rng.uniform(-0.5, 0.5, 200), 30.6 + rng.uniform(-0.5, 0.5, 200)
    _, _, geodesic = pyproj.Geod(ellps="WGS84").inv(lon[:100], lat[:100], lon[100:], lat[100:])
    x, y = plane.to_metres(lon, lat)
    flat = np.hypot(x[:100] - x[100:], y[:100] - y[100:])
    assert np.abs(flat / geodesic - 1).max() < 1e-4


def test_degrees_come_back_from_metres() -> None:
    plane = Plane.around(np.array([114.0, 114.6]), np.array([30.4, 30.8]))
    assert plane.centre == pytest.approx((114.3, 30.6))
    lon, lat = np.array([114.1, 114.55]), np.array([30.45, 30.7])
    back = plane.to_degrees(*plane.to_metres(lon, lat))
    np.testing.assert_allclose(back, (lon, lat), atol=1e-9)
