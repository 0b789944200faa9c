"""The default city: every fault found, no alert false."""

from dataclasses import replace

import pytest

from buswatch.accuracy import run
from fleet.clock import parse_time
from simulators.scenario import FaultRates, Scenario
from simulators.scenario_file import ANY_DAY_MS, read_scenario


@pytest.mark.parametrize("seed", [1, 2])
def test_every_fault_of_the_default_city_is_found_and_no_alert_is_false(seed: int) -> None:
    result = run(Scenario(ANY_DAY_MS, seed=seed), 600)
    assert not result.missed
    assert not result.false
    assert all(rule.found >= 10 for rule in result.rules if rule.rule in ("speeding", "deviation"))


def test_each_rule_finds_its_faults_in_an_hour_of_them() -> None:
    result = run(Scenario(ANY_DAY_MS, buses=250, faults=FaultRates.every()), 3_600)
    found = {rule.rule for rule in result.rules if rule.found}
    assert not result.missed
    assert len(result.false) <= 1
    assert found >= {
        "speeding", "deviation", "wrong_way", "unapproved_operation", "off_hours", "long_stop", "silent",
        "substitute",
    }  # fmt: skip


def test_what_only_looks_like_a_fault_raises_nothing_in_the_open_sky() -> None:
    rates = replace(FaultRates.none(), overtaking=4.0)
    result = run(Scenario(ANY_DAY_MS, buses=250, faults=rates, noise="open_sky", interval_s=5), 1_800)
    kinds = {one.kind for one in result.harmless if one.times >= 20}
    assert kinds == {"crossing", "at_terminal", "canyon_drift", "overtaking", "depot_way"}
    assert not result.false


def test_a_closed_road_is_one_incident_and_its_waiver_lowers_and_hides_nothing() -> None:
    closure = read_scenario("road-closure").scenario(ANY_DAY_MS, buses=800, interval_s=5)
    result = run(replace(closure, faults=FaultRates.none()), 5_400)
    waived = next(one for one in result.harmless if one.kind == "waived_detour")
    assert (waived.told or 0) >= 20
    assert (waived.alerted, result.missed) == (0, ())
    assert (result.incidents.found, result.incidents.other) == (1, 0)
    assert (result.incidents.place_p50_m or 0.0) <= 400


def test_a_calm_fleet_raises_nothing() -> None:
    result = run(Scenario(ANY_DAY_MS, buses=250, faults=FaultRates.none(), interval_s=5), 1_800)
    assert not result.false


@pytest.mark.parametrize("morning", ["2026-10-05T06:00:00+08:00", "2026-10-10T06:00:00+08:00"])
def test_a_fleet_that_keeps_the_school_calendar_raises_nothing_on_national_day_or_a_make_up_saturday(
    morning: str,
) -> None:
    scenario = Scenario(
        parse_time(morning),
        buses=40,
        faults=FaultRates.none(),
        interval_s=10,
        history_s=60,
        timetable="school_day",
    )
    assert not run(scenario, 10_800).false
