"""Buses that leave their routes at one place, one after the other, are one incident."""

from __future__ import annotations

import random

import msgspec

from alerts.episodes import Alert
from alerts.incidents import area_round, gather, metres
from alerts.waivers import within
from fleet.parameters import IncidentParameters
from tests.scenes import START_MS, degrees
from tests.storage.records import alert

THREE = IncidentParameters(buses=3, radius_m=400.0, within_ms=900_000)
MINUTE = 60_000


def leaves(bus: str, minute: float, x: float = 0.0, ended: float | None = None) -> Alert:
    """A bus that leaves its line so many minutes after the start, ``x`` metres east of the place."""
    lon, lat = degrees([x], [0.0])
    started_ms = START_MS + round(minute * MINUTE)
    return alert(
        bus,
        started_ms,
        rule="deviation",
        lon=float(lon[0]),
        lat=float(lat[0]),
        ended_ms=None if ended is None else START_MS + round(ended * MINUTE),
    )


def incidents(*alerts: Alert, minute: float = 0.0) -> list[tuple[str, ...]]:
    pairs = [(one, f"R{one.bus_id[1:]}") for one in alerts]
    return [found.bus_ids for found in gather(pairs, THREE, START_MS + round(minute * MINUTE))]


def test_three_buses_at_one_place_within_minutes() -> None:
    assert incidents(leaves("B1", 0), leaves("B2", 5, 100), leaves("B3", 12, 300)) == [("B1", "B2", "B3")]


def test_two_are_none_and_one_bus_three_times_is_none() -> None:
    assert incidents(leaves("B1", 0), leaves("B2", 5)) == []
    assert incidents(leaves("B1", 0), leaves("B1", 5), leaves("B1", 9)) == []


def test_one_that_left_elsewhere_or_long_after_the_last_belongs_to_none() -> None:
    assert incidents(leaves("B1", 0), leaves("B2", 5), leaves("B3", 6, 500)) == []
    assert incidents(leaves("B1", 0), leaves("B2", 5), leaves("B3", 21)) == []


def test_it_grows_for_as_long_as_each_follows_the_one_before() -> None:
    found = incidents(*(leaves(f"B{n}", 14 * n) for n in range(1, 6)))
    assert found == [("B1", "B2", "B3", "B4", "B5")]


def test_two_streets_at_once_are_two_incidents() -> None:
    alerts = [leaves(f"B{n}", n, 0 if n % 2 else 2_000) for n in range(1, 7)]
    assert incidents(*alerts) == [("B1", "B3", "B5"), ("B2", "B4", "B6")]


def test_what_was_found_late_joins_none() -> None:
    late = msgspec.structs.replace(leaves("B3", 6), found_late=True)
    assert incidents(leaves("B1", 0), leaves("B2", 5), late) == []


def test_it_ends_when_all_are_back_and_none_has_joined_for_long() -> None:
    back = [leaves(f"B{n}", n, ended=n + 4) for n in range(1, 4)]
    ends = [
        gather([(one, None) for one in alerts], THREE, START_MS + minute * MINUTE)[0].ended_ms
        for alerts, minute in ((back, 17), (back, 19), ([*back[:2], leaves("B3", 3)], 60))
    ]
    assert ends == [None, START_MS + 7 * MINUTE, None]


def test_the_order_in_which_alerts_are_given_changes_nothing() -> None:
    alerts = [(leaves(f"B{n % 7}", n * 2, (n * 37) % 500), None) for n in range(30)]
    found = gather(alerts, THREE, START_MS)
    assert found
    random.Random(4).shuffle(alerts)
    assert gather(alerts, THREE, START_MS) == found
    assert found[0].incident_id == f"I.{leaves('B0', 0).alert_id}"


def test_its_area_holds_every_place_with_room_to_spare() -> None:
    alerts = [leaves("B1", 0), leaves("B2", 1, 390), leaves("B3", 2, -390)]
    (incident,) = gather([(one, None) for one in alerts], THREE, START_MS)
    area = area_round(incident, alerts, 400.0)
    for x in (-780, -390, 0, 390, 780):
        lon, lat = degrees([x], [0.0])
        assert within(float(lon[0]), float(lat[0]), area)
    assert max(metres((incident.lon, incident.lat), corner) for corner in area) < 900
