"""The lie of a city: what crosses its river, what runs beside what; the same in every city."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from simulators.ground import grow
from simulators.roads import Road
from simulators.streets import Land, lay_land, lay_roads

RADIUS_M = 12_500.0
SMALL_M = 5_200.0


@pytest.fixture(scope="module")
def land_and_roads() -> tuple[Land, list[Road]]:
    rng = np.random.default_rng([1, 1])
    land = lay_land(RADIUS_M, rng)
    return land, lay_roads(land, rng)


def test_only_bridges_of_great_roads_and_one_tunnel_cross_the_river(
    land_and_roads: tuple[Land, list[Road]],
) -> None:
    land, roads = land_and_roads
    water = shapely.buffer(land.river, -50.0)
    crossing = [road for road in roads if shapely.LineString(road.line).intersects(water)]

    assert {(road.kind, road.limit_kmh) for road in crossing} <= {
        ("ring", 60.0), ("motorway", 80.0), ("arterial", 60.0),
    }  # fmt: skip
    assert 5 <= len(crossing) <= 20
    assert [road.sky for road in crossing].count("tunnel") == 1


def test_one_way_streets_come_in_pairs_driven_on_the_right(land_and_roads: tuple[Land, list[Road]]) -> None:
    """On the left of each, a block away, another of its name goes the other way."""
    oneway = [road for road in land_and_roads[1] if road.oneway]
    beside = 0
    for road in oneway:
        (x0, y0), (x1, y1) = road.line[len(road.line) // 2 :][:2].tolist()
        left = np.array([y0 - y1, x1 - x0]) / np.hypot(x1 - x0, y1 - y0)
        across = shapely.LineString([(x0, y0), np.array([x0, y0]) + 160.0 * left])
        beside += any(
            other.name == road.name
            and across.intersects(shapely.LineString(other.line))
            and np.dot(road.line[-1] - road.line[0], other.line[-1] - other.line[0]) < 0
            for other in oneway
            if other is not road
        )
    assert len(oneway) >= 8
    assert beside == len(oneway)


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_city_has_its_tunnel_its_hairpin_road_and_its_one_way_streets(seed: int) -> None:
    network = grow(SMALL_M, np.random.default_rng([seed, 1])).network

    assert sum(edge.sky == "tunnel" for edge in network.edges) == 1
    assert sum(edge.reason == "hazard" for edge in network.edges) == 1
    assert sum(edge.oneway for edge in network.edges) > 20
    assert len(network.search(0)[0]) == len(network.search(0, towards=True)[0]) == len(network.nodes)
