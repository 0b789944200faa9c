"""The city: connected, registered without contradiction, the same from the same seed."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from fleet.errors import BadSetting
from fleet.registry import Registry, check_registry, decode_registry, encode_registry
from simulators.city import City


@pytest.fixture(scope="module")
def city() -> City:
    return City(seed=7, buses=60)


@pytest.fixture(scope="module")
def whole() -> City:
    return City()


def test_every_place_of_the_network_can_be_reached_from_every_other(city: City) -> None:
    reached, _ = city.network.search(0)

    assert len(reached) == len(city.network.nodes)


def test_no_road_is_a_dead_end(city: City) -> None:
    assert min(len(around) for around in city.network.adjacent) >= 2


def test_edges_begin_and_end_in_their_nodes(city: City) -> None:
    for edge in city.network.edges:
        np.testing.assert_allclose(edge.line[0], city.network.nodes[edge.a], atol=1e-6)
        np.testing.assert_allclose(edge.line[-1], city.network.nodes[edge.b], atol=1e-6)


def test_the_registry_has_no_contradiction_and_survives_its_json(city: City) -> None:
    registry = city.registry()

    check_registry(registry)
    assert decode_registry(encode_registry(registry)) == registry


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
