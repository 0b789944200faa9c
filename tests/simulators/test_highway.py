"""Tags of mapped streets, one question each."""

from __future__ import annotations

import pytest

from simulators.highway import read_highway


@pytest.mark.parametrize(
    ("tags", "kind", "limit_kmh"),
    [
        ({"highway": "motorway"}, "motorway", 80),
        ({"highway": "motorway", "maxspeed": "120"}, "motorway", 80),
        ({"highway": "trunk", "name": "国道"}, "arterial", 60),
        ({"highway": "trunk", "name": "内环高架路", "maxspeed": "80"}, "ring", 60),
        ({"highway": "secondary", "name": "东环路"}, "arterial", 50),
        ({"highway": "tertiary", "maxspeed": "30 km/h"}, "arterial", 30),
        ({"highway": "residential", "maxspeed": "CN:urban"}, "lane", 30),
        ({"highway": "residential", "maxspeed": "none"}, "lane", 30),
        ({"highway": "living_street", "maxspeed": "5"}, "lane", 10),
    ],
)
def test_classes_and_limits(tags: dict[str, str], kind: str, limit_kmh: float) -> None:
    found = read_highway(tags)

    assert found is not None
    assert (found.kind, found.limit_kmh) == (kind, limit_kmh)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"highway": "service"},
        {"highway": "construction", "construction": "primary"},
        {"highway": "primary", "access": "private"},
        {"highway": "primary", "bus": "no"},
        {"highway": "primary", "motor_vehicle": "no", "access": "yes"},
        {"highway": "primary", "oneway": "reversible"},
        {"highway": "residential", "area": "yes"},
    ],
)
def test_what_a_bus_may_not_take(tags: dict[str, str]) -> None:
    assert read_highway(tags) is None


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "primary", "access": "no", "bus": "yes"},
        {"highway": "primary", "motor_vehicle": "no", "bus": "designated"},
        {"highway": "primary", "hgv": "no"},
        {"highway": "primary", "access": "permissive"},
    ],
)
def test_what_it_may(tags: dict[str, str]) -> None:
    assert read_highway(tags) is not None


@pytest.mark.parametrize(
    ("tags", "oneway", "against"),
    [
        ({}, False, False),
        ({"oneway": "yes"}, True, False),
        ({"oneway": "1"}, True, False),
        ({"oneway": "-1"}, True, True),
        ({"oneway": "no"}, False, False),
        ({"junction": "roundabout"}, True, False),
        ({"highway": "motorway"}, True, False),
        ({"highway": "motorway_link", "oneway": "no"}, False, False),
    ],
)
def test_directions(tags: dict[str, str], oneway: bool, against: bool) -> None:
    found = read_highway({"highway": "primary", **tags})

    assert found is not None
    assert (found.oneway, found.against) == (oneway, against)


@pytest.mark.parametrize(("tunnel", "sky"), [("yes", "tunnel"), ("no", "open"), ("building_passage", "open")])
def test_tunnels(tunnel: str, sky: str) -> None:
    found = read_highway({"highway": "primary", "tunnel": tunnel})

    assert found is not None
    assert found.sky == sky
