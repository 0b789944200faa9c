"""Late fixes: alerts that were missed are opened, those on file keep their identity, none is doubled."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.detector import LATE_AFTER_MS, Anew, Detector
from alerts.episodes import Alert, Change
from alerts.reconcile import reconcile
from fleet.fixes import Fixes
from tests.scenes import NOW_MS, START_MS, registry, track
from tests.storage.records import alert

BUS = [Anew(row=0, sure_ms=0, late_ms=0)]
"""Every fix is given again and any may have come late."""


def drive(*off: tuple[float, int]) -> Fixes:
    """At 38 km/h along the route: (metres off the line, seconds) after each other."""
    y = np.concatenate([np.full(seconds, metres) for metres, seconds in off])
    return track(10.5 * np.arange(len(y)), y, speed_kmh=37.8)


class Desk:
    """Alerts on file, as storage keeps them."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}

    def record(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            known = self.alerts.get(change.alert.alert_id)
            assert (known is None) == (change.kind == "opened")
            if known is not None and known.ended_ms is not None:
                assert change.alert.ended_ms != known.ended_ms
            self.alerts[change.alert.alert_id] = change.alert


def arrive(fixes: Fixes, order: np.ndarray) -> tuple[Desk, Detector]:
    """Fixes come in an order of arrival; whenever one comes late, the bus is judged anew."""
    desk, detector = Desk(), Detector(registry())
    seen: list[int] = []
    for i in order.tolist():
        late = bool(seen) and fixes.time_ms[i] < fixes.time_ms[seen].max()
        seen.append(i)
        desk.record(detector.detect(fixes.take(np.array([i])), NOW_MS).changes)
        if late:
            stored = fixes.take(np.sort(seen))
            desk.record(detector.judge_anew(stored, BUS, list(desk.alerts.values()), NOW_MS).changes)
    return desk, detector


def spans(alerts: list[Alert]) -> list[tuple[int, int]]:
    """Start and end of each, in seconds."""
    return sorted(
        ((a.started_ms - START_MS) // 1_000, ((a.ended_ms or 0) - START_MS) // 1_000) for a in alerts
    )


def test_a_deviation_in_a_stretch_that_came_after_newer_fixes_is_found() -> None:
    fixes = drive((0, 60), (120, 30), (0, 60))
    n = np.arange(len(fixes))
    desk, _ = arrive(fixes, np.r_[n[:55], n[95:], n[55:95]])
    assert spans(list(desk.alerts.values())) == [(60, 92)]  # two fixes on the way back lie across the line


def test_two_swapped_fixes_at_the_start_of_an_episode_do_not_double_it() -> None:
    fixes = drive((0, 60), (120, 30), (0, 60))
    n = np.arange(len(fixes))
    n[[60, 61]] = n[[61, 60]]
    desk, _ = arrive(fixes, n)
    assert len(desk.alerts) == 1


def test_two_deviations_that_looked_like_one_while_the_stretch_between_them_was_missing_are_two() -> None:
    fixes = drive((0, 60), (120, 30), (0, 30), (220, 30))
    n = np.arange(len(fixes))
    desk, detector = Desk(), Detector(registry())
    for part in (np.r_[n[:70], n[125:140]], n[70:125]):
        desk.record(detector.detect(fixes.take(part), NOW_MS).changes)
    assert len(desk.alerts) == 1
    desk.record(detector.judge_anew(fixes.take(n[:140]), BUS, list(desk.alerts.values()), NOW_MS).changes)
    desk.record(detector.detect(fixes.take(n[140:]), NOW_MS).changes)
    desk.record(
        detector.detect(track(10.5 * np.arange(150, 180), 0.0, start_s=150, speed_kmh=37.8), NOW_MS).changes
    )
    assert spans(list(desk.alerts.values())) == [(60, 92), (121, 151)]
    assert [a.severity for a in desk.alerts.values()] == ["warning", "serious"]


def test_judging_anew_what_came_in_order_changes_nothing() -> None:
    fixes = drive((0, 60), (120, 30), (0, 60), (120, 20))
    detector = Detector(registry())
    changes = detector.detect(fixes, NOW_MS).changes
    desk = Desk()
    desk.record(changes)
    assert detector.judge_anew(fixes, BUS, list(desk.alerts.values()), NOW_MS).changes == ()
    rest = track(10.5 * np.arange(170, 210), 0.0, start_s=170, speed_kmh=37.8)
    desk.record(detector.detect(rest, NOW_MS).changes)
    assert spans(list(desk.alerts.values())) == [(60, 92), (150, 172)]


def test_found_late_is_told_by_when_the_fix_that_opened_it_came_and_by_no_other() -> None:
    fixes = drive((0, 60), (120, 30), (0, 60))
    (opened, *_) = Detector(registry()).detect(fixes, NOW_MS).changes
    opening = fixes.time_ms == opened.alert.detected_ms
    for behind_ms, late in ((LATE_AFTER_MS, False), (LATE_AFTER_MS + 1, True)):
        others_ms = fixes.time_ms + (0 if late else 10 * LATE_AFTER_MS)
        came_ms = np.where(opening, fixes.time_ms + behind_ms, others_ms)
        for found in (
            Detector(registry()).detect(fixes, came_ms),
            Detector(registry()).judge_anew(fixes, BUS, [], came_ms),
        ):
            assert {change.alert.found_late for change in found.changes} == {late}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_in_any_disorder_no_episode_is_lost_or_doubled(seed: int, reach: int) -> None:
    fixes = drive((0, 40), (120, 25), (0, 40), (200, 25), (0, 40))
    arrival = np.argsort(np.arange(len(fixes)) + np.random.default_rng(seed).uniform(0, reach, len(fixes)))
    desk, _ = arrive(fixes, arrival)
    found = spans(list(desk.alerts.values()))
    assert [end > 0 for _, end in found] == [True] * len(found)
    for start, end in [(40, 65), (105, 130)]:
        assert any(a <= end and b >= start for a, b in found)
    assert all(any(a <= end and b >= start for start, end in [(40, 65), (105, 130)]) for a, b in found)


def episode(started_s: int, ended_s: int | None) -> Alert:
    ended_ms = None if ended_s is None else START_MS + 1_000 * ended_s
    return msgspec.structs.replace(alert("B1", START_MS + 1_000 * started_s), ended_ms=ended_ms)


def told(on_file: list[Alert], rejudged: Alert, *, sure_s: int = 0, late_s: int = 0) -> list[str]:
    """What is told of an episode that was found by judging anew."""
    steps = [Change("opened", rejudged.detected_ms, rejudged)]
    if rejudged.ended_ms is not None:
        steps.append(Change("ended", rejudged.ended_ms, rejudged))
    moments = (START_MS + 1_000 * second for second in (sure_s, late_s))
    changes, _ = reconcile(on_file, steps, START_MS + 200_000, *moments)
    return [change.kind for change in changes]


def test_what_was_over_before_the_oldest_late_fix_stays() -> None:
    known, longer = episode(60, 92), episode(60, 93)
    assert told([known], longer, late_s=100) == []
    assert told([], longer, late_s=100) == []
    assert told([known], longer, late_s=92) == ["ended"]
    assert told([known], episode(60, 130), late_s=100) == ["ended"], "it reaches beyond the late fix"


def test_what_began_before_all_is_known_stays_once_it_is_over() -> None:
    known, shorter = episode(60, 92), episode(60, 80)
    assert told([known], shorter, sure_s=70) == []
    assert told([], shorter, sure_s=70) == []
    assert told([known], shorter, sure_s=60) == ["ended"]
    assert told([], episode(60, None), sure_s=70) == ["opened"], "it goes on"
    assert told([episode(60, None)], episode(60, 80), sure_s=70) == ["ended"]
