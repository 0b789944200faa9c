"""The short way in: arrays and GeoJSON of a simulated fleet."""

from __future__ import annotations

import json

import pytest
from shapely.geometry import shape

from fleet.errors import BadInput
from simulators import Fleet, Scenario
from simulators.truth import HARMLESS
from tests.simulators.conftest import NOON_MS


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet("calm", buses=12, seed=3, start="2026-09-08T07:15:00+08:00")


def test_it_drives_on_from_where_it_was(fleet: Fleet) -> None:
    first, then = fleet.drive(10), fleet.drive(10)
    assert 0 < len(first) <= 12 * 10
    assert then.time_ms.min() >= first.time_ms.max() - 1_000
    assert {fault.rule for fault in fleet.truth} <= set(HARMLESS)
    assert len(fleet.bus_ids) == 12


def test_points_and_tracks_are_geojson_in_degrees(fleet: Fleet) -> None:
    fixes = fleet.drive(30)
    points, tracks = (json.loads(json.dumps(found)) for found in (fleet.points(fixes), fleet.tracks(fixes)))
    assert len(points["features"]) == len(fixes)
    assert {f["geometry"]["type"] for f in tracks["features"]} == {"LineString"}
    assert sum(f["properties"]["fixes"] for f in tracks["features"]) == len(fixes)
    for feature in points["features"][:50]:
        lon, lat = feature["geometry"]["coordinates"]
        assert 113.9 < lon < 114.7
        assert 30.2 < lat < 31.0
        assert set(feature["properties"]) == {
            "bus", "time", "speed_kmh", "heading", "accuracy_m", "satellites",
        }  # fmt: skip


def test_routes_are_the_approved_lines(fleet: Fleet) -> None:
    routes = fleet.routes()["features"]
    assert len(routes) == len(fleet.registry.approvals)
    assert all(shape(route["geometry"]).length > 0 for route in routes)


def test_a_scenario_of_ones_own_is_taken_as_it_is() -> None:
    scenario = Scenario(NOON_MS, seed=4, buses=5, history_s=0)
    assert Fleet(scenario).scenario is scenario
    with pytest.raises(BadInput, match="is no scenario"):
        Fleet("nonsense")
