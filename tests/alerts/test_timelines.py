"""The rules as timelines: what a bus did, and what must be said about it."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from alerts.detector import Detector
from alerts.episodes import Change
from fleet.fixes import Fixes
from fleet.quality import Quality
from fleet.registry import LimitStretch, Registry
from tests.scenes import LENGTH_M, START_MS, approval, drive, registry, track

POSTED_50 = approval(limits=[LimitStretch(0, LENGTH_M, 50, "posted")])


def judge(fixes: Fixes, record: Registry | None = None) -> tuple[Change, ...]:
    return Detector(record or registry(POSTED_50)).detect(fixes, int(fixes.time_ms[-1])).changes


def kinds(changes: Sequence[Change]) -> list[tuple[str, str]]:
    return [(c.alert.rule, c.kind) for c in changes if c.kind != "updated"]


def at_speeds(*stretches: tuple[float, int]) -> Fixes:
    """A track along the route, once a second: (km/h, seconds) after (km/h, seconds)."""
    speeds = np.concatenate([np.full(seconds, kmh) for kmh, seconds in stretches])
    return track(np.r_[0, np.cumsum(speeds[1:]) / 3.6], speed_kmh=speeds)


def off_by(*stretches: tuple[float, int]) -> Fixes:
    """A track at 36 km/h, once a second: (metres off the line, seconds) after each other."""
    off = np.concatenate([np.full(seconds, metres) for metres, seconds in stretches])
    return track(10.5 * np.arange(len(off)), off, speed_kmh=37.8)


# Speeding


def test_driving_at_the_limit_raises_nothing() -> None:
    assert judge(at_speeds((50, 300))) == ()


def test_driving_within_the_tolerance_raises_nothing() -> None:
    assert judge(at_speeds((45, 60), (54.5, 200))) == ()


def test_speeding_opens_after_three_fixes_and_five_seconds_and_ends_when_clear_as_long() -> None:
    opened, ended = (c for c in judge(at_speeds((45, 60), (65, 20), (45, 20))) if c.kind != "updated")
    assert (opened.kind, ended.kind) == ("opened", "ended")
    alert = ended.alert
    assert alert.alert_id == f"B1.speeding.{START_MS + 60_000}"
    assert alert.started_ms == START_MS + 60_000
    assert alert.detected_ms == START_MS + 65_000
    assert alert.ended_ms == START_MS + 80_000
    assert alert.evidence.speed_kmh == 65
    assert (alert.evidence.limit_kmh, alert.evidence.limit_reason) == (50, "posted")
    assert alert.evidence.over_percent == 30
    assert alert.severity == "serious"
    assert alert.evidence.approval_id == "R1.1"
    assert alert.evidence.driver_id == "D1"


def test_one_wild_speed_value_is_no_speeding() -> None:
    speeds = np.full(120, 45.0)
    speeds[80] = 96.0
    assert judge(track(np.arange(120) * 12.5, speed_kmh=speeds)) == ()


def test_an_overtaking_burst_of_four_seconds_is_no_speeding() -> None:
    assert judge(at_speeds((45, 60), (65, 4), (45, 60))) == ()


def test_a_receiver_that_says_255_while_standing_is_not_believed() -> None:
    speeds = np.r_[np.full(60, 36.0), np.full(60, 255.0)]
    x = np.r_[np.arange(60) * 10.0, np.full(60, 600.0)]
    assert judge(track(x, speed_kmh=speeds)) == ()


def test_a_missing_speed_is_derived_from_the_displacement() -> None:
    fixes = at_speeds((45, 60), (70, 20), (45, 20))
    unsaid = track(np.r_[0, np.cumsum(fixes.speed_kmh[1:].astype(float)) / 3.6], speed_kmh=np.nan)
    assert kinds(judge(unsaid)) == [("speeding", "opened"), ("speeding", "ended")]


def test_a_derived_speed_needs_two_stretches_only_where_fixes_are_sparse() -> None:
    x = np.r_[0, np.cumsum(np.r_[np.full(8, 45.0), np.full(2, 70.0), np.full(6, 45.0)] / 3.6 * 15)]
    (opened, _) = (c for c in judge(track(x, speed_kmh=np.nan, every_s=15)) if c.kind != "updated")
    assert opened.alert.detected_ms == opened.alert.started_ms + 15_000


def test_a_place_that_the_bus_comes_back_from_at_once_brings_no_derived_speed() -> None:
    x = np.arange(30) * 45 / 3.6 * 15
    x[20] += 350.0
    assert judge(track(x, speed_kmh=np.nan, every_s=15)) == ()


def test_severity_follows_the_percentage_over_the_limit() -> None:
    for kmh, severity in ((57, "warning"), (65, "serious"), (80, "critical")):
        (opened,) = [c for c in judge(at_speeds((45, 60), (kmh, 20))) if c.kind == "opened"]
        assert opened.alert.severity == severity


def test_a_graver_speed_updates_the_one_episode() -> None:
    changes = judge(at_speeds((45, 60), (60, 10), (80, 10), (45, 20)))
    assert [c.kind for c in changes] == ["opened", "updated", "ended"]
    assert [c.alert.severity for c in changes] == ["serious", "critical", "critical"]
    assert len({c.alert.alert_id for c in changes}) == 1


def test_a_speed_that_wavers_round_the_limit_stays_one_episode() -> None:
    wavering = [(speed, 2) for speed in (58, 54) * 20]
    assert kinds(judge(at_speeds((45, 60), *wavering, (45, 20)))) == [
        ("speeding", "opened"),
        ("speeding", "ended"),
    ]


def test_the_lowest_of_overlapping_limits_counts_and_is_named() -> None:
    record = registry(
        approval(
            limits=[
                LimitStretch(0, LENGTH_M, 80, "legal_cap"),
                LimitStretch(0, LENGTH_M, 50, "posted"),
                LimitStretch(500, 3_000, 30, "school_zone"),
            ]
        )
    )
    opened = judge(track(drive(0, 2_500, 45)), record)[0]
    assert (opened.alert.evidence.limit_kmh, opened.alert.evidence.limit_reason) == (30, "school_zone")


def test_where_nothing_is_posted_the_legal_cap_of_60_counts() -> None:
    opened = judge(track(drive(0, 2_500, 72)), registry())[0]
    assert (opened.alert.evidence.limit_kmh, opened.alert.evidence.limit_reason) == (60, "legal_cap")


def test_a_road_that_leaves_the_line_at_a_flat_angle_is_not_held_to_the_line_s_limit() -> None:
    x = np.r_[drive(0, 2_000, 29), 2_000 + drive(0, 400, 58)]
    y = np.r_[np.zeros(len(drive(0, 2_000, 29))), 0.1 * drive(0, 400, 58) + 22]
    record = registry(approval(limits=[LimitStretch(0, LENGTH_M, 30, "posted")]))
    assert judge(track(x, y), record) == ()


def test_drift_between_tall_buildings_does_not_hide_speeding() -> None:
    fixes = at_speeds((45, 60), (65, 20), (45, 20))
    drifting = track(np.r_[0, np.cumsum(fixes.speed_kmh[1:].astype(float)) / 3.6], 33.0, accuracy_m=12)
    assert kinds(judge(drifting)) == [("speeding", "opened"), ("speeding", "ended")]


# Route deviation


def test_a_deviation_opens_past_corridor_and_accuracy_and_ends_on_return() -> None:
    opened, ended = (c for c in judge(off_by((0, 60), (120, 30), (0, 20))) if c.kind != "updated")
    alert = ended.alert
    assert opened.alert.rule == "deviation"
    assert alert.started_ms == START_MS + 60_000
    assert alert.detected_ms == START_MS + 62_000
    assert alert.ended_ms == START_MS + 92_000  # two fixes on the way back lie across the line
    assert alert.evidence.off_line_m == pytest.approx(120, abs=0.5)
    assert alert.evidence.corridor_m == 50


def test_drift_within_the_corridor_and_the_reported_accuracy_raises_nothing() -> None:
    assert judge(off_by((0, 60), (54, 60), (0, 20))) == ()


def test_drift_a_little_beyond_corridor_and_accuracy_for_half_a_minute_raises_nothing() -> None:
    assert judge(off_by((0, 60), (62, 40), (0, 60))) == ()


def test_a_bus_that_stays_a_little_beyond_corridor_and_accuracy_has_left_its_line() -> None:
    opened, ended = (c for c in judge(off_by((0, 60), (62, 120), (0, 20))) if c.kind != "updated")
    assert opened.alert.detected_ms == opened.alert.started_ms + 45_000
    assert ended.alert.evidence.off_line_m == pytest.approx(62, abs=0.5)


def test_a_fix_with_a_hopeless_accuracy_is_no_evidence() -> None:
    fixes = off_by((0, 60), (400, 60))
    hopeless = Fixes.concat([fixes.take(np.arange(60))])
    lost = fixes.take(np.arange(60, 120))
    lost.accuracy_m[:] = 300
    assert judge(Fixes.concat([hopeless, lost])) == ()


def test_one_fix_far_off_is_no_deviation() -> None:
    assert judge(off_by((0, 60), (90, 1), (0, 60))) == ()


def test_a_jump_of_kilometres_that_the_next_fix_denies_is_drift() -> None:
    detector = Detector(registry(POSTED_50))
    findings = detector.detect(off_by((0, 60), (4_000, 1), (0, 60)), START_MS)
    assert findings.changes == ()
    assert list(np.flatnonzero(findings.quality & Quality.JUMP)) == [60]


def test_a_far_place_that_the_next_fix_confirms_is_a_real_move() -> None:
    assert kinds(judge(off_by((0, 60), (4_000, 30)))) == [("deviation", "opened")]


def test_the_way_from_the_depot_to_the_first_stop_is_no_deviation() -> None:
    x = np.r_[np.full(200, -100.0), np.arange(0, 3_000, 10)]
    y = np.r_[np.linspace(3_000, 0, 200), np.zeros(300)]
    assert judge(track(x, y)) == ()


def test_crossing_the_line_on_the_way_to_the_first_stop_does_not_begin_the_trip() -> None:
    to_first_stop = track(np.full(200, 5_000.0), np.linspace(1_000, -1_000, 200))
    assert judge(to_first_stop) == ()


def test_the_way_home_from_the_last_stop_is_no_deviation() -> None:
    x = np.r_[drive(0, LENGTH_M, 50), np.full(300, LENGTH_M)]
    y = np.r_[np.zeros(len(x) - 300), np.linspace(0, 3_000, 300)]
    assert judge(track(x, y)) == ()


def test_parked_beside_the_terminal_is_no_deviation() -> None:
    x = np.r_[drive(0, LENGTH_M, 50), np.full(600, LENGTH_M + 80)]
    y = np.r_[np.zeros(len(x) - 600), np.full(600, 90.0)]
    assert judge(track(x, y, speed_kmh=30)) == ()


def test_a_monitor_that_comes_late_still_judges_the_trip() -> None:
    x = np.r_[drive(3_000, 4_800, 36), np.full(30, 4_800)]
    y = np.r_[np.zeros(len(x) - 30), np.linspace(100, 400, 30)]
    late = track(x, y, speed_kmh=36, start_s=600)
    assert kinds(judge(late)) == [("deviation", "opened")]


def test_a_depot_beside_the_middle_of_the_line_is_not_taken_for_a_trip_under_way() -> None:
    to_first_stop = np.r_[np.zeros(81), np.linspace(0, 900, 100)]
    x = np.r_[np.arange(4_000, 4_810, 10), np.linspace(4_800, 0, 100)]
    assert judge(track(x, to_first_stop, speed_kmh=36)) == ()


def test_outside_its_window_a_bus_may_drive_where_it_likes() -> None:
    changes = judge(track(np.linspace(0, 5_000, 500), 900.0, start_s=2.2 * 3600))
    assert kinds(changes) == []


def test_the_window_s_end_ends_what_is_open() -> None:
    x = drive(0, 3_000, 36)
    y = np.where(np.arange(len(x)) < 100, 0.0, 300.0)
    changes = judge(track(x, y, start_s=7_200 - 150))
    assert kinds(changes) == [("deviation", "opened"), ("deviation", "ended")]
    assert changes[-1].alert.ended_ms == START_MS + 7_200_000


def test_a_silence_of_minutes_ends_the_episode_at_the_last_fix_before_it() -> None:
    before = off_by((0, 60), (120, 30))
    after = track([3_000.0], start_s=600, speed_kmh=0)
    changes = [c for c in judge(Fixes.concat([before, after])) if c.alert.rule == "deviation"]
    assert kinds(changes) == [("deviation", "opened"), ("deviation", "ended")]
    assert changes[-1].alert.ended_ms == START_MS + 89_000


def test_a_bus_that_left_its_line_in_a_silence_is_found_though_it_stands() -> None:
    before = track(drive(0, 3_000, 36))
    after = track(np.full(120, 4_000.0), 1_000.0, every_s=5, start_s=440, speed_kmh=0)
    changes = [c for c in judge(Fixes.concat([before, after])) if c.alert.rule == "deviation"]
    assert kinds(changes) == [("deviation", "opened")]


@pytest.mark.parametrize("every_s", [1, 5, 15, 30])
def test_a_deviation_of_two_minutes_is_found_at_any_sampling(every_s: int) -> None:
    seconds = np.arange(0, 300, every_s)
    y = np.where((seconds >= 120) & (seconds < 240), 150.0, 0.0)
    changes = judge(track(10.0 * seconds, y, every_s=every_s, speed_kmh=36))
    assert kinds(changes) == [("deviation", "opened"), ("deviation", "ended")]


# Both, and the stream


def test_opened_and_ended_alternate() -> None:
    changes = judge(off_by(*[(0, 40), (150, 20)] * 5, (0, 40)))
    steps = [c.kind for c in changes if c.kind != "updated"]
    assert steps == ["opened", "ended"] * 5
    assert all(a.at_ms <= b.at_ms for a, b in pairwise(c for c in changes if c.kind == "opened"))


def test_fixes_that_come_twice_or_late_are_marked_and_change_nothing() -> None:
    fixes = off_by((0, 60), (120, 30), (0, 20))
    n = np.arange(len(fixes))
    doubled = fixes.take(np.repeat(n, 2))
    detector = Detector(registry(POSTED_50))
    findings = detector.detect(doubled, int(fixes.time_ms[-1]))
    assert findings.changes == judge(fixes)
    assert list(findings.quality) == [Quality.GOOD, Quality.DUPLICATE] * len(fixes)


def test_an_alert_found_in_a_backfill_says_so() -> None:
    fixes = off_by((0, 60), (120, 30), (0, 20))
    late = Detector(registry(POSTED_50)).detect(fixes, int(fixes.time_ms[-1]) + 3_600_000)
    assert {c.alert.found_late for c in late.changes} == {True}
    assert {c.alert.found_late for c in judge(fixes)} == {False}


def test_a_trip_is_judged_by_the_version_in_force_on_its_day() -> None:
    import datetime as dt

    old = approval(valid_to=dt.date(2026, 8, 31))
    new = approval(
        version=2, valid_from=dt.date(2026, 9, 1), points=[(0.0, 0.0), (3_000.0, 0.0), (3_000.0, 7_000.0)]
    )
    changes = judge(track(drive(0, 6_000, 50)), registry(old, new))
    assert changes[0].alert.evidence.approval_id == "R1.2"


def test_the_limit_of_the_road_counts_for_a_bus_that_follows_it_before_its_trip_is_under_way() -> None:
    changes = judge(track(drive(4_000, 4_450, 72), speed_kmh=72))
    assert kinds(changes) == [("speeding", "opened")]


def test_crossing_the_line_does_not_bring_the_limit_of_the_line() -> None:
    crossing = track(np.full(60, 5_000.0), np.linspace(-500, 500, 60), speed_kmh=61)
    assert judge(crossing) == ()
