"""The receiver: its noise has the size and the memory asked for."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.drive import Activity, State
from simulators.plane import CityPlane, Sites
from simulators.receiver import CANYON_SIGMA_M, DRIFT_TAU_S, OPEN_SIGMA_M, WHITE_SIGMA_M, Receivers
from simulators.roads import SKIES, Sky

BUSES, SECONDS = 300, 600


def errors(sky: Sky) -> np.ndarray:
    """East errors in metres of buses that stand at the centre, shape (SECONDS, BUSES)."""
    plane = CityPlane()
    receivers = Receivers(1, BUSES, Sites([plane], [0.0], BUSES))
    zeros = np.zeros(BUSES)
    found = []
    for second in range(SECONDS):
        state = State(
            time_ms=np.full(BUSES, second * 1_000, np.int64),
            x=zeros,
            y=zeros,
            speed_ms=zeros,
            heading_deg=zeros,
            limit_ms=zeros,
            sky=np.full(BUSES, SKIES.index(sky), np.int8),
            activity=np.full(BUSES, Activity.PARKED, np.int8),
        )
        fixes = receivers.observe(state, np.ones(BUSES, np.bool_))
        found.append(plane.to_metres(fixes.lon, fixes.lat)[0])
    return np.array(found)[100:]


@pytest.mark.parametrize(("sky", "sigma"), [("open", OPEN_SIGMA_M), ("canyon", CANYON_SIGMA_M)])
def test_errors_are_as_large_as_asked_for(sky: Sky, sigma: float) -> None:
    assert errors(sky).std() == pytest.approx(np.hypot(sigma, WHITE_SIGMA_M), rel=0.1)


def test_errors_are_correlated_in_time_as_asked_for() -> None:
    drift = errors("open")
    variance = drift.var()
    for lag in (10, 60):
        correlation = (drift[:-lag] * drift[lag:]).mean() / variance
        assert correlation == pytest.approx(np.exp(-lag / DRIFT_TAU_S), abs=0.12)


def test_only_reporting_buses_give_fixes_and_the_reported_accuracy_is_honest() -> None:
    receivers = Receivers(1, 3, Sites([CityPlane()], [0.0], 3))
    column = np.zeros(3)
    state = State(
        time_ms=np.arange(3, dtype=np.int64),
        x=column,
        y=column,
        speed_ms=column + 10,
        heading_deg=column + 359.9,
        limit_ms=column,
        sky=np.zeros(3, np.int8),
        activity=np.zeros(3, np.int8),
    )

    fixes = receivers.observe(state, np.array([True, False, True]))

    assert fixes.bus.tolist() == [0, 2]
    assert np.all(np.abs(fixes.speed_kmh - 36) < 3)
    assert np.all((fixes.heading_deg >= 0) & (fixes.heading_deg < 360))
    assert np.all((fixes.accuracy_m > 2) & (fixes.accuracy_m < 9))
