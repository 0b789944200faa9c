"""The detector held against the slow reference, on random routes and random streams."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alerts.detector import Detector
from alerts.episodes import Alert, Change, Rule
from alerts.offline import find_episodes
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.registry import Approval, LimitStretch, Registry
from geofence.plane import Plane
from tests.reference import slow
from tests.reference.streams import Points, Track, gentle_lines, tracks, wild_lines
from tests.scenes import NOW_MS, PLANE, START_MS, approval, registry

PARAMETERS = Parameters().with_settings(
    {
        "deviation.scatter_factor": 0,
        "deviation.crossing_deg": 91,
        "speeding.crossing_deg": 91,
        "speeding.single_ms": 10**9,
    }
)
"""What the reference leaves out is turned off: the wander, crossing roads, lone fixes."""
_MARGIN_M = 0.05
"""Nearer to a threshold than this, single precision may decide."""


class Scene(NamedTuple):
    record: Registry
    fixes: Fixes
    line: shapely.LineString
    """In the detector's plane."""
    places: NDArray[np.object_]

    def __repr__(self) -> str:
        return f"{len(self.fixes)} fixes on a line of {len(self.line.coords)} points"


class Times(NamedTuple):
    """What is compared of an episode."""

    started_ms: int
    detected_ms: int | None
    ended_ms: int | None
    severity: str


def scene_of(
    points: Points, track: Track, limits: tuple[LimitStretch, ...] = (), speed_kmh: float = math.nan
) -> Scene:
    seconds, places, accuracy = track
    lon, lat = PLANE.to_degrees(places[:, 0], places[:, 1])
    fixes = Fixes.of(
        bus=np.zeros(len(seconds), np.int32),
        time_ms=START_MS + np.round(seconds * 1_000).astype(np.int64),
        lon=lon,
        lat=lat,
        speed_kmh=np.full(len(seconds), speed_kmh),
        accuracy_m=accuracy.astype(np.float32),
    )
    return seen_by(registry(approval(points=points.tolist(), limits=limits)), fixes)


def seen_by(record: Registry, fixes: Fixes) -> Scene:
    """The line and the places in the plane that the detector works in."""
    plane = Detector(record).plane
    degrees = np.array(record.approvals[0].line)
    line = shapely.LineString(np.column_stack(plane.to_metres(degrees[:, 0], degrees[:, 1])))
    return Scene(record, fixes, line, np.asarray(shapely.points(*plane.to_metres(fixes.lon, fixes.lat))))


def keep(scene: Scene, kept: list[bool]) -> Scene:
    """Some of the fixes only: those that are not on a threshold."""
    rows = np.array(kept, bool)
    return scene._replace(fixes=scene.fixes.take(rows), places=scene.places[rows])


def times_of(alerts: list[Alert]) -> list[Times]:
    return [Times(a.started_ms, a.detected_ms, a.ended_ms, a.severity) for a in alerts]


def slow_times(band: slow.Band) -> list[Times]:
    return [Times(e.started_ms, e.detected_ms, e.ended_ms, e.severity) for e in band.episodes]


def fast(scene: Scene, rule: Rule, fixes: Fixes | None = None) -> list[Alert]:
    return find_episodes(scene.fixes if fixes is None else fixes, scene.record, PARAMETERS, rules=[rule])


@st.composite
def departures(draw: st.DrawFn) -> Scene:
    """A bus that leaves its line now and then, without a fix on the edge of its corridor.

    After a silence it is heard of again on its line: whether a bus first heard of beside it has driven
    there is a question that the reference does not answer.
    """
    points = draw(wild_lines())
    scene = scene_of(points, draw(tracks(points, aside=True)))
    width = scene.record.approvals[0].corridor_m
    edges = (width, 200.0, 500.0)
    kept = []
    last_ms = START_MS
    for place, t, accuracy in zip(
        scene.places, scene.fixes.time_ms.tolist(), scene.fixes.accuracy_m.tolist(), strict=True
    ):
        off = scene.line.distance(place)
        clear_of_edges = all(
            abs(off - edge) > _MARGIN_M
            for edge in (
                *edges,
                width + accuracy,
                width + slow.plain_beyond_m(accuracy, PARAMETERS.deviation),
            )
        )
        kept.append(clear_of_edges and (off <= width or t - last_ms <= PARAMETERS.episode.silence_ms))
        last_ms = t if kept[-1] else last_ms
    return keep(scene, kept)


@st.composite
def hurries(draw: st.DrawFn) -> Scene:
    """A bus on a line with limits whose speeds go up and down over them."""
    points = draw(gentle_lines())
    stretch = st.builds(
        lambda begin, way, kmh, reason: LimitStretch(begin, begin + way, kmh, reason),
        st.integers(0, 10_000).map(float),
        st.integers(20, 3_000).map(float),
        st.sampled_from([20.0, 30.0, 40.0, 50.0, 80.0]),
        st.sampled_from(["posted", "hazard", "legal_cap"]),
    )
    limits = tuple(draw(st.lists(stretch, max_size=5)))
    scene = scene_of(points, draw(tracks(points, aside=False)), limits)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = len(scene.fixes)
    over = np.repeat(rng.choice([-20.0, 1.0, 4.0, 8.0, 20.0, 45.0], n), rng.integers(1, 9, n))[:n]
    speed = np.clip(
        over + rng.choice([20.0, 30.0, 40.0, 50.0, 60.0, 80.0], n // 40 + 1).repeat(40)[:n], 0, 105
    )
    speed[scene.fixes.time_ms <= START_MS + 100_000] = 15.0  # the trip gets under way
    scene = scene._replace(fixes=replace(scene.fixes, speed_kmh=(speed + 0.25).astype(np.float32)))
    edges = np.array([0.0, *(e for s in limits for e in (s.from_m, s.to_m))])
    p = PARAMETERS.speeding
    kept = []
    for place, accuracy in zip(scene.places, scene.fixes.accuracy_m.tolist(), strict=True):
        chainage, off = scene.line.project(place), scene.line.distance(place)
        near = min(
            np.abs(np.abs(edges - chainage) - max(p.edge_m, accuracy)).min(), np.abs(edges - chainage).min()
        )
        kept.append(near > 1.0 and abs(off - min(50.0, p.on_line_m + 2 * accuracy)) > _MARGIN_M)
    return keep(scene, kept)


def slow_deviations(scene: Scene) -> slow.Band:
    p, corridor_m = PARAMETERS.deviation, scene.record.approvals[0].corridor_m
    band = slow.Band(p)
    for place, t, accuracy in zip(
        scene.places, scene.fixes.time_ms.tolist(), scene.fixes.accuracy_m.tolist(), strict=True
    ):
        off = scene.line.distance(place)
        verdict = slow.deviation_verdict(off, corridor_m, accuracy, p)
        episode = band.take(t, verdict, off, plain=slow.is_plainly_off(off, corridor_m, accuracy, p))
        if episode:
            severity = slow.deviation_severity(episode.peak, t - episode.started_ms, p)
            slow.raise_severity(episode, severity)
    return band


def slow_speedings(scene: Scene) -> slow.Band:
    p, route = PARAMETERS.speeding, scene.record.approvals[0]
    band = slow.Band(p)
    for place, t, accuracy, speed in zip(
        scene.places,
        scene.fixes.time_ms.tolist(),
        scene.fixes.accuracy_m.tolist(),
        scene.fixes.speed_kmh.tolist(),
        strict=True,
    ):
        limit = slow.limit_in_force(route, scene.line, place, accuracy, p)
        over = 100 * (speed - limit) / limit
        episode = band.take(t, slow.speeding_verdict(speed, limit, p), over)
        if episode:
            slow.raise_severity(episode, slow.speeding_severity(episode.peak, p))
    return band


@settings(max_examples=80, deadline=None)
@given(departures())
def test_the_distance_is_shapelys_wherever_a_bus_is_off_its_corridor(scene: Scene) -> None:
    seen = Detector(scene.record, PARAMETERS).detect(scene.fixes, NOW_MS).observations
    width = scene.record.approvals[0].corridor_m
    for place, off, chainage in zip(scene.places, seen.off_m, seen.chainage_m, strict=True):
        nearest = scene.line.distance(place)
        assert (off <= width) == (nearest <= width)
        if nearest > width:
            assert abs(off - nearest) < _MARGIN_M
        matched = scene.line.interpolate(chainage)
        assert abs(matched.distance(place) - off) < _MARGIN_M


@settings(max_examples=150, deadline=None)
@given(departures())
def test_deviations_are_those_of_the_reference(scene: Scene) -> None:
    assert times_of(fast(scene, "deviation")) == slow_times(slow_deviations(scene))


@settings(max_examples=150, deadline=None)
@given(hurries())
def test_speedings_are_those_of_the_reference(scene: Scene) -> None:
    assert times_of(fast(scene, "speeding")) == slow_times(slow_speedings(scene))


def in_parts(scene: Scene, cuts: list[int]) -> list[Change]:
    detector = Detector(scene.record, PARAMETERS)
    edges = [0, *sorted(cut % (len(scene.fixes) + 1) for cut in cuts), len(scene.fixes)]
    changes: list[Change] = []
    for start, end in pairwise(edges):
        changes += detector.detect(scene.fixes.take(np.arange(start, end)), NOW_MS).changes
    return changes


@settings(max_examples=60, deadline=None)
@given(departures(), st.lists(st.integers(0, 10_000), max_size=12))
def test_the_cut_into_batches_changes_nothing(scene: Scene, cuts: list[int]) -> None:
    assert in_parts(scene, cuts) == in_parts(scene, [])


@settings(max_examples=60, deadline=None)
@given(departures(), st.lists(st.integers(0, 10_000), max_size=30), st.randoms(use_true_random=False))
def test_duplicates_and_disorder_are_harmless(scene: Scene, again: list[int], random: object) -> None:
    n = len(scene.fixes)
    order = np.r_[np.arange(n), np.array([row % n for row in again], np.intp)]
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = scene.fixes.take(order)
    assert fast(scene, "deviation", shuffled) == fast(scene, "deviation")


@settings(max_examples=60, deadline=None)
@given(hurries())
def test_opened_and_ended_alternate(scene: Scene) -> None:
    open_now: set[str] = set()
    for change in in_parts(scene, []):
        rule = change.alert.rule
        if rule not in ("speeding", "deviation") or change.kind == "updated":
            continue
        assert (rule in open_now) == (change.kind == "ended")
        open_now ^= {rule}


@settings(max_examples=60, deadline=None)
@given(departures(), st.floats(-15.0, 15.0), st.floats(-20.0, 20.0))
def test_moving_the_whole_scene_changes_no_episode(scene: Scene, east: float, north: float) -> None:
    """The metres are kept, so the degrees are laid out anew round another place."""
    here, there = Detector(scene.record).plane, Plane(100.0 + east, 25.0 + north)
    route = scene.record.approvals[0]
    moved_route = moved(route, here, there)
    record = Registry(
        scene.record.buses,
        scene.record.drivers,
        (moved_route,),
        scene.record.assignments,
        scene.record.city,
        version=scene.record.version,
    )
    x, y = here.to_metres(scene.fixes.lon, scene.fixes.lat)
    lon, lat = there.to_degrees(x, y)
    elsewhere = seen_by(record, replace(scene.fixes, lon=lon, lat=lat))
    before, after = fast(scene, "deviation"), fast(elsewhere, "deviation")
    assert times_of(before) == times_of(after)
    assert [a.alert_id for a in before] == [a.alert_id for a in after]


def moved(route: Approval, here: Plane, there: Plane) -> Approval:
    """A route laid out round another place."""
    degrees = np.array([*route.line, *((s.lon, s.lat) for s in route.stops)])
    lon, lat = there.to_degrees(*here.to_metres(degrees[:, 0], degrees[:, 1]))
    points = list(zip(lon.tolist(), lat.tolist(), strict=True))
    stops = points[len(route.line) :]
    return Approval(
        route.approval_id, route.route_id, route.version, route.number, route.name, route.school,
        route.direction, tuple(points[: len(route.line)]), route.corridor_m,
        tuple(type(s)(s.name, *p, s.chainage_m) for s, p in zip(route.stops, stops, strict=True)),
        route.limits, route.valid_from, route.valid_to,
    )  # fmt: skip
