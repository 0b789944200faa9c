"""What a simulation leaves behind for a monitor of your own."""

from __future__ import annotations

from pathlib import Path

from api.schemas import WaiverOrder
from buswatch.simulation import write_city
from fleet.clock import to_ms
from fleet.registry import decode_registry
from simulators.closure import ClosurePlan
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.scenario_file import ANY_DAY_MS

QUIET = FaultRates.none()


def test_the_waiver_of_a_closure_is_written_as_the_api_takes_it(tmp_path: Path) -> None:
    closure = ClosurePlan(from_s=60, lasts_s=1_200, buses=106, waiver="roadworks")
    simulation = Simulation(Scenario(ANY_DAY_MS, buses=100, faults=QUIET, closure=closure, history_s=0))
    write_city(simulation, tmp_path)

    order = WaiverOrder.model_validate_json((tmp_path / "waiver.json").read_bytes())
    (waiver,) = simulation.waivers
    record = decode_registry((tmp_path / "registry.json").read_bytes())
    assert (order.by, order.reason) == (waiver.approved_by, "roadworks")
    assert order.from_ is not None
    assert (to_ms(order.from_), to_ms(order.to)) == (waiver.from_ms, waiver.to_ms)
    assert set(order.route_ids) <= set(record.approvals_by_route)
    assert [tuple(corner) for corner in order.area] == list(waiver.area)


def test_a_scenario_without_a_waiver_leaves_none(tmp_path: Path) -> None:
    write_city(Simulation(Scenario(ANY_DAY_MS, buses=20, faults=QUIET, history_s=0)), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"registry.json", "base-map.json"}
