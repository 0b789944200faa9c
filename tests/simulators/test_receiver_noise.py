"""The receivers' noise over ten thousand of them: its size and its memory at any sampling interval.

The bounds are several standard errors wide, and narrower than what a constant that is a fifth off makes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS, SECOND_MS
from fleet.fixes import Fixes
from simulators.drive import Activity, State
from simulators.plane import CityPlane, Sites
from simulators.receiver import (
    CANYON_SIGMA_M,
    COLD_SIGMA_M,
    COLD_TAU_S,
    DEEP_SIGMA_M,
    DEEP_TAU_S,
    DRIFT_TAU_S,
    OPEN_SIGMA_M,
    SPEED_SIGMA_KMH,
    WHITE_SIGMA_M,
    Noise,
    Receivers,
)
from tests.simulators.conftest import NOON_MS

BUSES = 10_000
PLANE = CityPlane()
SPEED_MS = 10.0
EVERY = np.ones(BUSES, np.bool_)
ROUNDED_M = 0.03
"""Standard deviation of what rounding to a millionth of a degree adds, in each axis."""


class Sky(NamedTuple):
    """Where buses stand, and the noise that is asked for there."""

    noise: Noise
    canyon: bool
    sigma_m: float
    tau_s: float


OPEN_SKY = Sky("open_sky", canyon=False, sigma_m=OPEN_SIGMA_M, tau_s=DRIFT_TAU_S)
STREET = Sky("city", canyon=False, sigma_m=OPEN_SIGMA_M, tau_s=DRIFT_TAU_S)
TALL_STREET = Sky("city", canyon=True, sigma_m=CANYON_SIGMA_M, tau_s=DRIFT_TAU_S)
CANYON = Sky("canyon", canyon=False, sigma_m=DEEP_SIGMA_M, tau_s=DEEP_TAU_S)

skies = pytest.mark.parametrize("sky", [OPEN_SKY, STREET, TALL_STREET, CANYON])
sampled = pytest.mark.parametrize("interval_s", [1, 15])


def state(after_ms: int, *, activity: Activity = Activity.RUN, canyon: bool = False) -> State:
    """Buses at the centre at ``SPEED_MS``, so long after noon."""
    zeros = np.zeros(BUSES)
    return State(
        time_ms=np.full(BUSES, NOON_MS + after_ms, np.int64),
        x=zeros,
        y=zeros,
        speed_ms=zeros + SPEED_MS,
        heading_deg=zeros,
        limit_ms=zeros,
        sky=np.full(BUSES, int(canyon), np.int8),
        activity=np.full(BUSES, activity, np.int8),
    )


def observed(sky: Sky, interval_s: int, seconds: int) -> list[Fixes]:
    """What buses report that stay at the centre at ``SPEED_MS``, every ``interval_s`` seconds."""
    receivers = Receivers(1, BUSES, Sites([PLANE], [0.0], BUSES), sky.noise)
    return [
        receivers.observe(state(second * SECOND_MS, canyon=sky.canyon), EVERY)
        for second in range(0, seconds + 1, interval_s)
    ]


def started(off_minutes: int, after_s: float) -> Fixes:
    """What devices that were off for ``off_minutes`` report ``after_s`` after they are switched on."""
    receivers = Receivers(1, BUSES, Sites([PLANE], [0.0], BUSES))
    on_ms = off_minutes * MINUTE_MS
    receivers.observe(state(0, activity=Activity.PARKED), ~EVERY)
    receivers.observe(state(on_ms, activity=Activity.OUT), ~EVERY)
    return receivers.observe(state(on_ms + round(after_s * SECOND_MS), activity=Activity.OUT), EVERY)


def error_m(fixes: Fixes) -> NDArray[np.float64]:
    """East and north errors in metres, one after the other, shape (2 * BUSES,)."""
    return np.concatenate(PLANE.to_metres(fixes.lon, fixes.lat))


@skies
@sampled
def test_the_error_is_as_large_in_each_axis_as_asked_for(sky: Sky, interval_s: int) -> None:
    for fixes in observed(sky, interval_s, 2 * interval_s):
        for axis in np.split(error_m(fixes), 2):
            assert axis.std() == pytest.approx(np.hypot(sky.sigma_m, WHITE_SIGMA_M), rel=0.04)
            assert abs(axis.mean()) < 0.05 * sky.sigma_m


@skies
@sampled
def test_the_error_remembers_itself_as_long_as_asked_for(sky: Sky, interval_s: int) -> None:
    found = observed(sky, interval_s, int(2 * sky.tau_s))
    first = error_m(found[0])
    drift = sky.sigma_m**2 / (sky.sigma_m**2 + WHITE_SIGMA_M**2)

    for lag_s in (interval_s, sky.tau_s, 2 * sky.tau_s):
        later = error_m(found[round(lag_s / interval_s)])
        correlation = np.corrcoef(first, later)[0, 1]
        assert correlation == pytest.approx(drift * np.exp(-lag_s / sky.tau_s), abs=0.035)


@skies
def test_from_one_second_to_the_next_it_moves_by_white_noise_and_a_little_drift(sky: Sky) -> None:
    first, second = (error_m(fixes) for fixes in observed(sky, 1, 1))
    drifted = sky.sigma_m**2 * (1 - np.exp(-1 / sky.tau_s))

    expected = 2 * (drifted + WHITE_SIGMA_M**2 + ROUNDED_M**2)
    assert np.square(second - first).mean() == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("after_s", [0, COLD_TAU_S, 2 * COLD_TAU_S])
def test_a_receiver_that_was_off_for_long_starts_cold_and_soon_finds_its_place(after_s: float) -> None:
    sigma = OPEN_SIGMA_M + COLD_SIGMA_M * np.exp(-after_s / COLD_TAU_S)

    for axis in np.split(error_m(started(31, after_s)), 2):
        assert axis.std() == pytest.approx(np.hypot(sigma, WHITE_SIGMA_M), rel=0.03)


def test_after_four_times_its_memory_a_cold_start_is_over() -> None:
    assert error_m(started(31, 4 * COLD_TAU_S)).std() < 1.25 * OPEN_SIGMA_M
    assert started(31, 0).accuracy_m.mean() > 5 * started(31, 4 * COLD_TAU_S).accuracy_m.mean()


def test_a_receiver_that_was_off_for_less_than_half_an_hour_starts_warm() -> None:
    assert error_m(started(25, 0)).std() == pytest.approx(np.hypot(OPEN_SIGMA_M, WHITE_SIGMA_M), rel=0.03)


@sampled
def test_the_axes_and_the_buses_err_by_themselves(interval_s: int) -> None:
    east, north = np.split(error_m(observed(OPEN_SKY, interval_s=interval_s, seconds=0)[0]), 2)

    assert abs(np.corrcoef(east, north)[0, 1]) < 0.05
    assert abs(np.corrcoef(east[1:], east[:-1])[0, 1]) < 0.05


def test_speeds_err_as_asked_for_from_fix_to_fix() -> None:
    first, second = (fixes.speed_kmh.astype(np.float64) for fixes in observed(OPEN_SKY, 1, 1))

    assert first.std() == pytest.approx(SPEED_SIGMA_KMH, rel=0.06)
    assert first.mean() == pytest.approx(3.6 * SPEED_MS, abs=0.05)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_places_come_in_millionths_of_a_degree_and_speeds_in_tenths() -> None:
    fixes = observed(STREET, interval_s=1, seconds=0)[0]

    for degrees in (fixes.lon, fixes.lat):
        np.testing.assert_array_equal(degrees, np.round(degrees, 6))
        assert np.any(degrees != np.round(degrees, 5))
    np.testing.assert_array_equal(
        fixes.speed_kmh, np.round(fixes.speed_kmh.astype(np.float64), 1).astype("f4")
    )
    assert np.any(fixes.speed_kmh != np.round(fixes.speed_kmh))
