"""A network from a map: what may be driven, in which direction, how fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleet.errors import BadInput
from simulators.ground import Ground
from simulators.roads import Edge
from simulators.survey import survey
from tests.simulators.maps import HAMLET, write_again


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "hamlet.osm"
    path.write_text(HAMLET)
    return path


@pytest.fixture(scope="module")
def ground(hamlet: Path) -> Ground:
    return survey(hamlet)


def named(ground: Ground, name: str) -> list[Edge]:
    return [edge for edge in ground.network.edges if edge.road.name == name]


def test_nodes_are_where_roads_meet_and_nowhere_else(ground: Ground) -> None:
    assert len(ground.network.nodes) == 10  # eight round the edge without node 44, two on the roundabout
    assert len(named(ground, "西路")) == 2


def test_roads_off_the_network_are_left_out(ground: Ground) -> None:
    names = {edge.road.name for edge in ground.network.edges}

    assert names == {"江边路", "西巷", "东巷", "北街", "西路", "无名巷", "隧道", "环岛"}


def test_every_place_can_be_driven_to_from_every_other(ground: Ground) -> None:
    places = len(ground.network.nodes)

    assert len(ground.network.search(0)[0]) == len(ground.network.search(0, towards=True)[0]) == places


def test_limits_are_the_tagged_ones_or_the_classes_and_never_above_the_law(ground: Ground) -> None:
    limits = {edge.road.name: (edge.limit_kmh, edge.reason) for edge in ground.network.edges}

    assert limits["江边路"] == (60, "legal_cap")
    assert limits["西巷"] == (32, "posted")
    assert limits["东巷"] == (30, "posted")
    assert limits["北街"] == (50, "posted")
    assert limits["无名巷"] == (40, "posted")


def test_a_street_tagged_minus_one_is_driven_against_its_drawing(ground: Ground) -> None:
    for edge in named(ground, "北街"):
        assert edge.oneway
        assert edge.line[0, 0] > edge.line[-1, 0]


def test_a_roundabout_is_one_way_as_it_is_drawn(ground: Ground) -> None:
    west_to_east, east_to_west = sorted(named(ground, "环岛"), key=lambda edge: edge.line[0, 0])

    assert west_to_east.oneway
    assert east_to_west.oneway
    assert west_to_east.line[:, 1].min() < west_to_east.line[0, 1] - 10  # by the south, on the right
    assert east_to_west.line[:, 1].max() > east_to_west.line[0, 1] + 10


def test_a_tunnel_meets_nothing_on_its_way(ground: Ground) -> None:
    (tunnel,) = named(ground, "隧道")

    assert tunnel.sky == "tunnel"
    assert tunnel.length_m == pytest.approx(2_657, abs=5)
    assert {edge.road.name for edge in ground.network.edges if edge.sky != "open"} == {"隧道"}


def test_schools_are_found_as_points_and_as_grounds(ground: Ground) -> None:
    assert {name for name, _ in ground.schools} == {"灯塔小学", "湖心小学"}


def test_the_plane_lies_round_the_middle_of_the_roads(ground: Ground) -> None:
    lon, lat = ground.plane.to_degrees(np.zeros(1), np.zeros(1))

    assert lon[0] == pytest.approx(100.0155)
    assert lat[0] == pytest.approx(20.02)


@pytest.mark.parametrize("form", ["osm.pbf", "osm.gz", "osm.bz2"])
def test_every_form_of_a_map_gives_the_same_ground(hamlet: Path, ground: Ground, form: str) -> None:
    again = survey(write_again(hamlet, hamlet.with_name(f"again.{form}")))

    np.testing.assert_allclose(again.network.nodes, ground.network.nodes, atol=1e-6)
    assert [(e.a, e.b, e.road.name, e.oneway) for e in again.network.edges] == [
        (e.a, e.b, e.road.name, e.oneway) for e in ground.network.edges
    ]


def test_ways_may_stand_before_their_nodes(hamlet: Path, ground: Ground) -> None:
    lines = HAMLET.splitlines(keepends=True)
    ways = next(i for i, line in enumerate(lines) if "<way" in line)
    path = hamlet.with_name("ways-first.osm")
    path.write_text("".join([*lines[:2], *lines[ways:-1], *lines[2:ways], lines[-1]]))

    np.testing.assert_array_equal(survey(path).network.nodes, ground.network.nodes)


def test_a_street_whose_node_is_missing_ends_there(hamlet: Path) -> None:
    path = hamlet.with_name("torn.osm")
    path.write_text(HAMLET.replace('<node id="8" lat="20.024" lon="100.014"/>', ""))

    names = {edge.road.name for edge in survey(path).network.edges}
    assert "北街" not in names
    assert "隧道" not in names
    assert "江边路" in names


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nowhere.osm", None, "cannot be read: No such file or directory"),
        ("notes.txt", "to do", "is no OpenStreetMap file"),
        ("cut-off.osm", HAMLET[:400], "is no OpenStreetMap file"),
        ("page.osm", "<html></html>", "is no OpenStreetMap file"),
        ("not.osm.pbf", "neither is this, whatever its name", "is no OpenStreetMap file"),
        ("footways.osm", HAMLET.replace('"highway" v="', '"highway" v="no_'), "no road that a bus may take"),
        ("row.osm", HAMLET.replace("tertiary", "path").replace("unclassified", "path"), "span"),
    ],
)
def test_a_map_that_will_not_do_is_refused_with_what_would(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    with pytest.raises(BadInput, match=said) as refused:
        survey(path)
    assert str(path) in str(refused.value)
