"""Substitutes: a bus that serves another's route is one, and an empty bus on the same roads is none."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest

from fleet.fixes import Fixes
from fleet.registry import Registry, Stop
from tests.scenes import approval, degrees, drive, found, registry, track

LENGTH_M = 12_000
STOPS_M = (0, 1_800, 3_900, 6_100, 8_200, 10_300, LENGTH_M)


def record() -> Registry:
    """B1 has R1; B2 has R2, 3 km north of it, with stops on the way. Both from 07:00 to 09:00."""
    other = approval("R2", points=[(x, 3_000.0) for x in range(0, LENGTH_M + 1, 100)])
    lon, lat = degrees(STOPS_M, np.full(len(STOPS_M), 3_000.0))
    stops = tuple(Stop(f"{m}", a, b, m) for m, a, b in zip(STOPS_M, lon.tolist(), lat.tolist(), strict=True))
    base = registry(approval(), msgspec.structs.replace(other, stops=stops), buses=2)
    first, second = base.assignments
    return msgspec.structs.replace(base, assignments=(first, msgspec.structs.replace(second, route_id="R2")))


def along_r2(*halts: tuple[float, int], from_m: float = 0.0, every_s: int = 1, first: int = 0) -> Fixes:
    """B1 along R2 to the last stop: (at metres, seconds) it stands. Between it gathers speed by 1 m/s
    a second up to 45 km/h, and brakes as hard.
    """
    places, speed_ms = [from_m], 12.5
    for metres, seconds in (*halts, (LENGTH_M, 0)):
        while metres - places[-1] > 1.0:
            speed_ms = max(min(speed_ms + 1.0, 12.5, math.sqrt(2.0 * (metres - places[-1]))), 1.0)
            places.append(min(places[-1] + speed_ms, metres))
        places += [places[-1]] * seconds
        speed_ms = 0.0 if seconds else speed_ms
    x = np.array(places)
    at = np.arange(first, len(x), every_s)
    speed = np.diff(x, prepend=x[0]) * 3.6
    return track(x[at], 3_000.0, speed_kmh=speed[at], every_s=every_s, start_s=first)


def told(fixes: Fixes) -> list[str | None]:
    return [alert.evidence.approval_id for alert in found(fixes, record()) if alert.rule == "substitute"]


@pytest.mark.parametrize("every_s", [1, 5, 15, 30])
@pytest.mark.parametrize("dwell_s", [20, 30])
def test_a_bus_that_stands_at_the_stops_is_a_substitute_at_any_sampling(every_s: int, dwell_s: int) -> None:
    for first in range(0, every_s, 4):
        halts = [(m, dwell_s) for m in STOPS_M[:-1]]
        assert told(along_r2(*halts, every_s=every_s, first=first)) == ["R2.1"]


@pytest.mark.parametrize("every_s", [1, 15])
def test_drift_out_of_the_corridor_for_a_minute_hides_no_substitute(every_s: int) -> None:
    fixes = along_r2(*((m, 25) for m in STOPS_M[:-1]), every_s=every_s)
    drifts = (fixes.time_ms >= fixes.time_ms[0] + 300_000) & (fixes.time_ms < fixes.time_ms[0] + 360_000)
    north = np.where(drifts, degrees([0], [3_060.0])[1] - degrees([0], [3_000.0])[1], 0.0)
    assert told(dataclasses.replace(fixes, lat=fixes.lat + north)) == ["R2.1"]


@pytest.mark.parametrize("parked_s", [0, 200, 500])
def test_where_it_set_out_counts_and_not_where_it_had_been(parked_s: int) -> None:
    """It comes backwards along the line that it will drive, and waits at its beginning."""
    there = along_r2(*((m, 25) for m in STOPS_M[:-1]))
    back = drive(-6_000, 0, 36)
    fixes = track(np.r_[-back, np.zeros(parked_s)], 3_000.0)
    start_ms = int(fixes.time_ms[-1] - there.time_ms[0]) + 1_000
    assert told(Fixes.concat([fixes, dataclasses.replace(there, time_ms=there.time_ms + start_ms)])) == [
        "R2.1"
    ]


def test_a_stop_at_which_nobody_waits_may_be_passed() -> None:
    assert told(along_r2(*((m, 25) for m in STOPS_M[1:-1:2]), every_s=15)) == ["R2.1"]


@pytest.mark.parametrize("every_s", [1, 5, 15, 30])
def test_an_empty_bus_that_drives_the_same_way_is_none(every_s: int) -> None:
    lights = (900, 2_600, 3_940, 5_200, 7_000, 9_100)
    for first in range(0, every_s, 4):
        assert told(along_r2(*((m, 30) for m in lights), every_s=every_s, first=first)) == []
        assert told(along_r2(every_s=every_s, first=first)) == []


@pytest.mark.parametrize("every_s", [1, 15])
@pytest.mark.parametrize("stood_s", [0, 25])
def test_a_long_way_before_the_first_stop_does_not_hide_it(every_s: int, stood_s: int) -> None:
    halts = [(0.0, stood_s), *((m, 25) for m in STOPS_M[1:-1])]
    for from_m in (-4_000.0, -9_700.0, -23_000.0):
        assert told(along_r2(*halts, from_m=from_m, every_s=every_s)) == ["R2.1"]


def test_stops_served_before_a_trip_of_its_own_say_nothing_of_the_way_after_it() -> None:
    served = along_r2(*((m, 25) for m in STOPS_M[:-1] if m < 5_000))
    early = served.take(np.arange(500))
    own = track(drive(0, 9_990, 45), start_s=700)
    after = track(drive(6_000, LENGTH_M - 20, 45), 3_000.0, start_s=1_700)
    assert told(Fixes.concat([early, own, after])) == []
