"""The rules beside speeding and deviation, as timelines: what a bus did, and what must be said."""

import datetime as dt
from typing import Any

import msgspec
import numpy as np
import pytest

from alerts.detector import Detector
from alerts.episodes import Alert
from fleet.fixes import Fixes
from fleet.quality import Quality
from fleet.registry import Advisory, Registry, Stop, Zone
from tests.scenes import (
    NOW_MS,
    START_MS,
    approval,
    bus,
    degrees,
    drive,
    found,
    line,
    registry,
    rules,
    track,
)


def span(alert: Alert) -> tuple[int, int | None]:
    """Start and end, seconds after the window opened."""
    ended = None if alert.ended_ms is None else (alert.ended_ms - START_MS) // 1_000
    return (alert.started_ms - START_MS) // 1_000, ended


def with_stops(*at_m: float) -> Registry:
    lon, lat = degrees(at_m, np.zeros(len(at_m)))
    stops = tuple(Stop(f"{m:.0f}", a, b, m) for m, a, b in zip(at_m, lon.tolist(), lat.tolist(), strict=True))
    return registry(msgspec.structs.replace(approval(), stops=stops))


# Wrong way


def test_driving_back_along_the_line_is_the_wrong_way() -> None:
    x = np.r_[drive(0, 3_000, 36), drive(-3_000, -2_000, 36) * -1, drive(2_000, 4_000, 36)]
    (alert,) = found(track(x, speed_kmh=36))
    assert (alert.rule, alert.severity) == ("wrong_way", "serious")
    assert alert.evidence.back_m == pytest.approx(1_000, abs=60)


def test_one_that_has_driven_back_and_stands_is_on_the_wrong_way_at_sparse_fixes_too() -> None:
    back = np.r_[np.linspace(3_000, 2_760, 30), np.full(60, 2_760.0)]
    x = np.r_[drive(0, 3_000, 36), back, drive(2_760, 4_000, 36)]
    speed = np.r_[np.full(300, 36.0), np.full(28, 29.0), np.zeros(62), np.full(124, 36.0)]
    at = np.arange(8, len(x), 15)
    (alert,) = found(track(x[at], speed_kmh=speed[at], every_s=15, start_s=8))
    assert (alert.rule, alert.evidence.fixes) == ("wrong_way", 2)


def test_a_corner_on_the_way_back_ends_no_wrong_way() -> None:
    corner = [*((x, 0.0) for x in range(0, 3_001, 100)), *((3_000.0, y) for y in range(100, 5_001, 100))]
    along = np.r_[drive(0, 3_195, 36), np.linspace(3_195, 2_985, 27), drive(2_985, 5_000, 36)]
    x, y = np.minimum(along, 3_000.0), np.maximum(along - 3_000.0, 0.0)
    speed = np.abs(np.r_[36 / 3.6, np.diff(along)]) * 3.6
    for first in range(8):
        at = np.arange(first, len(along), 15)
        alerts = found(
            track(x[at], y[at], speed_kmh=speed[at], every_s=15), registry(approval(points=corner))
        )
        assert rules(alerts) == ["wrong_way"]


def test_a_bus_that_backs_up_a_little_is_not_on_the_wrong_way() -> None:
    x = np.r_[drive(0, 3_000, 36), drive(-3_000, -2_950, 10) * -1, drive(2_950, 4_000, 36)]
    assert found(track(x)) == []


def test_coming_back_from_a_detour_against_the_line_within_the_corridor_is_no_wrong_way() -> None:
    back = drive(-3_000, -2_850, 30) * -1
    x = np.r_[drive(0, 3_000, 36), back, drive(2_850, 4_000, 36)]
    y = np.r_[np.zeros(300), np.interp(back, [2_850, 3_000], [0.0, 60.0]), np.zeros(115)]
    assert "wrong_way" not in rules(found(track(x, y)))


def test_out_and_back_on_one_street_is_no_wrong_way() -> None:
    points = [(x, 0.0) for x in range(0, 3_001, 50)] + [(x, 0.0) for x in range(2_950, -1, -50)]
    x = np.r_[np.arange(0, 3_000, 10.0), np.arange(3_000, 0, -10.0)]
    assert found(track(x), registry(approval(points=points))) == []


# Stops


def test_a_shortcut_that_leaves_out_a_stop_is_told_when_the_bus_is_back() -> None:
    x = np.r_[drive(0, 2_000, 36), drive(2_000, 4_000, 36), drive(4_000, 6_000, 36)]
    y = np.where((x > 2_000) & (x < 4_000), 200.0, 0.0)
    alerts = found(track(x, y, speed_kmh=36), with_stops(0, 1_000, 3_000, 5_000, 10_000))
    assert rules(alerts) == ["stops_skipped", "deviation"]
    assert alerts[0].evidence.stops_skipped == 1


@pytest.mark.parametrize("every_s", [1, 15, 60])
def test_sparse_fixes_do_not_jump_over_a_stop(every_s: int) -> None:
    fixes = track(drive(0, 10_000, 36, every_s), every_s=every_s)
    assert found(fixes, with_stops(*np.arange(0, 10_001, 250).tolist())) == []


def test_a_detour_that_serves_its_stops_leaves_none_out() -> None:
    x = np.r_[drive(0, 2_000, 36), drive(2_000, 4_000, 36), drive(4_000, 6_000, 36)]
    y = np.where((x > 2_000) & (x < 2_900), 200.0, 0.0)
    y = np.where((x > 3_100) & (x < 4_000), 200.0, y)
    assert "stops_skipped" not in rules(found(track(x, y, speed_kmh=36), with_stops(0, 3_000, 10_000)))


# Standing


def standing(seconds: int, at_m: float = 5_000.0) -> Fixes:
    x = np.r_[drive(0, at_m, 36), np.full(seconds, at_m), drive(at_m, at_m + 1_000, 36)]
    return track(x)


def test_a_long_stop_away_from_stops_is_told_after_five_minutes() -> None:
    (alert,) = found(standing(400))
    assert alert.rule == "long_stop"
    assert alert.detected_ms - alert.started_ms == pytest.approx(300_000, abs=1_000)
    assert alert.ended_ms is not None


def test_a_traffic_light_is_no_long_stop_and_neither_is_a_stop_of_the_route() -> None:
    assert found(standing(240)) == []
    assert found(standing(900), with_stops(0, 5_000, 10_000)) == []


@pytest.mark.parametrize("every_s", [1, 15, 30])
def test_the_wait_at_the_first_stop_is_no_long_stop_of_the_trip_that_follows(every_s: int) -> None:
    x = np.r_[drive(-400, 0, 40), np.zeros(600), drive(0, 3_000, 40)]
    assert found(track(x[::every_s], start_s=-500, every_s=every_s)) == []


def test_a_standing_bus_whose_place_drifts_off_the_corridor_deviates_not() -> None:
    x = np.r_[drive(0, 5_000, 36), np.full(200, 5_000.0), drive(5_000, 6_000, 36)]
    y = np.r_[np.zeros(500), 90.0 * np.sin(np.linspace(0, np.pi, 200)), np.zeros(len(x) - 700)]
    speed = np.r_[np.full(500, 36.0), np.zeros(200), np.full(len(x) - 700, 36.0)]
    assert found(track(x, y, speed_kmh=speed)) == []


# Silence


def test_a_bus_that_falls_silent_on_its_trip_is_told_and_ends_with_its_next_fix() -> None:
    before = track(drive(0, 3_000, 36))
    after = track(drive(6_000, 7_000, 36), start_s=900)
    (alert,) = found(Fixes.concat([before, after]))
    assert (alert.rule, alert.severity, span(alert)) == ("silent", "serious", (299, 900))
    assert alert.evidence.silent_s == 601


def test_the_clock_alone_tells_of_silence_and_the_next_fix_ends_it_the_same() -> None:
    detector = Detector(registry())
    detector.detect(track(drive(0, 3_000, 36)), NOW_MS)
    assert detector.tick(START_MS + 400_000) == ()
    (opened,) = detector.tick(START_MS + 299_000 + 180_000 + 10_001)
    assert (opened.kind, opened.alert.rule) == ("opened", "silent")
    (ended,) = detector.detect(track([6_000.0], start_s=600), NOW_MS).changes
    assert (ended.kind, ended.alert.alert_id) == ("ended", opened.alert.alert_id)


def test_a_trip_that_does_not_begin_within_its_grace_is_told_once_and_ends_when_it_begins() -> None:
    yard = track(np.full(2_000, -3_000.0), every_s=1, start_s=-60)
    (alert,) = found(yard)
    assert (alert.rule, span(alert)) == ("trip_not_begun", (0, None))
    assert alert.detected_ms == START_MS + 1_800_000
    late = Fixes.concat([yard, track(np.r_[drive(-3_000, 2_000, 36)], start_s=1_940)])
    (alert,) = found(late)
    assert alert.ended_ms is not None


def test_a_trip_whose_line_cannot_be_driven_any_more_in_its_window_has_not_begun() -> None:
    record = registry()
    (duty,) = record.assignments
    brief = msgspec.structs.replace(record, assignments=(msgspec.structs.replace(duty, ends=dt.time(7, 40)),))
    (alert,) = found(track(np.full(2_000, -3_000.0), start_s=-60), brief)
    assert alert.rule == "trip_not_begun"
    assert alert.detected_ms == pytest.approx(
        START_MS + (2_400 - 1_000) * 1_000, abs=2_000
    )  # 10 km at 10 m/s


# Substitutes


def two_routes() -> Registry:
    """B1 has R1 along the x axis; B2 has R2, 3 km north of it. Both from 07:00 to 09:00."""
    record = registry(
        approval(), approval("R2", points=[(x, 3_000.0) for x in range(0, 8_001, 100)]), buses=2
    )
    first, second = record.assignments
    return msgspec.structs.replace(
        record, assignments=(first, msgspec.structs.replace(second, route_id="R2"))
    )


def test_a_bus_that_drives_another_s_route_is_its_substitute_and_does_not_deviate() -> None:
    fixes = track(drive(0, 7_980, 36), 3_000.0, row=0)
    (alert,) = [a for a in found(fixes, two_routes()) if a.bus_id == "B1"]
    assert alert.rule == "substitute"
    assert alert.evidence.approval_id == "R2.1"


@pytest.mark.parametrize("there", [drive(-20_000, 0, 36), -drive(-1_250, 0, 36)], ids=["far", "on the line"])
def test_a_substitute_is_seen_however_it_came_to_the_beginning(there: np.ndarray) -> None:
    x = np.concatenate([there, np.zeros(120), drive(0, 7_980, 36)])
    speed = np.abs(np.r_[36 / 3.6, np.diff(x)]) * 3.6
    for first in (0, 7):
        at = np.arange(first, len(x), 15)
        fixes = track(x[at], 3_000.0, speed_kmh=speed[at], every_s=15)
        (alert,) = [a for a in found(fixes, two_routes()) if a.rule == "substitute"]
        assert alert.evidence.approval_id == "R2.1"
        begins_s = (alert.started_ms - START_MS) / 1_000
        assert len(there) - 60 < begins_s < len(there) + 200


def test_of_two_windows_at_once_the_trip_is_taken_that_is_driven() -> None:
    record = two_routes()
    both = msgspec.structs.replace(
        record, assignments=tuple(msgspec.structs.replace(a, bus_id="B1") for a in record.assignments)
    )
    fixes = track(drive(0, 5_000, 36), 3_000.0)
    assert found(fixes, both) == []
    off = track(drive(0, 5_000, 36), np.where(np.arange(500) < 300, 3_000.0, 3_200.0), speed_kmh=36)
    (alert,) = found(off, both)
    assert (alert.rule, alert.evidence.approval_id) == ("deviation", "R2.1")


# Permits and hours


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"state": "out_of_service"}, "out_of_service"),
        ({"sign_expires": dt.date(2026, 8, 31)}, "sign_expired"),
        ({"inspection_expires": dt.date(2026, 8, 31)}, "inspection_expired"),
    ],
)
def test_a_bus_that_moves_without_its_papers_is_told_with_what_is_missing(
    changes: dict[str, Any], fault: str
) -> None:
    record = msgspec.structs.replace(registry(), buses=(msgspec.structs.replace(bus(), **changes),))
    (alert,) = found(track(drive(0, 3_000, 36)), record)
    assert (alert.rule, alert.severity, alert.evidence.faults) == (
        "unapproved_operation",
        "critical",
        (fault,),
    )


def test_a_trip_on_a_route_without_approval_that_day_is_told() -> None:
    record = registry(approval(valid_to=dt.date(2026, 8, 31)))
    (alert,) = found(track(drive(0, 3_000, 36)), record)
    assert (alert.rule, alert.evidence.faults) == ("unapproved_operation", ("route_not_approved",))


def test_a_bus_moved_about_its_yard_without_papers_is_not_told() -> None:
    record = msgspec.structs.replace(registry(), buses=(bus(state="out_of_service"),))
    assert found(track(np.r_[drive(0, 200, 15), np.full(60, 200.0)]), record) == []


def test_driving_far_from_the_depot_outside_every_window_is_told() -> None:
    at_night = track(drive(0, 5_000, 50), 900.0, start_s=-5 * 3_600)
    (alert,) = found(at_night)
    assert (alert.rule, alert.severity) == ("off_hours", "warning")
    home = track(drive(0, 5_000, 50), 900.0, start_s=7_200 + 600)
    assert found(home) == []


# Limits by area


def square(x: float, y: float, half_m: float) -> tuple[tuple[float, float], ...]:
    return line(
        [
            (x - half_m, y - half_m),
            (x + half_m, y - half_m),
            (x + half_m, y + half_m),
            (x - half_m, y + half_m),
        ]
    )


def test_a_school_zone_holds_on_the_line_and_off_it() -> None:
    zone = Zone("Z1", "学校", square(5_000, 0, 400), 30.0)
    record = msgspec.structs.replace(registry(), zones=(zone,))
    (alert,) = found(track(drive(0, 9_000, 45)), record)
    assert (alert.evidence.limit_kmh, alert.evidence.limit_reason) == (30, "school_zone")
    (alert,) = found(track(drive(4_000, 6_000, 45), 300.0), record, rules=["speeding"])
    assert (alert.evidence.limit_kmh, alert.evidence.limit_reason) == (30, "school_zone")


def test_a_weather_advisory_holds_in_its_area_for_its_time() -> None:
    fog = Advisory("W1", "大雾", square(5_000, 0, 8_000), START_MS + 100_000, START_MS + 200_000)
    (alert,) = found(track(drive(0, 5_000, 45)), advisories=[fog])
    assert (alert.rule, alert.evidence.limit_kmh, alert.evidence.limit_reason) == ("speeding", 20, "weather")
    assert span(alert) == (100, 200)
    assert found(track(drive(0, 5_000, 45), start_s=300), advisories=[fog]) == []


# Numbers of a fleet and of an approval


def test_an_approval_may_state_its_own_numbers_and_the_alert_names_them() -> None:
    y = np.where((np.arange(600) >= 300) & (np.arange(600) < 340), 120.0, 0.0)
    fixes = track(10.0 * np.arange(600), y, speed_kmh=36)
    (plain,) = found(fixes)
    own = registry(msgspec.structs.replace(approval(), parameters={"deviation.leave_m": 70.0}))
    (alert,) = found(fixes, own)
    assert alert.evidence.parameters_version != plain.evidence.parameters_version
    wide = msgspec.structs.replace(registry(), parameters={"deviation.leave_m": 200.0})
    assert found(fixes, wide) == []


# Marks


def test_fixes_that_cannot_be_are_marked_counted_and_change_nothing() -> None:
    fixes = track(drive(0, 3_000, 36))
    n = len(fixes)
    nowhere, ahead, again = (track([9_000.0], start_s=299 + k) for k in (0.5, 0.6, 0.7))
    nowhere = Fixes.of(bus=[0], time_ms=nowhere.time_ms, lon=[0.0], lat=[0.0])
    ahead = Fixes.of(bus=[0], time_ms=[NOW_MS + 120_000], lon=ahead.lon, lat=ahead.lat)
    again = fixes.take(np.array([n - 1]))
    detector = Detector(registry())
    findings = detector.detect(Fixes.concat([fixes, nowhere, again, ahead]), NOW_MS)
    assert findings.changes == ()
    assert findings.quality[n:].tolist() == [Quality.NO_FIX, Quality.DUPLICATE, Quality.FROM_FUTURE]
    assert detector.marks.sum() == 3


def test_a_device_that_repeats_an_old_place_while_it_moves_is_frozen() -> None:
    x = np.r_[drive(0, 1_000, 36), np.full(60, 1_000.0), drive(1_600, 3_000, 36)]
    findings = Detector(registry()).detect(track(x, speed_kmh=36), NOW_MS)
    assert (findings.quality[104:160] == Quality.FROZEN).all()
    assert [c for c in findings.changes if c.alert.rule == "long_stop"] == []


def test_one_fix_of_a_speeding_suffices_when_the_way_driven_shows_it() -> None:
    def sampled(burst_s: int) -> list[Alert]:
        speed = np.full(600, 50.0)
        speed[308 - burst_s // 2 : 308 + (burst_s + 1) // 2] = 75.0
        x = np.cumsum(speed / 3.6)
        at = np.arange(8, 600, 15)
        return found(track(x[at], speed_kmh=speed[at], every_s=15))

    assert rules(sampled(14)) == ["speeding"]
    assert sampled(4) == []


def test_a_bus_that_overtakes_between_two_stops_is_not_speeding_at_any_sampling() -> None:
    there = np.r_[np.arange(0, 54, 3.2), 66, 66, np.arange(60, 0, -5.4)]  # km/h, second by second
    speed = np.tile(np.r_[there, np.zeros(18)], 12)
    x = np.cumsum(speed / 3.6)
    for every_s in (1, 5, 10, 15):
        for first in range(every_s):
            at = np.arange(first, len(x), every_s)
            assert found(track(x[at], speed_kmh=speed[at], every_s=every_s)) == []


def test_a_bus_parked_in_its_depot_beside_the_line_when_its_window_opens_is_on_no_trip() -> None:
    record = registry(approval())
    home = bus(depot=(float(degrees([5_000.0], [20.0])[0][0]), float(degrees([5_000.0], [20.0])[1][0])))
    record = msgspec.structs.replace(record, buses=(home,))
    there = track(drive(0, 5_000, 36), start_s=-560)
    parked = track(np.full(700, 5_000.0), 20.0, start_s=-60)
    out = track(5_000 - drive(0, 4_900, 36), start_s=640)
    assert found(Fixes.concat([there, parked, out]), record) == []
