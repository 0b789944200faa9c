"""Evaluation: alerts are joined with the truth by bus, rule and time."""

from __future__ import annotations

import json

import msgspec

from simulators.evaluate import evaluate
from simulators.scorecard import Evaluation, RaisedAlert, RaisedIncident
from simulators.truth import Fault

HOUR_S = 3_600


def fault(bus: str, begin_s: float, end_s: float, rule: str = "speeding", size: float = 20.0) -> Fault:
    return Fault(bus, rule, round(begin_s * 1_000), round(end_s * 1_000), size, 114.3, 30.6)  # type: ignore[arg-type]


def alert(
    bus: str, begin_s: float, end_s: float | None, rule: str = "speeding", after_s: float = 5
) -> RaisedAlert:
    ended = None if end_s is None else round(end_s * 1_000)
    return RaisedAlert(
        bus, rule, round(begin_s * 1_000), round((begin_s + after_s) * 1_000), ended, "serious"
    )


def held(alerts: list[RaisedAlert], truth: list[Fault]) -> Evaluation:
    return evaluate(alerts, truth, from_ms=0, to_ms=HOUR_S * 1_000, buses=10)


def test_an_alert_during_its_fault_is_a_find_with_its_delay() -> None:
    result = held([alert("B1", 101, 120)], [fault("B1", 100, 120)])

    assert result.rules[0].found == 1
    assert result.rules[0].delay_p50_s == 6.0
    assert (result.precision, result.recall) == (1.0, 1.0)


def test_an_alert_of_another_bus_or_rule_or_hour_is_false_and_the_fault_missed() -> None:
    truth = [fault("B1", 100, 120)]
    for wrong in (alert("B2", 101, 120), alert("B1", 101, 120, "deviation"), alert("B1", 900, 920)):
        result = held([wrong], truth)
        assert result.missed == (truth[0],)
        assert result.false == (wrong,)
        assert (result.precision, result.recall) == (0.0, 0.0)


def test_small_and_short_faults_need_not_be_found() -> None:
    truth = [
        fault("B1", 100, 109),
        fault("B2", 100, 118, "deviation", 300),
        fault("B3", 100, 190, "deviation", 90),
    ]

    assert held([], truth).recall == 1.0


def test_an_alert_upon_a_fault_too_small_to_be_required_is_not_false() -> None:
    assert held([alert("B1", 103, 112)], [fault("B1", 100, 109)]).precision == 1.0


def test_a_fault_cut_by_the_end_counts_only_when_it_had_time_to_show() -> None:
    assert held([], [fault("B1", HOUR_S - 12, HOUR_S)]).recall == 1.0
    assert held([], [fault("B1", HOUR_S - 16, HOUR_S)]).recall == 0.0


def test_a_fault_that_began_before_need_not_be_found_but_excuses_its_alert() -> None:
    result = evaluate([alert("B1", 61, 70)], [fault("B1", 50, 70)], from_ms=60_000, to_ms=120_000, buses=1)

    assert (result.precision, result.recall, result.rules[0].found) == (1.0, 1.0, 0)


def test_two_alerts_of_one_fault_are_one_find_with_the_first_delay() -> None:
    result = held([alert("B1", 112, 118), alert("B1", 101, 108)], [fault("B1", 100, 120)])

    assert (result.rules[0].found, result.rules[0].true_alerts, result.rules[0].false) == (1, 2, 0)
    assert result.rules[0].delay_max_s == 6.0


def test_an_alert_that_has_not_ended_reaches_to_the_end() -> None:
    assert held([alert("B1", 101, None)], [fault("B1", 100, 3_000)]).recall == 1.0


def test_false_alerts_are_counted_for_each_thousand_bus_hours() -> None:
    assert held([alert("B1", 900, 920)], []).rules[0].false_per_1000_bus_hours == 100.0


def test_to_tell_a_bus_that_is_late_is_no_false_alert_and_not_to_tell_it_no_miss() -> None:
    late = alert("B1", 1_000, 1_200, "trip_not_begun", after_s=60)

    assert held([late], [fault("B1", 1_030, 1_100, "late")]).false == ()
    assert held([late], [fault("B2", 1_030, 1_100, "late")]).false == (late,)
    assert held([late], [fault("B1", 1_100, 1_700, "late")]).false == (late,)
    assert held([], [fault("B1", 1_030, 3_100, "late", size=2_070)]).recall == 1.0


def test_an_alert_that_was_raised_before_the_time_in_question_need_not_be_raised_again() -> None:
    driving = fault("B1", 100, 900, "unapproved_operation")

    assert held([alert("B1", -300, 2_000, "unapproved_operation")], [driving]).recall == 1.0
    assert held([alert("B1", -300, -100, "unapproved_operation")], [driving]).missed == (driving,)


def test_a_bus_without_an_assignment_that_drives_a_due_line_is_a_substitute_of_the_bus_that_is_due() -> None:
    drives = [fault("B1", 100, 1_300, "off_hours")]
    told = [alert("B1", 200, 1_400, "off_hours"), alert("B1", 100, 1_400, "substitute", after_s=1_000)]

    assert held(told, drives).false == ()
    assert held(told, []).false == (told[1], told[0])


def test_what_only_looks_like_a_fault_is_counted_with_how_often_it_drew_an_alert() -> None:
    truth = [fault("B1", 100, 103, "overtaking"), fault("B2", 100, 103, "overtaking")]
    result = held([alert("B1", 102, 130)], truth)

    (overtaking,) = result.harmless
    assert (overtaking.kind, overtaking.times, overtaking.alerted) == ("overtaking", 2, 1)
    assert [a.bus for a in result.false] == ["B1"]
    assert "overtaking                 2       1" in result.table()


def test_an_alert_of_a_rule_that_it_cannot_tempt_is_not_laid_at_its_door() -> None:
    result = held([alert("B1", 102, 500, "silent")], [fault("B1", 100, 400, "canyon_drift")])

    assert result.harmless[0].alerted == 0
    assert len(result.false) == 1


def test_under_a_waiver_a_warning_that_names_it_is_true_and_any_other_alert_false() -> None:
    truth = [fault("B1", 100, 300, "waived_detour", 400)]
    marked = msgspec.structs.replace(alert("B1", 105, 300, "deviation"), severity="warning", waiver_id="W1")
    told = held([marked], truth)
    assert (told.false, told.missed, told.harmless[0].told, told.harmless[0].alerted) == ((), (), 1, 0)

    for wrong in (
        msgspec.structs.replace(marked, severity="serious"),
        msgspec.structs.replace(marked, waiver_id=None),
    ):
        result = held([wrong], truth)
        assert (result.false, result.harmless[0].told, result.harmless[0].alerted) == ((wrong,), 0, 1)


def test_a_detour_that_a_waiver_hid_is_missed() -> None:
    truth = [fault("B1", 100, 300, "waived_detour", 400)]
    assert held([], truth).missed == (truth[0],)


def test_a_detour_under_a_waiver_that_is_too_short_for_two_fixes_need_not_be_told() -> None:
    def missed(interval_s: int) -> int:
        brief = fault("B1", 100, 125, "waived_detour", 150)
        hour_ms = HOUR_S * 1_000
        return len(evaluate([], [brief], from_ms=0, to_ms=hour_ms, buses=10, interval_s=interval_s).missed)

    assert (missed(5), missed(12), missed(13), missed(15)) == (1, 1, 0, 0)


def test_skipped_stops_under_a_waiver_are_told_with_it_too() -> None:
    truth = [fault("B1", 100, 300, "waived_detour", 400), fault("B1", 100, 300, "stops_skipped", 1)]
    skipped = alert("B1", 100, 400, "stops_skipped")
    assert held([skipped], truth).false == (skipped,)


def test_an_incident_at_a_closure_is_a_find_and_one_elsewhere_is_not() -> None:
    closure = fault("", 100, 2_000, "incident", 12)
    here, elsewhere = (RaisedIncident(114.3 + east, 30.6, 110_000, 1_900_000) for east in (0.001, 0.01))
    found = evaluate([], [closure], from_ms=0, to_ms=HOUR_S * 1_000, buses=10, incidents=[here, elsewhere])
    assert (found.incidents.found, found.incidents.missed, found.incidents.other) == (1, 0, 1)
    assert 90 < (found.incidents.place_p50_m or 0) < 100
    missed = evaluate([], [closure], from_ms=0, to_ms=HOUR_S * 1_000, buses=10, incidents=[elsewhere])
    assert missed.missed == (closure,)
    few = fault("", 100, 2_000, "incident", 2)
    assert held([], [few]).missed == ()


def test_a_stray_that_is_told_as_a_substitute_need_not_be_told_off_its_hours() -> None:
    truth = [fault("B1", 500, 900, "off_hours", 40)]
    assert held([], truth).missed == (truth[0],)
    substitute = alert("B1", 100, 1_000, "substitute", after_s=700)
    assert held([substitute], [*truth, fault("B1", 100, 1_000, "substitute", 95)]).missed == ()


def test_an_alert_that_began_before_and_was_raised_in_the_time_counts() -> None:
    fault_within = fault("B1", 70, 1_000, "substitute", 100)
    early = alert("B1", 20, 1_000, "substitute", after_s=800)
    result = evaluate([early], [fault_within], from_ms=60_000, to_ms=HOUR_S * 1_000, buses=1)
    assert (result.missed, result.false) == ((), ())


def test_the_table_and_the_json_name_what_was_missed_and_false() -> None:
    result = held([alert("B7", 900, 920)], [fault("B1", 100, 120)])

    assert "missed  B1 speeding" in result.table()
    assert "false   B7 speeding" in result.table()
    assert json.loads(json.dumps(result.to_json()))["missed"][0]["bus"] == "B1"
