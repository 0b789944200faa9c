"""A waiver covers by time, route and place; what it covers is lowered and marked, never hidden."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.waivers import covering, waived, within
from fleet.registry import Waiver
from tests.scenes import START_MS
from tests.storage.records import alert

SQUARE = ((114.30, 30.60), (114.32, 30.60), (114.32, 30.62), (114.30, 30.62))
DEVIATION = alert(rule="deviation", severity="critical")
"""Begins at START_MS near 114.31, 30.61, and goes on."""
HOUR = 3_600_000


def waiver(**changes: Any) -> Waiver:
    stands = Waiver("W1", "roadworks", "交警大队", START_MS - HOUR, START_MS + HOUR, ("R1",), SQUARE)
    return msgspec.structs.replace(stands, **changes)


def test_a_deviation_in_its_time_area_and_route_is_covered() -> None:
    assert covering(DEVIATION, [waiver()], "R1") == waiver()


@pytest.mark.parametrize(
    "other",
    [
        waiver(route_ids=("R2",)),
        waiver(area=tuple((lon + 1, lat) for lon, lat in SQUARE)),
        waiver(to_ms=START_MS),
    ],
    ids=["another route", "another place", "over when it began"],
)
def test_one_for_something_else_covers_nothing(other: Waiver) -> None:
    assert covering(DEVIATION, [other], "R1") is None
    assert covering(DEVIATION, [other, waiver()], "R1") == waiver()


def test_one_given_while_the_bus_is_off_its_route_covers_it_and_one_given_after_does_not() -> None:
    later = waiver(from_ms=START_MS + 60_000)
    assert covering(DEVIATION, [later], "R1") == later
    ended = msgspec.structs.replace(DEVIATION, ended_ms=START_MS + 59_999)
    assert covering(ended, [later], "R1") is None


def test_without_routes_every_route_and_without_area_any_place() -> None:
    assert covering(DEVIATION, [waiver(route_ids=())], None) is not None
    assert covering(DEVIATION, [waiver(area=())], "R1") is not None


def test_skipped_stops_are_part_of_a_detour_and_speeding_is_not() -> None:
    assert covering(alert(rule="stops_skipped"), [waiver()], "R1") is not None
    assert covering(alert(rule="speeding"), [waiver()], "R1") is None


def test_what_is_covered_becomes_a_warning_that_names_its_waiver_and_else_stays() -> None:
    lowered = waived(DEVIATION, waiver())
    assert (lowered.severity, lowered.evidence.waiver_id) == ("warning", "W1")
    plain = msgspec.structs.replace(lowered.evidence, waiver_id=None)
    assert msgspec.structs.replace(lowered, severity="critical", evidence=plain) == DEVIATION


def test_a_place_in_the_notch_of_an_area_is_outside_it() -> None:
    notched = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0))
    assert within(1.0, 1.0, notched)
    assert within(3.0, 1.0, notched)
    assert not within(2.0, 3.0, notched)
    assert not within(5.0, 1.0, notched)
