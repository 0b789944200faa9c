"""The city: connected, registered without contradiction, the same from the same seed."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import shapely

from fleet.errors import BadSetting
from fleet.registry import Registry, check_registry, decode_registry, encode_registry
from simulators import names
from simulators.city import City
from simulators.roads import Way
from simulators.routes import CORRIDOR_M


@pytest.fixture(scope="module")
def city() -> City:
    return City(seed=7, buses=60)


@pytest.fixture(scope="module")
def whole() -> City:
    return City()


@pytest.mark.parametrize("grown", ["city", "whole"])
def test_every_place_can_be_driven_to_from_every_other(grown: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(grown).network

    assert len(network.search(0)[0]) == len(network.nodes)
    assert len(network.search(0, towards=True)[0]) == len(network.nodes)


def test_no_road_is_a_dead_end(city: City) -> None:
    assert min(len(edges) for edges in city.network.meeting) >= 2


def test_edges_begin_and_end_in_their_nodes(city: City) -> None:
    for edge in city.network.edges:
        np.testing.assert_allclose(edge.line[0], city.network.nodes[edge.a], atol=1e-6)
        np.testing.assert_allclose(edge.line[-1], city.network.nodes[edge.b], atol=1e-6)


def test_the_registry_has_no_contradiction_and_survives_its_json(city: City) -> None:
    registry = city.registry()

    check_registry(registry)
    assert decode_registry(encode_registry(registry)) == registry


def test_every_district_has_buses_and_a_school_lies_in_one(whole: City) -> None:
    by_school: dict[str, set[str]] = {}
    for bus in whole.buses:
        by_school.setdefault(bus.school, set()).add(bus.district)
    assert {len(districts) for districts in by_school.values()} == {1}
    count = Counter(bus.district for bus in whole.buses)
    assert set(count) == set(names.DISTRICTS)
    assert min(count.values()) > 0.05 * len(whole.buses)


def test_the_same_seed_grows_the_same_city(city: City) -> None:
    again = City(seed=7, buses=60)

    assert encode_registry(again.registry()) == encode_registry(city.registry())
    assert again.base_map() == city.base_map()


def test_another_seed_grows_another_city(city: City) -> None:
    assert City(seed=8, buses=60).approvals != city.approvals


def test_the_default_city_is_the_one_of_the_report(whole: City) -> None:
    registry: Registry = whole.registry()
    twice = [versions for versions in registry.approvals_by_route.values() if len(versions) == 2]

    assert len(registry.buses) == 1_058
    assert sum(bus.state == "out_of_service" for bus in registry.buses) == 23
    assert len(registry.drivers) == 1_300
    assert len(twice) == 47
    check_registry(registry)


def test_the_default_base_map_is_small_enough_to_send(whole: City) -> None:
    raw = json.dumps(whole.base_map(), ensure_ascii=False, separators=(",", ":")).encode()
    classes = {feature["properties"]["class"] for feature in whole.base_map()["features"]}

    assert len(raw) < 400_000
    assert classes == {"motorway", "ring", "arterial", "lane"}


def test_approved_routes_are_6_to_16_km_with_5_to_12_stops_in_order(whole: City) -> None:
    for approval in whole.approvals:
        chainage = [stop.chainage_m for stop in approval.stops]
        assert 6_000 <= chainage[-1] <= 16_000
        assert 4 <= len(chainage) <= 12
        assert chainage == sorted(chainage)
        assert chainage[0] == 0


def ways(city: City) -> list[Way]:
    return [version.way for pair in city.routes for version in (*pair.to_school, *pair.to_home)]


def test_no_approved_way_goes_against_a_one_way_street(whole: City) -> None:
    oneway = {number for number, edge in enumerate(whole.network.edges) if edge.oneway}

    assert all(whole.network.may_be_driven(way) for way in ways(whole))
    assert sum(not oneway.isdisjoint(way.edges) for way in ways(whole)) > 50


def test_the_way_home_differs_only_where_a_street_is_one_way(whole: City) -> None:
    for pair in whole.routes:
        out, home = pair.to_school[0], pair.to_home[0]
        assert home.stops == out.stops[::-1]
        if whole.network.may_be_driven(out.way.reversed()):
            assert home.way == out.way.reversed()
        else:
            assert home.way.edges[::-1] != out.way.edges


def test_some_routes_take_the_hairpin_road_whose_passes_lie_in_each_others_corridors(whole: City) -> None:
    hairpins = [n for n, edge in enumerate(whole.network.edges) if edge.road.name.endswith("盘山路")]
    (edge,) = (whole.network.edges[number] for number in hairpins)
    turning = np.abs(np.diff(np.unwrap(np.arctan2(*np.diff(edge.line, axis=0).T))))
    along = np.arange(0.0, edge.length_m, 10.0)
    places = shapely.get_coordinates(shapely.line_interpolate_point(shapely.LineString(edge.line), along))
    apart = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    beside = (apart < 2 * CORRIDOR_M) & (np.abs(along[:, None] - along) > 150.0)

    assert (edge.limit_kmh, edge.reason) == (20, "hazard")
    assert np.degrees(turning.sum()) > 600
    assert beside.any(axis=1).mean() > 0.5
    assert sum(hairpins[0] in way.edges for way in ways(whole)) >= 4


def test_some_routes_pass_the_tunnel(whole: City) -> None:
    (number,) = (number for number, edge in enumerate(whole.network.edges) if edge.sky == "tunnel")

    assert 600 <= whole.network.length_m[number] <= 1_500
    assert sum(number in way.edges for way in ways(whole)) >= 4
    assert not {whole.network.edges[number].a, whole.network.edges[number].b} & whole.network.lights


def test_limits_cover_the_whole_line_without_a_gap(whole: City) -> None:
    for approval in whole.approvals:
        assert approval.limits[0].from_m == 0
        assert approval.limits[-1].to_m == pytest.approx(approval.stops[-1].chainage_m, abs=0.2)
        for one, following in pairwise(approval.limits):
            assert one.to_m == following.from_m
        assert all(20 <= stretch.limit_kmh <= 80 for stretch in approval.limits)


def test_versions_of_a_route_follow_each_other_without_a_day_between(whole: City) -> None:
    for versions in whole.registry().approvals_by_route.values():
        for old, new in pairwise(versions):
            assert (new.valid_from - old.valid_to).days == 1
            assert (new.line, new.stops) != (old.line, old.stops)


def test_a_city_of_no_buses_is_refused() -> None:
    with pytest.raises(BadSetting):
        City(buses=0)
