"""Ways over a network with a one-way edge."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.roads import Edge, Road, RoadNetwork, Tree, Way

PLACES = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])


def edge(a: int, b: int, *, oneway: bool = False) -> Edge:
    line = PLACES[[a, b]]
    road = Road("路", "lane", 36.0, line, oneway=oneway)
    return Edge(a, b, road, line, 36.0, oneway=oneway)


@pytest.fixture(scope="module")
def square() -> RoadNetwork:
    """Four places in a square, and one-way from 0 to 1."""
    return RoadNetwork(PLACES, [edge(0, 1, oneway=True), edge(1, 2), edge(2, 3), edge(3, 0)])


def test_a_one_way_edge_is_driven_in_its_direction_alone(square: RoadNetwork) -> None:
    assert square.way(0, 1) == Way((0, 1), (0,))
    assert square.way(1, 0) == Way((1, 2, 3, 0), (1, 2, 3))


def test_a_way_back_may_be_forbidden(square: RoadNetwork) -> None:
    out = Way((0, 1, 2), (0, 1))

    assert square.may_be_driven(out)
    assert not square.may_be_driven(out.reversed())
    assert square.may_be_driven(Way((1, 2, 3), (1, 2)).reversed())


def test_a_tree_towards_a_node_holds_the_ways_to_it(square: RoadNetwork) -> None:
    away, home = Tree(square, 0), Tree(square, 0, towards=True)

    assert away.way(1) == Way((0, 1), (0,))
    assert home.way(1) == Way((1, 2, 3, 0), (1, 2, 3))
    assert home.seconds[1] == pytest.approx(3 * away.seconds[1])


def test_lights_of_carriageways_that_cross_are_one(square: RoadNetwork) -> None:
    """A cross of two roads of two lines each, 20 m apart: four nodes, one light."""
    places = np.array([[0, 0], [20, 0], [20, 20], [0, 20], *((p, q) for p in (-300, 320) for q in (0, 20))])
    ends = [(4, 0), (0, 1), (1, 6), (5, 3), (3, 2), (2, 7), (0, 3), (1, 2)]
    road = Road("路", "arterial", 50.0, places.astype(float))
    crossing = RoadNetwork(
        places.astype(float), [Edge(a, b, road, places[[a, b]].astype(float), 50.0) for a, b in ends]
    )

    assert len(crossing.lights) == 1
    assert not square.lights
