"""Judging: every believed fix taken through its bus's trip and rules, in order.

``_judge`` is the detector on one page. What it remembers is one row a bus, trip or rule, so how a
stream of fixes is cut into batches cannot change what comes out.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.bands import BAND_STATE
from alerts.doubt import doubt_of
from alerts.episodes import RULES, Rule
from alerts.following import OWN, On, Report, begin_afresh, phase_of, take_trip
from alerts.memory import (
    BUS_STATE,
    Duties,
    Facts,
    Memory,
    Numbers,
    forget_buses,
    lay_duties,
    new_memory,
    pack_numbers,
)
from alerts.permits import permitted_trips
from alerts.rules.deviation import accuracy_of, judge_deviation, keep_driven
from alerts.rules.long_stop import judge_long_stop, keep_anchor
from alerts.rules.moving import judge_off_hours, judge_unapproved
from alerts.rules.overdue import end_not_begun, end_silence, pass_time
from alerts.rules.speeding import judge_speeding, limit_in_force
from alerts.rules.stops_skipped import judge_stops_skipped, stops_passed
from alerts.rules.substitute import judge_substitute
from alerts.rules.wrong_way import judge_wrong_way
from alerts.telling import (
    DEVIATION,
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
    room_for_events,
    tell_end,
)
from alerts.trips import RUN
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.quality import UNBELIEVED
from fleet.registry import Registry
from fleet.timetable import Trips
from geofence.compiled import CACHE_LINE, TOGETHER, Row, compiled, fetch, inlined, new_rows
from geofence.corridors import LINE
from geofence.matching import NO_LINE, piece_about, stop_about
from geofence.screening import Screened

NO_ASSIGNMENT = -1
ON_ROUTE, DEVIATING, IS_SPEEDING, OFF_TRIP, NOT_JUDGED = range(5)
"""The live state of a bus after a fix."""

_UNBELIEVED = int(UNBELIEVED)
_BUS_BYTES, _RUN_BYTES, _LINE_BYTES = BUS_STATE.itemsize, RUN.itemsize, LINE.itemsize
_BAND_BYTES = BAND_STATE.itemsize
_UNSEEN_MS = 120_000
"""A bus without a fix for so long has not been seen: what it did before says nothing."""
_AFRESH_MS = 1_800_000
"""After a silence this long a bus without a timetable begins anew."""
_STANDING_M = 5.0
"""Less along the line since the last fix is no progress."""
_AT_ONCE = 1_024
"""Events for which room is made at least."""
_OF_FIXES = (1 << SILENT) - 1
"""The rules that fixes open and end, as bits; the others go by time, or by the trip."""


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
        runs = new_rows(len(trips), RUN)
        old, new = _keys(self._trips), _keys(trips)
        _, was, now = np.intersect1d(old, new, return_indices=True)
        runs[now] = self._memory.runs[was]
        moved = np.full(len(self._trips) + 1, -1, np.int64)
        moved[was] = now
        buses = self._memory.buses
        buses["trip"] = moved[buses["trip"]]
        buses["open_trip"] = buses["due_trip"] = -1
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
        late_before_ms: NDArray[np.int64],
    ) -> tuple[Observations, Judged, list[Events]]:
        """Judge fixes in the order given, at (x, y) metres in the plane; all columns have shape (n,).

        An episode opened by a fix older than its ``late_before_ms`` is marked as found late.
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
        told: list[Events] = []
        begin = 0
        while begin < n or not told:  # also for no fix at all: the loop is compiled when it is first called
            events = room_for_events(_AT_ONCE + n // 8)
            begin, count = _judge(
                self._memory, self._duties, self.facts, self._numbers, self._rules, begin, self._since_ms,
                fixes.bus, fixes.time_ms, fixes.lon, fixes.lat, fixes.accuracy_m, x, y,
                screened, late_before_ms, seen, judged, events,
            )  # fmt: skip
            told.append(_first(events, count))
        return seen, judged, told

    def prepare(self) -> None:
        """Have the loop over time compiled, if it is not yet; ``judge`` compiles its own, given no fix."""
        _tick(
            self._memory, self._duties, self.facts, self._numbers, self._rules, len(self._registry.buses), 0,
            0, room_for_events(1),
        )  # fmt: skip

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
    late_before_ms: NDArray[np.int64],
    seen: Observations,
    judged: Judged,
    events: Events,
) -> tuple[int, int]:
    """Judge fixes from ``begin`` on; returns where to go on when the room for events is used up, and
    how many events there are.
    """
    count = 0
    of_fleet = numbers.deviation[facts.parameter_set[NO_LINE]]
    for i in range(begin, len(bus)):
        if (i - begin) % TOGETHER == 0:
            _fetch(m, duties, facts, bus, i)
        if screened.quality[i] & _UNBELIEVED:
            continue
        if count + MOST_PER_FIX > len(events.bus):
            return i, count
        s = m.buses[bus[i]]
        elapsed_ms = time_ms[i] - s.last_ms if s.seen and time_ms[i] - s.last_ms <= _UNSEEN_MS else -1
        fix = Report(
            bus[i], time_ms[i], lon[i], lat[i], xs[i], ys[i], screened.speed_kmh[i], screened.reported[i],
            screened.course_x[i], screened.course_y[i], accuracy_of(accuracy_m[i], of_fleet), elapsed_ms,
            late_before_ms[i],
        )  # fmt: skip
        count = pass_time(events, count, m, duties, facts, numbers, rules, fix.bus, fix.t, since_ms)
        if elapsed_ms < 0:
            _come_back(m, duties, fix)
        if (s.active >> SILENT) & 1:
            count = end_silence(events, count, m, fix.bus, fix.t)

        on = take_trip(m, duties, facts, numbers, fix)
        chosen = facts.parameter_set[on.line]
        on_line = on.line >= 0 and on.place.off_m <= facts.corridors.lines[on.line].width_m
        assignment = duties.trips[on.trip].assignment if on.whose == OWN else NO_ASSIGNMENT
        count = _end_after_silence(events, count, m, numbers.episode[chosen].silence_ms, fix)
        if on.under_way and _is_overdue(m, duties, fix.bus, on.trip):
            count = end_not_begun(events, count, m, fix.bus, fix.t)
        if (rules >> SUBSTITUTE) & 1:
            count = judge_substitute(events, count, m, duties, facts, numbers, fix, on)

        doubt = doubt_of(m, duties, numbers, chosen, fix, on)
        limit, reason = limit_in_force(facts, numbers.speeding[chosen], fix, on, doubt)
        if (rules >> SPEEDING) & 1:
            count = judge_speeding(
                events, count, m, facts, numbers, fix, on, limit, reason, doubt, assignment
            )
        keep_driven(s, fix, on_line)
        if (rules >> DEVIATION) & 1:
            count = judge_deviation(
                events, count, m, duties, facts, numbers, fix, on, on_line, doubt, limit, reason,
                assignment,
            )  # fmt: skip
        if (rules >> STOPS_SKIPPED) & 1:
            count = judge_stops_skipped(
                events, count, m, duties, facts, numbers, fix, on, on_line, doubt, assignment
            )
        if (rules >> WRONG_WAY) & 1:
            count = judge_wrong_way(
                events, count, m, duties, facts, numbers, fix, on, doubt, limit, reason,
                assignment,
            )  # fmt: skip
        stands = keep_anchor(s, fix, numbers.long_stop[chosen].radius_m + fix.accuracy_m)
        stood_ms = fix.t - s.anchor_ms if s.anchor_ms > 0 else 0
        forbidden = fix.t >= facts.buses[fix.bus].permitted_until_ms or on.forbidden_trip >= 0
        if (rules >> UNAPPROVED) & 1:
            count = judge_unapproved(
                events, count, m, duties, facts, numbers, fix, on, forbidden, stood_ms, assignment
            )
        if (rules >> OFF_HOURS) & 1:
            count = judge_off_hours(
                events, count, m, duties, facts, numbers, fix, on, forbidden, stood_ms, assignment
            )
        if (rules >> LONG_STOP) & 1:
            count = judge_long_stop(events, count, m, facts, numbers, fix, on, stands, assignment)

        _observe(seen, i, facts, fix, on, s)
        judged.limit_kmh[i] = limit
        judged.phase[i] = phase_of(m, on)
        judged.state[i] = _state_of(m, fix.bus, on)
        s.before_ms, s.before_x, s.before_y, s.before_kmh = s.last_ms, s.x, s.y, s.speed_kmh
        s.last_ms, s.lon, s.lat, s.x, s.y, s.speed_kmh = (
            fix.t, fix.lon, fix.lat, fix.x, fix.y, fix.speed_kmh,
        )  # fmt: skip
        s.seen = True
    return len(bus), count


@inlined
def _fetch(m: Memory, duties: Duties, facts: Facts, bus: NDArray[np.int32], begin: int) -> None:
    """Have the rows that the next fixes need come into the cache: of all of them the buses, then the trips
    that those are on, then the lines of the trips, then the places on the lines; each says where the next is.
    """
    c = facts.corridors
    end = min(begin + TOGETHER, len(bus))
    for b in bus[begin:end]:
        for offset in range(0, _BUS_BYTES, CACHE_LINE):
            fetch(m.buses, b, offset)
    for b in bus[begin:end]:
        trip, active = m.buses[b].trip, m.buses[b].active & _OF_FIXES
        fetch(facts.buses, b, 0)
        fetch(duties.first, b, 0)
        fetch(duties.trips, trip, 0)
        fetch(duties.trips, trip + 1, 0)  # when the next begins is asked of every fix
        for offset in range(0, _RUN_BYTES, CACHE_LINE):
            fetch(m.runs, trip, offset)
        for rule in range(SILENT if active else 0):
            if (active >> rule) & 1:
                for offset in range(0, _BAND_BYTES, CACHE_LINE):
                    fetch(m.bands[rule], b, offset)
    for b in bus[begin:end]:
        trip = m.buses[b].trip
        if trip >= 0:
            line = duties.trips[trip].line
            fetch(facts.parameter_set, line, 0)
            for offset in range(0, _LINE_BYTES, CACHE_LINE):
                fetch(c.lines, line, offset)
    for b in bus[begin:end]:
        trip = m.buses[b].trip
        if trip >= 0:
            line, r = duties.trips[trip].line, m.runs[trip]
            for k in range(r.segment - 4, r.segment + 13, 4):
                fetch(c.vertices, k, 0)
            piece, stop = piece_about(c, line, r.chainage_m), stop_about(c, line, r.chainage_m)
            for aside in range(-2, 3, 2):
                fetch(c.pieces, piece + aside, 0)
                fetch(c.stops, stop + aside, 0)


@compiled
def _come_back(m: Memory, duties: Duties, fix: Report) -> None:
    """A bus that was not seen for long, or never: what it did before says nothing."""
    s = m.buses[fix.bus]
    s.anchor_ms = 0
    s.single = False
    s.driven_m = 0.0
    m.ways[fix.bus].kept = m.ways[fix.bus].halts = 0
    if not s.seen:
        s.on_line_x, s.on_line_y = fix.x, fix.y
    elif fix.t - s.last_ms > _AFRESH_MS:
        begin_afresh(m, duties, fix.bus)


@inlined
def _is_overdue(m: Memory, duties: Duties, b: int, trip: int) -> bool:
    """Whether a trip of the bus's own is the one that was told not to have begun."""
    told = (m.buses[b].active >> TRIP_NOT_BEGUN) & 1
    return told and trip >= 0 and m.bands[TRIP_NOT_BEGUN, b].first_ms == duties.trips[trip].start_ms


@inlined
def _end_after_silence(events: Events, count: int, m: Memory, silence_ms: int, fix: Report) -> int:
    """After a silence, end what was open as of the last fix before it, and forget what was about to open."""
    s = m.buses[fix.bus]
    if s.active & _OF_FIXES and fix.t - s.last_ms > silence_ms:
        for rule in range(SILENT):
            if (s.active >> rule) & 1:
                count = tell_end(events, count, fix.bus, rule, s.last_ms, m.bands[rule, fix.bus])
        s.active &= ~_OF_FIXES
    return count


@inlined
def _observe(seen: Observations, i: int, facts: Facts, fix: Report, on: On, s: Row) -> None:
    """Write down where a fix lies by its line."""
    if on.line < 0:
        return
    place = on.place
    seen.line[i] = on.line
    seen.off_m[i] = place.off_m
    seen.side[i] = place.side
    seen.chainage_m[i] = place.chainage_m
    seen.stops_passed[i] = stops_passed(facts.corridors, on.line, place.chainage_m)
    if fix.elapsed_ms >= 0 and abs(place.chainage_m - s.chainage_m) >= _STANDING_M:
        seen.progress[i] = 1 if place.chainage_m > s.chainage_m else -1
    s.chainage_m = place.chainage_m


@inlined
def _state_of(m: Memory, b: int, on: On) -> int:
    """The live state of a bus."""
    active = m.buses[b].active
    if (active >> DEVIATION) & 1 and m.bands[DEVIATION, b].open:
        return DEVIATING
    if (active >> SPEEDING) & 1 and m.bands[SPEEDING, b].open:
        return IS_SPEEDING
    return ON_ROUTE if on.under_way else OFF_TRIP
