"""A nation: many cities of one pattern, each at its own place and hour."""

from __future__ import annotations

import numpy as np
import pytest

from fleet.errors import BadSetting
from fleet.registry import check_registry
from simulators.nation import PATTERN_BUSES
from simulators.scenario import FaultRates, Scenario, Simulation
from tests.simulators.conftest import NOON_MS

BUSES = 10_250


@pytest.fixture(scope="module")
def nation() -> Simulation:
    return Simulation(Scenario(NOON_MS, buses=BUSES, interval_s=15, history_s=0, faults=FaultRates.none()))


def test_every_bus_reports_once_an_interval_and_keeps_to_its_own_line(nation: Simulation) -> None:
    fixes = [nation.step().fixes for _ in range(15)]
    reports = np.bincount(np.concatenate([some.bus for some in fixes]), minlength=BUSES)
    assert reports.max() == 1
    assert reports.mean() > 0.98  # but for those in a tunnel

    lines = {a.approval_id: np.array(a.line) for a in nation.registry.approvals}
    some = fixes[0]
    for place in np.flatnonzero(some.speed_kmh > 5)[::40].tolist():
        bus = int(some.bus[place])
        city = f"C{bus // PATTERN_BUSES:03d}-"
        mine = np.concatenate([line for name, line in lines.items() if name.startswith(city)])
        away = np.hypot((mine[:, 0] - some.lon[place]) * 95_000, (mine[:, 1] - some.lat[place]) * 111_000)
        assert away.min() < 2_500


def test_the_record_of_a_nation_is_sound_and_complete(nation: Simulation) -> None:
    registry = nation.registry
    check_registry(registry)
    assert [bus.bus_id for bus in registry.buses] == nation.city.bus_ids
    served = {assignment.bus_id for assignment in registry.assignments}
    assert len(served) > 0.9 * BUSES


def test_cities_are_at_different_hours_of_their_day(nation: Simulation) -> None:
    windows = {
        a.assignment_id: a.starts for a in nation.registry.assignments if a.assignment_id.endswith("-01")
    }
    first = [starts for name, starts in windows.items() if "-A0003-" in name]
    assert len(first) > 15
    assert len(set(first)) > 15


@pytest.mark.parametrize("buses", [0, 1_000_000])
def test_a_number_that_is_none_is_refused(buses: int) -> None:
    with pytest.raises(BadSetting, match="cannot be grown"):
        Simulation(Scenario(NOON_MS, buses=buses, history_s=0))
