"""Judging: every believed fix taken through its bus's trip and rules, in order.

``_judge`` is the detector on one page. What it remembers is one row a bus, trip or rule, so how a
stream of fixes is cut into batches cannot change what comes out.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.bands import BETWEEN, CLEAR, ENDED, OPENED, VIOLATING, step_band
from alerts.episodes import RULES, Rule
from alerts.memory import (
    Duties,
    Facts,
    Memory,
    Numbers,
    forget_buses,
    lay_duties,
    new_memory,
    pack_numbers,
)
from alerts.overdue import end_silence, pass_time
from alerts.permits import permitted_trips
from alerts.standing import judge_standing, keep_anchor
from alerts.stops import follow_stops, stops_left_out, stops_passed
from alerts.substitutes import extend_way, find_substitute
from alerts.telling import (
    DEVIATION,
    EVENT_OPENED,
    LONG_STOP,
    MOST_PER_FIX,
    OFF_HOURS,
    SILENT,
    SPEEDING,
    STOPS_SKIPPED,
    SUBSTITUTE,
    TRIP_NOT_BEGUN,
    UNAPPROVED,
    WRONG_WAY,
    Events,
    keep_peak,
    room_for_events,
    tell,
    tell_end,
    tell_violation,
)
from alerts.trips import ENDED as TRIP_ENDED
from alerts.trips import NO_TRIP, RUN, UNDER_WAY, WAITING, driven_m, step_run
from alerts.verdicts import (
    accuracy_of,
    deviation_severity,
    deviation_verdict,
    is_plainly_off,
    keep_wander,
    limit_in_force,
    permit_verdict,
    shows_lone_speeding,
    speeding_severity,
    speeding_verdict,
    stays_over,
    time_to_a_window,
    wander_of,
    wrong_way_verdict,
)
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.quality import UNBELIEVED
from fleet.registry import Registry
from fleet.timetable import Trips
from geofence.compiled import Row, compiled, inlined
from geofence.corridors import Corridors
from geofence.matching import NO_LINE, Place, by_an_end, locate
from geofence.screening import Screened

ON_ROUTE, DEVIATING, IS_SPEEDING, OFF_TRIP, NOT_JUDGED = range(5)
"""The live state of a bus after a fix."""

_UNBELIEVED = int(UNBELIEVED)
_UNSEEN_MS = 120_000
"""A bus without a fix for so long has not been seen: what it did before says nothing."""
_AFRESH_MS = 1_800_000
"""After a silence this long a bus without a timetable begins anew."""
_STANDING_M = 5.0
"""Less along the line since the last fix is no progress."""
_AT_ONCE = 1_024
"""Events for which room is made at least."""

_NONE, _OWN, _FOREIGN = range(3)
"""Whose trip a bus is on."""


class Observations(NamedTuple):
    """What the geofence sees of each fix, shape (n,). Fixes without a line have NaN throughout."""

    line: NDArray[np.int32]
    """Row of the approval matched against, or ``NO_LINE``."""
    off_m: NDArray[np.float64]
    """Metres from the approved line."""
    side: NDArray[np.int8]
    """1 left of the line, -1 right of it, 0 on it."""
    chainage_m: NDArray[np.float64]
    """Metres along the line of its nearest point."""
    progress: NDArray[np.int8]
    """1 forward along the line since the last fix, 0 standing, -1 backward."""
    stops_passed: NDArray[np.int16]
    """Stops of the line at or before that chainage."""


class Judged(NamedTuple):
    """What the rules say of each fix, shape (n,)."""

    state: NDArray[np.int8]
    limit_kmh: NDArray[np.float64]
    """The limit the fix was held to; NaN for a fix that was not judged."""
    phase: NDArray[np.int8]
    """The phase of the bus's trip, see ``trips``."""


class _On(NamedTuple):
    """Where a bus is by its trip."""

    whose: int
    """``_OWN``, ``_FOREIGN`` or ``_NONE``."""
    trip: int
    """Row of its own trip; -1 for none."""
    line: int
    place: Place
    follows: bool
    """Under way, or driven far enough forward along the line to be on that road."""
    under_way: bool
    ended: bool
    """This fix ended the trip."""
    came_from_m: float
    came_from_ms: int
    """Where along the line and when it was last on it."""
    forbidden_trip: int
    """Row of a trip that is due and may not be run; -1 for none."""


class Judge:
    """The memory of trips and rules, and what to do with a batch."""

    def __init__(
        self, registry: Registry, facts: Facts, sets: list[Parameters], rules: Collection[Rule]
    ) -> None:
        """``sets``: the parameters, by the rows that ``facts.parameter_set`` names."""
        self._registry = registry
        self.facts = facts
        self._numbers = pack_numbers(sets)
        self._rules = sum(1 << RULES.index(rule) for rule in set(rules))
        self._memory = new_memory(len(registry.buses))
        self._trips = _no_trips()
        self._duties = self._lay(self._trips)
        self._since_ms = np.iinfo(np.int64).max

    @property
    def nbytes(self) -> int:
        """Bytes of memory, without the lines."""
        return self._memory.nbytes + sum(array.nbytes for array in self._duties)

    def take_up(self, trips: Trips) -> None:
        """Go on with other trips laid out; those that were laid out before keep their memory."""
        if trips is self._trips:
            return
        runs = np.zeros(len(trips), RUN)
        old, new = _keys(self._trips), _keys(trips)
        _, was, now = np.intersect1d(old, new, return_indices=True)
        runs[now] = self._memory.runs[was]
        moved = np.full(len(self._trips) + 1, -1, np.int64)
        moved[was] = now
        buses = self._memory.buses
        buses["trip"] = moved[buses["trip"]]
        buses["open_trip"] = -1
        self._memory = self._memory._replace(runs=runs)
        self._trips = trips
        self._duties = self._lay(trips)

    def _lay(self, trips: Trips) -> Duties:
        permitted = permitted_trips(self._registry, trips)
        return lay_duties(trips, permitted, len(self._registry.buses), len(self._registry.approvals))

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Forget the buses in ``rows``, as if they had never reported."""
        forget_buses(self._memory, rows)
        self._memory.runs[np.isin(self._trips.bus, rows)] = np.zeros((), RUN)

    def adopt(self, row: int, rule: int, started_ms: int) -> None:
        """Continue the open episode of a bus under the start by which it is known."""
        self._memory.bands["first_ms"][rule, row] = started_ms

    def judge(
        self,
        fixes: Fixes,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        screened: Screened,
        late_before_ms: int,
    ) -> tuple[Observations, Judged, list[Events]]:
        """Judge fixes in the order given, at (x, y) metres in the plane; all columns have shape (n,).

        An episode opened by a fix older than ``late_before_ms`` is marked as found late.
        """
        n = len(fixes)
        seen = Observations(
            np.full(n, NO_LINE, np.int32),
            np.full(n, np.nan),
            np.zeros(n, np.int8),
            np.full(n, np.nan),
            np.zeros(n, np.int8),
            np.zeros(n, np.int16),
        )
        judged = Judged(np.full(n, NOT_JUDGED, np.int8), np.full(n, np.nan), np.zeros(n, np.int8))
        if n:
            self._since_ms = min(self._since_ms, int(fixes.time_ms.min()))
        told = []
        begin = 0
        while begin < n:
            events = room_for_events(_AT_ONCE + n // 8)
            begin, count = _judge(
                self._memory, self._duties, self.facts, self._numbers, self._rules, begin, self._since_ms,
                fixes.bus, fixes.time_ms, fixes.lon, fixes.lat, fixes.accuracy_m, x, y,
                screened, late_before_ms, seen, judged, events,
            )  # fmt: skip
            told.append(_first(events, count))
        return seen, judged, told

    def tick(self, now_ms: int) -> list[Events]:
        """Take every bus up to a moment without a fix."""
        self._since_ms = min(self._since_ms, now_ms)
        told = []
        begin = 0
        while begin < len(self._registry.buses):
            events = room_for_events(_AT_ONCE)
            begin, count = _tick(
                self._memory, self._duties, self.facts, self._numbers, self._rules, begin, self._since_ms,
                now_ms, events,
            )  # fmt: skip
            told.append(_first(events, count))
        return told


def _first(events: Events, count: int) -> Events:
    return Events._make(column[:count] for column in events)


def _no_trips() -> Trips:
    none = np.empty(0, np.int64)
    rows = none.astype(np.int32)
    return Trips(rows, rows, rows, none, none, none.astype(np.bool_))


def _keys(trips: Trips) -> NDArray[np.void]:
    """What names a trip among those of any days."""
    named = [("bus", np.int64), ("start", np.int64), ("assignment", np.int64), ("approval", np.int64)]
    keys = np.zeros(len(trips), named)
    keys["bus"], keys["start"] = trips.bus, trips.start_ms
    keys["assignment"], keys["approval"] = trips.assignment, trips.approval
    return keys


@compiled
def _tick(
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    rules: int,
    begin: int,
    since_ms: int,
    now_ms: int,
    events: Events,
) -> tuple[int, int]:
    count = 0
    for b in range(begin, len(m.buses)):
        if count + MOST_PER_FIX > len(events.bus):
            return b, count
        count = pass_time(events, count, m, duties, facts, numbers, rules, b, now_ms, since_ms)
    return len(m.buses), count


@compiled
def _judge(  # noqa: PLR0915  # the detector on one page
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    rules: int,
    begin: int,
    since_ms: int,
    bus: NDArray[np.int32],
    time_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    accuracy_m: NDArray[np.float32],
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    screened: Screened,
    late_before_ms: int,
    seen: Observations,
    judged: Judged,
    events: Events,
) -> tuple[int, int]:
    """Judge fixes from ``begin`` on; returns where to go on when the room for events is used up, and
    how many events there are.
    """
    c = facts.corridors
    count = 0
    for i in range(begin, len(bus)):
        if screened.quality[i] & _UNBELIEVED:
            continue
        if count + MOST_PER_FIX > len(events.bus):
            return i, count
        b, t, x, y = bus[i], time_ms[i], xs[i], ys[i]
        speed, course_x, course_y = screened.speed_kmh[i], screened.course_x[i], screened.course_y[i]
        s = m.buses[b]

        # What time has brought since the last fix.
        count = pass_time(events, count, m, duties, facts, numbers, rules, b, t, since_ms)
        elapsed_ms = t - s.last_ms if s.seen and t - s.last_ms <= _UNSEEN_MS else -1
        if elapsed_ms < 0:
            s.anchor_ms = 0
            s.single = False
            s.driven_m = 0.0
            s.scatter_m2 = 0.0
            if not s.seen:
                s.on_line_x, s.on_line_y = x, y
            m.ways[b].kept = 0
            if s.seen and t - s.last_ms > _AFRESH_MS:
                _begin_afresh(m, duties, b)
        if m.bands[SILENT, b].open:
            count = end_silence(events, count, b, t, m.bands[SILENT, b])

        # The trip.
        of_fleet = numbers.deviation[facts.parameter_set[NO_LINE]]
        accuracy = accuracy_of(accuracy_m[i], of_fleet)
        room_m = max(accuracy, wander_of(s, of_fleet))
        on = _take_trip(m, duties, facts, numbers, b, t, elapsed_ms, room_m, x, y, course_x, course_y)
        line, place, under_way = on.line, on.place, on.under_way
        chosen = facts.parameter_set[line]
        for_deviation, for_episode = numbers.deviation[chosen], numbers.episode[chosen]
        on_line = line >= 0 and place.off_m <= c.lines[line].width_m
        assignment = duties.assignment[on.trip] if on.whose == _OWN else -1
        if s.active and t - s.last_ms > for_episode.silence_ms:
            for rule in range(SILENT):
                if (s.active >> rule) & 1:
                    count = tell_end(events, count, b, rule, s.last_ms, m.bands[rule, b])
            s.active = 0
        not_begun = m.bands[TRIP_NOT_BEGUN, b]
        if (
            not_begun.open
            and under_way
            and on.whose == _OWN
            and not_begun.first_ms == duties.start_ms[on.trip]
        ):
            count = tell_end(events, count, b, TRIP_NOT_BEGUN, t, not_begun)

        # Substitutes.
        if (rules >> SUBSTITUTE) & 1:
            band = m.bands[SUBSTITUTE, b]
            if band.open and s.foreign_line < 0:
                count = tell_end(events, count, b, SUBSTITUTE, t, band)
            way = m.ways[b]
            if under_way:
                way.kept = 0
            elif extend_way(way, t, x, y, lon[i], lat[i]) and s.foreign_line < 0:
                trip = find_substitute(
                    m, duties, facts, b, t, numbers.trip[chosen].beginning_m, numbers.substitute[chosen],
                )  # fmt: skip
                if trip >= 0:
                    band.open = True
                    band.first_ms, band.first_lon, band.first_lat = way.ms[0], way.lon[0], way.lat[0]
                    band.opened_ms, band.peak, band.fixes, band.severity = t, -np.inf, 0, 0
                    band.late = t < late_before_ms
                    keep_peak(
                        band, driven_m(m.foreign[b]), t, lon[i], lat[i], 0.0, 0.0, 0,
                        m.foreign[b].run_to_m, duties.line[trip], duties.assignment[trip],
                    )  # fmt: skip
                    count = tell(events, count, b, SUBSTITUTE, EVENT_OPENED, t, band)

        # Speeding.
        wander = wander_of(s, for_deviation)
        widened = max(accuracy, wander)
        edge_m = max(numbers.speeding[chosen].edge_m, widened)
        beside_m = max(2.0 * accuracy, wander)
        limit, reason = limit_in_force(
            on.follows, line, place, beside_m, edge_m, t, x, y, facts, numbers.speeding[chosen]
        )
        if (rules >> SPEEDING) & 1:
            p = numbers.speeding[chosen]
            band = m.bands[SPEEDING, b]
            verdict = speeding_verdict(speed, limit, p)
            if verdict == VIOLATING or (s.active >> SPEEDING) & 1:
                if verdict != VIOLATING and s.single and shows_lone_speeding(s, t, x, y, speed, p):
                    band.open = True
                    band.opened_ms = t
                    graver = speeding_severity(band.peak, p)
                    count = tell_violation(
                        events, count, b, SPEEDING, OPENED, t, band, graver, late_before_ms, 0
                    )
                step = step_band(band, verdict, t, lon[i], lat[i], True, p)
                if verdict == VIOLATING:
                    over = 100.0 * (speed - limit) / limit
                    keep_peak(
                        band,
                        over,
                        t,
                        lon[i],
                        lat[i],
                        speed,
                        limit,
                        reason,
                        place.chainage_m,
                        line,
                        assignment,
                    )
                    graver = speeding_severity(band.peak, p)
                    count = tell_violation(
                        events, count, b, SPEEDING, step, t, band, graver, late_before_ms,
                        for_episode.update_ms,
                    )  # fmt: skip
                elif step == ENDED:
                    count = tell_end(events, count, b, SPEEDING, band.clear_ms, band)
                s.active = _noted(s.active, SPEEDING, band.fixes > 0)
            s.single = (
                verdict == VIOLATING
                and band.fixes == 1
                and not band.open
                and screened.reported[i]
                and stays_over(speed, on.follows, line, place, edge_m, facts, p)
            )

        # Deviation, and what goes with it: the wander across the line, and the stops.
        if on_line:
            s.driven_m = 0.0
            s.on_line_x, s.on_line_y = x, y
        elif elapsed_ms > 0:
            moved = math.hypot(x - s.x, y - s.y)
            known = elapsed_ms <= 5_000 and screened.reported[i] and s.speed_kmh >= 0.0
            s.driven_m += (speed + s.speed_kmh) / 7.2 * elapsed_ms / 1000.0 if known else moved
        if (rules >> DEVIATION) & 1:
            band = m.bands[DEVIATION, b]
            verdict = CLEAR
            if under_way and on.whose == _OWN:
                verdict = deviation_verdict(
                    place,
                    accuracy,
                    widened,
                    s,
                    x,
                    y,
                    c.lines[line].width_m,
                    numbers.trip[chosen],
                    for_deviation,
                )
                if (
                    verdict == VIOLATING
                    and duties.open_ended[on.trip]
                    and _lays_over(duties, c, b, t, x, y, numbers.trip[chosen].terminal_m)
                ):
                    verdict = BETWEEN
            if on_line and elapsed_ms > 0 and on.whose == _OWN and (under_way or m.runs[on.trip].running):
                keep_wander(s, place.off_m, elapsed_ms, for_deviation)
            if verdict == VIOLATING or (s.active >> DEVIATION) & 1:
                plain = is_plainly_off(place, accuracy, widened, c.lines[line].width_m, for_deviation)
                if band.fixes > 0:
                    plain = plain or band.plain or t - band.first_ms >= for_deviation.near_ms
                step = step_band(band, verdict, t, lon[i], lat[i], plain, for_deviation)
                if verdict == VIOLATING:
                    band.plain = plain
                    keep_peak(
                        band, place.off_m, t, lon[i], lat[i], speed, limit, reason, place.chainage_m, line,
                        assignment,
                    )  # fmt: skip
                    graver = deviation_severity(band.peak, t - band.first_ms, for_deviation)
                    count = tell_violation(
                        events, count, b, DEVIATION, step, t, band, graver, late_before_ms,
                        for_episode.update_ms,
                    )  # fmt: skip
                elif step == ENDED:
                    count = tell_end(events, count, b, DEVIATION, band.clear_ms, band)
                s.active = _noted(s.active, DEVIATION, band.fixes > 0)
        if (rules >> STOPS_SKIPPED) & 1 and on.whose == _OWN and (under_way or on.ended):
            r = m.runs[on.trip]
            p = numbers.stops_skipped[chosen]
            if not duties.open_ended[on.trip]:
                follow_stops(
                    r, place, on_line, on.came_from_m, on.came_from_ms, t, x, y, s.x, s.y,
                    p.stop_m + accuracy, c, line,
                )  # fmt: skip
                skipped = stops_left_out(r, numbers.trip[chosen].joined_m, on.ended, p.stop_m, c, line)
                if skipped >= p.fewest:
                    band = m.bands[STOPS_SKIPPED, b]
                    band.open = True
                    band.first_ms, band.first_lon, band.first_lat = r.left_ms, lon[i], lat[i]
                    band.opened_ms, band.peak, band.fixes, band.severity = t, -np.inf, 0, 0
                    band.late = t < late_before_ms
                    keep_peak(
                        band, float(skipped), t, lon[i], lat[i], 0.0, 0.0, 0, r.left_m, line, assignment
                    )
                    count = tell(events, count, b, STOPS_SKIPPED, EVENT_OPENED, t, band)
                    count = tell_end(events, count, b, STOPS_SKIPPED, t, band)

        # Wrong way.
        if (rules >> WRONG_WAY) & 1:
            verdict = CLEAR
            p = numbers.wrong_way[chosen]
            if under_way and on.whose == _OWN and not duties.open_ended[on.trip]:
                near_m = numbers.speeding[chosen].on_line_m + beside_m
                verdict = wrong_way_verdict(place, c.lines[line].width_m, near_m, on.came_from_m, p)
            if verdict == VIOLATING or (s.active >> WRONG_WAY) & 1:
                band = m.bands[WRONG_WAY, b]
                if verdict == VIOLATING and band.fixes == 0:
                    band.first_chainage_m = on.came_from_m
                back = band.first_chainage_m - place.chainage_m
                step = step_band(band, verdict, t, lon[i], lat[i], back >= p.back_m, p)
                if verdict == VIOLATING:
                    keep_peak(
                        band,
                        back,
                        t,
                        lon[i],
                        lat[i],
                        speed,
                        limit,
                        reason,
                        place.chainage_m,
                        line,
                        assignment,
                    )
                    count = tell_violation(
                        events, count, b, WRONG_WAY, step, t, band, 1, late_before_ms, for_episode.update_ms
                    )
                elif step == ENDED:
                    count = tell_end(events, count, b, WRONG_WAY, band.clear_ms, band)
                s.active = _noted(s.active, WRONG_WAY, band.fixes > 0)

        # Operation without permit, and outside every window.
        stands = keep_anchor(s, t, x, y, lon[i], lat[i], speed, numbers.long_stop[chosen].radius_m + accuracy)
        stood_ms = t - s.anchor_ms if s.anchor_ms > 0 else 0
        from_depot_m = math.hypot(x - facts.depot_x[b], y - facts.depot_y[b])
        forbidden = t >= facts.permitted_until_ms[b] or on.forbidden_trip >= 0
        if (rules >> UNAPPROVED) & 1 and (forbidden or (s.active >> UNAPPROVED) & 1):
            p = numbers.unapproved[chosen]
            band = m.bands[UNAPPROVED, b]
            verdict = permit_verdict(forbidden, speed, stood_ms, p.kmh)
            count = _step_moving(
                events, count, s, b, UNAPPROVED, band, verdict, t, x, y, lon[i], lat[i], p.moved_m, 2, line,
                duties.assignment[on.forbidden_trip] if on.forbidden_trip >= 0 else assignment,
                place.chainage_m, speed, late_before_ms, p, for_episode.update_ms,
            )  # fmt: skip
        if (rules >> OFF_HOURS) & 1 and (on.whose == _NONE or (s.active >> OFF_HOURS) & 1):
            p = numbers.off_hours[chosen]
            far = (
                from_depot_m > p.depot_m and not forbidden and time_to_a_window(duties, s, b, t) > p.margin_ms
            )
            if far or (s.active >> OFF_HOURS) & 1:
                verdict = permit_verdict(far, speed, stood_ms, p.kmh)
                count = _step_moving(
                    events, count, s, b, OFF_HOURS, m.bands[OFF_HOURS, b], verdict, t, x, y, lon[i], lat[i],
                    0.0, 0, line, assignment, place.chainage_m, speed, late_before_ms, p,
                    for_episode.update_ms,
                )  # fmt: skip

        # Long stop.
        if (rules >> LONG_STOP) & 1:
            band = m.bands[LONG_STOP, b]
            if stands or band.open:
                count = judge_standing(
                    events, count, b, s, band, stands, under_way and on.whose == _OWN, t, place.off_m,
                    place.chainage_m, from_depot_m, c, line, assignment, late_before_ms,
                    numbers.long_stop[chosen],
                )  # fmt: skip
                s.active = _noted(s.active, LONG_STOP, band.open)

        # What is remembered of this fix, and said of it.
        if line >= 0:
            _write_place(
                seen, i, line, place, s.chainage_m, elapsed_ms, stops_passed(c, line, place.chainage_m)
            )
            s.chainage_m = place.chainage_m
        judged.limit_kmh[i] = limit
        judged.phase[i] = _phase(m, on)
        if m.bands[DEVIATION, b].open:
            judged.state[i] = DEVIATING
        elif m.bands[SPEEDING, b].open:
            judged.state[i] = IS_SPEEDING
        else:
            judged.state[i] = ON_ROUTE if under_way else OFF_TRIP
        s.before_ms, s.before_x, s.before_y, s.before_kmh = s.last_ms, s.x, s.y, s.speed_kmh
        s.last_ms, s.lon, s.lat, s.x, s.y, s.speed_kmh = t, lon[i], lat[i], x, y, speed
        s.seen = True
    return len(bus), count


@compiled
def _noted(active: int, rule: int, is_active: bool) -> int:
    """The bits of the rules that have a run or an episode, with one of them set anew."""
    return active | (1 << rule) if is_active else active & ~(1 << rule)


@compiled
def _step_moving(
    events: Events,
    count: int,
    s: Row,
    b: int,
    rule: int,
    band: Row,
    verdict: int,
    t: int,
    x: float,
    y: float,
    lon: float,
    lat: float,
    moved_m: float,
    severity: int,
    line: int,
    assignment: int,
    chainage_m: float,
    speed: float,
    late_before_ms: int,
    p: Row,
    update_ms: int,
) -> int:
    """Take a rule about a bus that should not move one fix further; its peak is its speed."""
    if verdict == VIOLATING and band.fixes == 0:
        band.first_x, band.first_y = x, y
    enough = math.hypot(x - band.first_x, y - band.first_y) >= moved_m
    step = step_band(band, verdict, t, lon, lat, enough, p)
    if verdict == VIOLATING:
        keep_peak(band, speed, t, lon, lat, speed, 0.0, 0, chainage_m, line, assignment)
        count = tell_violation(events, count, b, rule, step, t, band, severity, late_before_ms, update_ms)
    elif step == ENDED:
        count = tell_end(events, count, b, rule, band.clear_ms, band)
    s.active = _noted(s.active, rule, band.fixes > 0)
    return count


@inlined
def _write_place(
    seen: Observations, i: int, line: int, place: Place, before_m: float, elapsed_ms: int, passed: int
) -> None:
    seen.line[i] = line
    seen.off_m[i] = place.off_m
    seen.side[i] = place.side
    seen.chainage_m[i] = place.chainage_m
    seen.stops_passed[i] = passed
    if elapsed_ms >= 0 and abs(place.chainage_m - before_m) >= _STANDING_M:
        seen.progress[i] = 1 if place.chainage_m > before_m else -1


@inlined
def _phase(m: Memory, on: _On) -> int:
    if on.whose == _FOREIGN:
        return UNDER_WAY
    if on.trip < 0:
        return NO_TRIP
    return m.runs[on.trip].phase


@compiled
def _begin_afresh(m: Memory, duties: Duties, b: int) -> None:
    """A bus without a timetable that was silent for long is on its route from its next fix near it."""
    for k in range(duties.first[b], duties.first[b + 1]):
        if duties.open_ended[k]:
            m.runs[k].phase = NO_TRIP
            m.runs[k].again = False
            m.runs[k].running = False
            m.runs[k].known = False
            if m.buses[b].trip == k:
                m.buses[b].trip = -1


@compiled
def _lays_over(duties: Duties, c: Corridors, b: int, t: int, x: float, y: float, terminal_m: float) -> bool:
    """Whether a bus without a timetable is by an end of any of its lines, where it turns or waits."""
    for k in range(duties.first[b], duties.first[b + 1]):
        if not duties.open_ended[k] or not duties.start_ms[k] <= t < duties.end_ms[k]:
            continue
        if by_an_end(c, duties.line[k], x, y, terminal_m):
            return True
    return False


@inlined
def _take_trip(
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    b: int,
    t: int,
    elapsed_ms: int,
    room_m: float,
    x: float,
    y: float,
    course_x: float,
    course_y: float,
) -> _On:
    """Match a fix against the trip that its bus is on, or else against all that it may be on."""
    s = m.buses[b]
    c = facts.corridors
    if s.trip >= 0 and t >= duties.end_ms[s.trip]:
        s.trip = -1
    if s.foreign_line >= 0:
        if t < s.foreign_end_ms:
            r, line = m.foreign[b], s.foreign_line
            came_from_m, came_from_ms = r.run_to_m, r.run_ms
            place = locate(c, line, r, t, x, y, course_x, course_y)
            step_run(
                r,
                place,
                t,
                0,
                False,
                elapsed_ms,
                room_m,
                c,
                line,
                numbers.trip[facts.parameter_set[line]],
            )
            if r.phase == UNDER_WAY and place.off_m <= 2.0 * c.lines[line].width_m:
                return _On(_FOREIGN, -1, line, place, True, True, False, came_from_m, came_from_ms, -1)
        s.foreign_line = -1
    k = s.trip
    best = _On(
        _NONE, -1, NO_LINE, Place(math.nan, math.nan, math.nan, 0, False), False, False, False, 0.0, 0, -1
    )
    if k >= 0:
        r, line = m.runs[k], duties.line[k]
        came_from_m, came_from_ms = r.run_to_m, r.run_ms
        place = locate(c, line, r, t, x, y, course_x, course_y)
        step_run(
            r, place, t, duties.start_ms[k], duties.open_ended[k], elapsed_ms, room_m, c, line,
            numbers.trip[facts.parameter_set[line]],
        )  # fmt: skip
        under_way = r.phase == UNDER_WAY
        best = _On(
            _OWN, k, line, place, under_way, under_way, not under_way, came_from_m, came_from_ms,
            -1 if duties.permitted[k] else k,
        )  # fmt: skip
        if not under_way:
            s.trip = -1
        if not duties.open_ended[k] or (under_way and place.off_m <= c.lines[line].width_m):
            return best
    forbidden = best.forbidden_trip
    for j in range(max(s.open_trip, duties.first[b]), duties.first[b + 1]):
        line = duties.line[j]
        p = numbers.trip[facts.parameter_set[line]]
        if duties.start_ms[j] - p.early_ms > t:
            break
        if j == k or t >= duties.end_ms[j]:
            continue
        if not duties.permitted[j] and t >= duties.start_ms[j]:
            forbidden = j
        r = m.runs[j]
        if line < 0 or r.phase == TRIP_ENDED:
            continue
        came_from_m, came_from_ms = r.run_to_m, r.run_ms
        place = locate(c, line, r, t, x, y, course_x, course_y)
        step_run(r, place, t, duties.start_ms[j], duties.open_ended[j], elapsed_ms, room_m, c, line, p)
        under_way = r.phase == UNDER_WAY
        nearer = not best.place.off_m <= place.off_m
        if k >= 0 and not (under_way and place.off_m <= c.lines[line].width_m):
            nearer = False
        if nearer or (under_way and not best.under_way):
            follows = under_way or (r.phase == WAITING and driven_m(r) >= p.joined_m)
            best = _On(_OWN, j, line, place, follows, under_way, False, came_from_m, came_from_ms, -1)
    if best.under_way:
        s.trip = best.trip
    return _On(
        best.whose, best.trip, best.line, best.place, best.follows, best.under_way, best.ended,
        best.came_from_m, best.came_from_ms, forbidden,
    )  # fmt: skip
