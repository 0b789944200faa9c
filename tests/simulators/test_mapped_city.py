"""A city on a map: all that a grown one is, on roads that are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import BadInput
from fleet.registry import check_registry, encode_registry
from simulators.city import City
from simulators.legbook import LegBook
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.scenario_file import read_scenario
from tests.simulators.conftest import NOON_MS
from tests.simulators.maps import HAMLET, write_town

BUSES = 12


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("map") / "town.osm")


@pytest.fixture(scope="module")
def city(town: Path) -> City:
    return City(seed=5, buses=BUSES, map_file=town)


def test_its_registry_has_no_contradiction(city: City) -> None:
    check_registry(city.registry())
    assert city.registry().version.endswith("-town.osm")


def test_it_lies_where_its_map_does(city: City) -> None:
    lines = [place for approval in city.approvals for place in approval.line]

    assert all(100.0 <= lon <= 100.056 and 20.0 <= lat <= 20.056 for lon, lat in lines)


def test_the_same_map_and_seed_give_the_same_city(city: City, town: Path) -> None:
    again = City(seed=5, buses=BUSES, map_file=town)

    assert encode_registry(again.registry()) == encode_registry(city.registry())
    assert again.base_map() == city.base_map()
    assert City(seed=6, buses=BUSES, map_file=town).approvals != city.approvals


def test_the_schools_of_the_map_come_before_invented_ones(city: City) -> None:
    names = [school.name for school in city.schools]

    assert {"小镇第0小学", "小镇第1小学", "小镇第2小学"} < set(names)
    assert len(set(names)) == len(names) == 5


def test_no_approved_way_goes_against_a_one_way_street(city: City) -> None:
    versions = [version for pair in city.routes for version in (*pair.to_school, *pair.to_home)]
    oneway = {number for number, edge in enumerate(city.network.edges) if edge.oneway}

    assert all(city.network.may_be_driven(version.way) for version in versions)
    assert any(not oneway.isdisjoint(version.way.edges) for version in versions)


def test_routes_shorten_with_the_map(city: City) -> None:
    lengths = [approval.stops[-1].chainage_m for approval in city.approvals]

    assert max(lengths) < 12_000
    assert min(lengths) < 6_000


def test_buses_reach_their_routes_and_their_depots_by_ways_they_may_drive(city: City) -> None:
    book = LegBook(city)
    for bus, pair in enumerate(city.bus_route):
        for route in (city.routes[pair].to_school[0], city.routes[pair].to_home[0]):
            out, home = book.out(bus, route).way, book.home(bus, route).way
            depot = city.depots[city.bus_depot[bus]].node
            assert (out.nodes[0], out.nodes[-1]) == (depot, route.stops[0].node)
            assert (home.nodes[0], home.nodes[-1]) == (route.stops[-1].node, depot)
            assert city.network.may_be_driven(out)
            assert city.network.may_be_driven(home)


def test_a_fleet_drives_on_it(town: Path) -> None:
    scenario = Scenario(NOON_MS, seed=5, buses=BUSES, faults=FaultRates.none(), history_s=60, map_file=town)
    simulation = Simulation(scenario)

    for _ in range(60):
        simulation.step()
    assert (simulation.drive.driven_m > 100).sum() > BUSES / 2


def test_more_buses_than_it_has_streets_for_are_refused(town: Path) -> None:
    with pytest.raises(BadInput, match="larger extract, or fewer buses"):
        City(buses=9_999, map_file=town)


def test_a_map_of_a_hamlet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hamlet.osm"
    path.write_text(HAMLET)

    with pytest.raises(BadInput, match=r"hamlet\.osm has \d+ streets"):
        City(buses=5, map_file=path)


def test_a_scenario_names_its_map_from_its_own_folder(tmp_path: Path) -> None:
    path = tmp_path / "monday.toml"
    path.write_text('about = "a town"\n[city]\nmap = "maps/town.osm"\n')
    script = read_scenario(str(path))

    assert script.scenario(0).map_file == tmp_path / "maps" / "town.osm"
    assert script.scenario(0, map_file=Path("other.osm")).map_file == Path("other.osm")
