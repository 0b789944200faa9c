"""What drift makes of a bus that does nothing wrong, above all where its line passes near itself."""

import dataclasses
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from alerts.detector import Detector
from alerts.episodes import Alert
from alerts.offline import find_episodes
from alerts.trips import UNDER_WAY
from fleet.fixes import Fixes
from fleet.registry import LimitStretch, Registry, Stop
from tests.scenes import LENGTH_M, NOW_MS, approval, degrees, drive, registry, track

HAIRPIN = [(0.0, 0.0), (3_000.0, 0.0), (3_000.0, 75.0), (0.0, 75.0), (0.0, 3_000.0)]
"""Out along one street and back along the next, 75 m beside it."""


def found(fixes: Fixes, record: Registry) -> list[str]:
    alerts: list[Alert] = find_episodes(fixes, record)
    return [alert.rule for alert in alerts]


def hairpin_with_stops(*at_m: float) -> Registry:
    """Stops on the way out."""
    lon, lat = degrees(at_m, np.zeros(len(at_m)))
    stops = tuple(Stop(f"{m:.0f}", a, b, m) for m, a, b in zip(at_m, lon.tolist(), lat.tolist(), strict=True))
    plain = approval(points=HAIRPIN)
    return registry(msgspec.structs.replace(plain, stops=(*stops, plain.stops[-1])))


def drifting(x: np.ndarray, spells: Sequence[tuple[float, float, float]]) -> np.ndarray:
    """Metres north of the way out: 0, but so many from one x to another."""
    y = np.zeros(len(x))
    for begin, end, north in spells:
        y = np.where((x >= begin) & (x < end), north, y)
    return y


def test_a_fix_matched_to_the_street_beside_and_back_leaves_no_stop_out() -> None:
    x = drive(0, 2_900, 36)
    y = drifting(x, [(1_000, 1_060, 56.0)])
    assert found(track(x, y, speed_kmh=36), hairpin_with_stops(0, 500, 1_500, 2_500)) == []


def test_a_bus_that_drift_puts_nearer_to_the_way_back_drives_not_the_wrong_way() -> None:
    x = drive(0, 2_900, 36)
    y = drifting(x, [(1_500, 2_900, 54.0)])
    assert "wrong_way" not in found(track(x, y, speed_kmh=36), registry(approval(points=HAIRPIN)))


def test_a_bus_that_turns_round_on_a_line_that_nowhere_runs_its_way_still_does() -> None:
    x = np.r_[drive(0, 3_000, 36), drive(-3_000, -2_000, 36) * -1]
    assert found(track(x, 20.0 * (np.arange(len(x)) > 310), speed_kmh=36), registry()) == ["wrong_way"]


@pytest.mark.parametrize("every_s", [1, 5, 30])
def test_a_standing_bus_whose_place_drifts_to_a_later_pass_has_not_begun_its_trip(every_s: int) -> None:
    loop = [(0.0, 0.0), (100.0, 0.0), (100.0, 60.0), (0.0, 60.0), (-3_000.0, 60.0)]
    stands = np.zeros(900)
    y = np.where((np.arange(900) > 300) & (np.arange(900) < 800), 45.0, 0.0)
    detector = Detector(registry(approval(points=loop)))
    fixes = track(stands[::every_s], y[::every_s], every_s=every_s, start_s=-100, speed_kmh=0.0)
    findings = detector.detect(fixes, NOW_MS)
    assert not np.any(findings.judged.phase == UNDER_WAY)
    assert findings.changes == ()


def test_a_bus_that_waited_on_its_line_may_turn_round_to_its_first_stop_when_the_window_opens() -> None:
    x = np.r_[drive(0, 2_000, 36), np.full(200, 2_000.0), drive(-2_000, 0, 36) * -1, drive(0, 3_000, 36)]
    assert found(track(x, start_s=-400), registry()) == []


def test_a_bus_that_set_out_early_is_under_way_soon_after_its_window_opens() -> None:
    findings = Detector(registry()).detect(track(drive(0, 3_000, 36), start_s=-100), NOW_MS)
    assert findings.judged.phase[90] != UNDER_WAY
    assert findings.judged.phase[110] == UNDER_WAY


def test_the_limit_of_a_street_that_the_bus_only_crosses_is_not_its_limit() -> None:
    crossing = [(0.0, 0.0), (3_000.0, 0.0), (3_000.0, 600.0), (1_500.0, 600.0), (1_500.0, -600.0)]
    slow = LimitStretch(5_100.0, 6_300.0, 20.0, "hazard")
    record = registry(approval(points=crossing, limits=[slow]))
    x = drive(0, 2_900, 30)
    y = drifting(x, [(1_400, 1_600, 56.0)])
    assert found(track(x, y, speed_kmh=30), record) == []


@pytest.mark.parametrize(("kmh", "told"), [(52, ["speeding"]), (43, [])])
def test_a_receiver_that_wanders_out_of_the_corridor_hides_no_speeding(kmh: float, told: list[str]) -> None:
    """Its accuracy it does not say; where it drives it comes 70 m from the line, and the corridor is 50."""
    record = registry(approval(limits=[LimitStretch(0, LENGTH_M, 40, "posted")]))
    x = np.r_[drive(0, 2_500, 36), drive(2_500, 3_300, kmh), drive(3_300, 4_300, 36)]
    y = np.interp(x, [0, 500, 1_000, 2_400, 2_600, 5_000], [0, 0, 45, 45, 70, 70])
    assert found(track(x, y, accuracy_m=np.nan), record) == told


@pytest.mark.parametrize(("aside_s", "told"), [(0, True), (45, True), (120, False)])
def test_drift_on_the_way_out_of_the_first_stop_does_not_hide_that_the_trip_has_begun(
    aside_s: int, told: bool
) -> None:
    """Only a bus whose trip is under way can be deviating. After two minutes it may have been elsewhere."""
    x = np.r_[np.zeros(60), drive(0, 4_000, 36)]
    y = np.where((x > 100) & (x < 100 + 10 * aside_s), 130.0, 0.0) + np.where(
        (x > 2_000) & (x < 2_900), 250.0, 0.0
    )
    assert ("deviation" in found(track(x, y), registry())) is told


@pytest.mark.parametrize(("unseen_s", "told"), [(30, True), (150, False)])
def test_a_bus_that_may_have_been_at_its_last_stop_while_unseen_is_driving_home(
    unseen_s: int, told: bool
) -> None:
    """Its last stop is 700 m on when it is seen last; when it is seen again it drives back, and off."""
    out = drive(0, LENGTH_M - 700, 36)
    back = drive(-(LENGTH_M - 600), -(LENGTH_M - 1_600), 36) * -1
    away = drive(0, 1_000, 36)
    x = np.r_[out, back, np.full(len(away), back[-1])]
    y = np.r_[np.zeros(len(out) + len(back)), away]
    fixes = track(x, y, speed_kmh=36)
    later_ms = np.where(np.arange(len(x)) >= len(out), 1_000 * unseen_s, 0)
    rules = found(dataclasses.replace(fixes, time_ms=fixes.time_ms + later_ms), registry())
    assert ("deviation" in rules) is ("wrong_way" in rules) is told


def test_a_bus_that_goes_on_after_it_was_unseen_near_its_last_stop_is_held_to_its_line_again() -> None:
    x = np.r_[drive(0, LENGTH_M - 1_500, 36), drive(LENGTH_M - 1_400, LENGTH_M, 36)]
    y = np.where((x > LENGTH_M - 1_000) & (x < LENGTH_M - 500), 200.0, 0.0)
    fixes = track(x, y, speed_kmh=36)
    unseen_ms = np.where(x > LENGTH_M - 1_450, 130_000, 0)
    assert "deviation" in found(dataclasses.replace(fixes, time_ms=fixes.time_ms + unseen_ms), registry())
