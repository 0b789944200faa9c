"""What is read off tracks of which it is known."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from benchmarks.tracks import Sample, Tracks, ks_distance, off_line, sample_of


def driven(speed_ms: np.ndarray, **columns: np.ndarray) -> Tracks:
    """A vehicle that drives due east, a fix a second; ``columns`` replace what it would report."""
    n = len(speed_ms)
    found = {
        "vehicle": np.zeros(n, np.int64),
        "time_s": np.arange(n, dtype=np.float64),
        "x": np.r_[0.0, np.cumsum((speed_ms[1:] + speed_ms[:-1]) / 2)],
        "y": np.zeros(n),
        "speed_ms": speed_ms,
    }
    return Tracks.of(**(found | columns))


STOP_AND_GO = np.r_[np.full(20, 10.0), np.arange(9, 0, -1), np.zeros(30), np.arange(1, 11), np.full(20, 10.0)]


@pytest.fixture(params=[True, False], ids=["reported", "places"])
def stop_and_go(request: pytest.FixtureRequest) -> Sample:
    return sample_of(driven(STOP_AND_GO), reported=request.param)


def test_one_stop_on_the_way_is_one_stand(stop_and_go: Sample) -> None:
    assert stop_and_go.stand_s == pytest.approx([30], abs=2)
    assert stop_and_go.standing == pytest.approx(30 / len(STOP_AND_GO), abs=0.03)
    assert stop_and_go.jumps == 0


def test_a_metre_a_second_each_second_is_the_acceleration(stop_and_go: Sample) -> None:
    assert stop_and_go.acceleration_ms2.max() == pytest.approx(1)
    assert stop_and_go.acceleration_ms2.min() == pytest.approx(-1)
    assert np.median(stop_and_go.speed_kmh) == pytest.approx(36)


def test_the_metres_between_two_stands_are_those_driven() -> None:
    found = sample_of(driven(np.r_[STOP_AND_GO, STOP_AND_GO]), reported=True)

    assert len(found.stand_s) == 2
    assert found.between_stands_m == pytest.approx([20 * 10 + 20 * 10 + 100], abs=10)


def test_a_circle_is_turned_at_its_rate() -> None:
    angle = np.radians(3) * np.arange(100)
    radius = 10 / np.radians(3)
    found = sample_of(
        driven(np.full(100, 10.0), x=radius * np.cos(angle), y=radius * np.sin(angle)), reported=True
    )

    assert found.turn_deg_s == pytest.approx(np.full(98, 3.0))
    assert found.aside_m == pytest.approx(np.full(98, radius * (1 - np.cos(np.radians(3)))), rel=1e-6)


def test_white_noise_at_rest_moves_a_receiver_as_far_after_a_minute_as_after_a_second() -> None:
    rng = np.random.default_rng(1)
    n = 5_000
    found = sample_of(driven(np.zeros(n), x=rng.normal(0, 2, n), y=rng.normal(0, 2, n)), reported=True)

    assert list(found.wander_m.values()) == pytest.approx([4, 4, 4], rel=0.05)


def test_a_place_told_twice_is_stale_and_no_braking() -> None:
    tracks = driven(np.full(60, 10.0))
    x = tracks.x.copy()
    x[30] = x[29]

    for reported in (True, False):
        found = sample_of(driven(tracks.speed_ms, x=x), reported=reported)
        assert found.stale == pytest.approx(1 / 59)
        assert np.abs(found.acceleration_ms2).max() < 1e-9
        assert not len(found.stand_s)


def test_a_gap_and_a_jump_are_no_driving() -> None:
    tracks = driven(np.full(60, 10.0))
    time_s = tracks.time_s + np.where(np.arange(60) >= 30, 600, 0)
    found = sample_of(
        driven(tracks.speed_ms, time_s=time_s, x=tracks.x + (np.arange(60) == 45) * 500), reported=False
    )

    assert found.interval_s.max() == 601
    assert found.jumps == pytest.approx(2 / 58)
    assert found.speed_kmh == pytest.approx(36)


def test_the_distance_from_a_line_is_signed_and_its_memory_is_measured() -> None:
    line = shapely.LineString([(0, 0), (1_000, 0)])
    assert off_line(line, np.array([10.0, 500.0]), np.array([3.0, -4.0])) == pytest.approx([3, -4])

    rng = np.random.default_rng(1)
    drift = np.zeros(20_000)
    for second in range(1, len(drift)):
        drift[second] = np.exp(-1 / 20) * drift[second - 1] + rng.normal(0, np.sqrt(1 - np.exp(-2 / 20)))
    found = sample_of(driven(np.full(len(drift), 10.0), off_m=drift), reported=True)
    assert found.off_tau_s == pytest.approx(20, rel=0.15)


def test_tracks_without_a_neighbour_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="two fixes"):
        sample_of(driven(np.array([10.0])), reported=True)


def test_the_ks_distance_is_the_greatest_difference_of_the_shares() -> None:
    one, other = np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6])

    assert ks_distance(one, one) == 0
    assert ks_distance(one, other) == pytest.approx(0.5)
    assert ks_distance(one, other + 10) == 1
