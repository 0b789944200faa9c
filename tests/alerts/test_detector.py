"""Properties of the detector that hold for any stream."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.detector import Detector
from alerts.episodes import Change
from fleet.clock import HOUR_MS
from fleet.fixes import Fixes
from tests.scenes import NOW_MS, START_MS, registry, track

BUSES = 3
RECORD = registry(buses=BUSES)


@st.composite
def streams(draw: st.DrawFn) -> Fixes:
    """Fixes of three buses, interleaved as they would arrive: wild, standing, off the line, fast."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tracks = []
    for row in range(BUSES):
        n = draw(st.integers(1, 150))
        speed = np.clip(np.cumsum(rng.normal(0, 4, n)) + 50, 0, 120)
        x = np.cumsum(speed / 3.6)
        y = np.where(
            rng.random(n) < 0.02, 5_000, np.cumsum(rng.normal(0, draw(st.sampled_from([1, 8, 20])), n))
        )
        tracks.append(track(x, y, speed_kmh=speed, row=row))
    joined = Fixes.concat(tracks)
    return joined.take(np.argsort(joined.time_ms + joined.bus, kind="stable"))


def judge_in_parts(fixes: Fixes, cuts: list[int]) -> list[Change]:
    detector = Detector(RECORD)
    edges = [0, *sorted(cut % (len(fixes) + 1) for cut in cuts), len(fixes)]
    changes: list[Change] = []
    for start, end in pairwise(edges):
        changes += detector.detect(fixes.take(np.arange(start, end)), NOW_MS).changes
    return changes


@settings(max_examples=60, deadline=None)
@given(streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_the_cut_into_batches_never_changes_the_result(fixes: Fixes, cuts: list[int]) -> None:
    assert judge_in_parts(fixes, cuts) == judge_in_parts(fixes, [])


@settings(max_examples=40, deadline=None)
@given(streams())
def test_each_bus_is_judged_as_if_it_were_alone(fixes: Fixes) -> None:
    together = judge_in_parts(fixes, [])
    for row, bus in enumerate(RECORD.buses):
        alone = judge_in_parts(fixes.take(fixes.bus == row), [])
        assert alone == [c for c in together if c.alert.bus_id == bus.bus_id]


@settings(max_examples=40, deadline=None)
@given(streams())
def test_opened_and_ended_alternate_for_each_bus_and_rule(fixes: Fixes) -> None:
    is_open: dict[tuple[str, str], str] = {}
    for change in judge_in_parts(fixes, []):
        key = (change.alert.bus_id, change.alert.rule)
        if change.kind == "opened":
            assert key not in is_open
            is_open[key] = change.alert.alert_id
        else:
            assert is_open[key] == change.alert.alert_id
            if change.kind == "ended":
                del is_open[key]


def test_fixes_that_come_when_the_clock_has_run_past_their_trip_are_judged_by_it_all_the_same() -> None:
    """The way of a bus that had no link all the while, handed in an hour after its window."""
    y = np.concatenate([np.zeros(60), np.full(60, 150.0), np.zeros(60)])
    fixes = track(10.0 * np.arange(len(y)), y, speed_kmh=36)
    in_time = Detector(registry()).detect(fixes, NOW_MS).changes
    assert [change.alert.rule for change in in_time if change.kind == "opened"] == ["deviation"]
    detector = Detector(registry())
    assert detector.tick(START_MS - HOUR_MS) == ()
    (not_begun, _) = detector.tick(START_MS + 3 * HOUR_MS)
    assert not_begun.alert.rule == "trip_not_begun"
    assert detector.detect(fixes, NOW_MS).changes == in_time


def test_a_batch_of_nothing_is_harmless() -> None:
    assert Detector(RECORD).detect(Fixes.empty(), START_MS).changes == ()
