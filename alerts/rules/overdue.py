"""What only time brings: a bus on a trip falls silent, a trip has not begun within its grace.

Nothing here needs a fix, so it is judged up to a moment: up to each fix of the bus before that fix is
taken, and by the clock for buses that send none. Either way gives the same episodes, for each
begins and ends at moments that follow from the fixes and the timetable alone.
"""

from __future__ import annotations

from alerts.bands import begin_run
from alerts.memory import Duties, Facts, Memory, Numbers
from alerts.telling import (
    EVENT_OPENED,
    EVENT_UPDATED,
    SILENT,
    TRIP_NOT_BEGUN,
    Events,
    keep_peak,
    noted,
    tell,
    tell_end,
)
from alerts.trips import ENDED, UNDER_WAY
from geofence.compiled import Row, compiled, inlined


@inlined
def pass_time(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    rules: int,
    b: int,
    until_ms: int,
    since_ms: int,
) -> int:
    """Take a bus up to a moment. ``since_ms``: since when buses are watched; a trip whose
    window had opened before may have begun unseen.
    """
    s = m.buses[b]
    if (rules >> SILENT) & 1:
        count = _grow_silent(events, count, m, duties, facts, numbers, b, until_ms)
    if s.due_trip < 0:
        s.due_trip = duties.first[b]
    if (rules >> TRIP_NOT_BEGUN) & 1:
        count = _miss_trips(events, count, m, duties, facts, numbers, b, until_ms, since_ms)
    last = duties.first[b + 1]
    while s.due_trip < last and duties.trips[s.due_trip].end_ms <= until_ms:
        s.due_trip += 1
    return count


@inlined
def _grow_silent(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    b: int,
    until_ms: int,
) -> int:
    """Raise the silence of a bus on a trip under way; it ends with the trip's window."""
    s = m.buses[b]
    k = s.trip
    if k < 0 or duties.trips[k].open_ended or m.runs[k].phase != UNDER_WAY:
        return count
    duty = duties.trips[k]
    p = numbers.silent[facts.parameter_set[duty.line]]
    end_ms = min(until_ms, duty.end_ms)
    due_ms = s.last_ms + p.after_ms
    is_open = (s.active >> SILENT) & 1
    if not is_open and due_ms >= end_ms:
        return count
    band = m.bands[SILENT, b]
    if not is_open:
        begin_run(band, s.last_ms, s.lon, s.lat)
        band.open = True
        band.opened_ms = due_ms
        band.fixes = 0
        band.severity = 0
        band.late = False
        keep_peak(
            band, p.after_ms / 1000.0, due_ms, s.lon, s.lat, 0.0, 0.0, 0, s.chainage_m, duty.line,
            duty.assignment,
        )  # fmt: skip
        s.active = noted(s.active, SILENT, True)
        count = tell(events, count, b, SILENT, EVENT_OPENED, due_ms, band)
    if band.severity == 0 and s.last_ms + p.serious_ms < end_ms:
        due_ms = s.last_ms + p.serious_ms
        band.severity = 1
        band.peak = p.serious_ms / 1000.0
        band.peak_ms = due_ms
        count = tell(events, count, b, SILENT, EVENT_UPDATED, due_ms, band)
    if until_ms >= duty.end_ms:
        count = end_silence(events, count, m, b, duty.end_ms)
    return count


@compiled
def end_silence(events: Events, count: int, m: Memory, b: int, at_ms: int) -> int:
    """End the silence of a bus that has reported, or whose trip is over."""
    s, band = m.buses[b], m.bands[SILENT, b]
    s.active = noted(s.active, SILENT, False)
    band.peak = max(band.peak, (at_ms - band.first_ms) / 1000.0)
    return tell_end(events, count, b, SILENT, max(at_ms, band.opened_ms), band)


@inlined
def _miss_trips(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    b: int,
    until_ms: int,
    since_ms: int,
) -> int:
    """Raise the trips of a bus that were not under way when their grace was over."""
    s = m.buses[b]
    for k in range(s.due_trip, duties.first[b + 1]):
        duty, r = duties.trips[k], m.runs[k]
        if duty.start_ms > until_ms:
            break
        if duty.open_ended or duty.line < 0:
            continue
        begun = r.phase in (UNDER_WAY, ENDED)
        if not begun and not r.told and since_ms <= duty.start_ms:
            due_ms = _begins_by(duty, facts, numbers)
            if due_ms < until_ms:
                r.told = True
                count = _tell_not_begun(events, count, m, duty, b, due_ms)
        if (
            r.told
            and (s.active >> TRIP_NOT_BEGUN) & 1
            and m.bands[TRIP_NOT_BEGUN, b].first_ms == duty.start_ms
            and until_ms >= duty.end_ms
        ):
            count = end_not_begun(events, count, m, b, duty.end_ms)
    return count


@compiled
def _begins_by(duty: Row, facts: Facts, numbers: Numbers) -> int:
    """By when a trip must be under way. In weather in which no bus may drive as fast as timetables are laid,
    it has as much longer as that is slower, up to the end of its window.
    """
    p = numbers.trip[facts.parameter_set[duty.line]]
    window_ms = duty.end_ms - duty.start_ms
    needed_ms = int(1000.0 * facts.corridors.lines[duty.line].length_m / p.pace_ms)
    by_ms = duty.start_ms + min(p.grace_ms, max(window_ms - needed_ms, window_ms // 4))
    slower = 1.0
    for k in range(facts.slowed.first[duty.line], facts.slowed.first[duty.line + 1]):
        spell = facts.slowed.spells[k]
        if spell.from_ms < by_ms and duty.start_ms - p.grace_ms < spell.to_ms:
            slower = max(slower, 3.6 * p.pace_ms / spell.limit_kmh)
    if slower == 1.0:
        return by_ms
    return duty.start_ms + min(int(slower * p.grace_ms), window_ms - 1)


@compiled
def _tell_not_begun(events: Events, count: int, m: Memory, duty: Row, b: int, due_ms: int) -> int:
    """Open the episode of a trip, and end that of one before it."""
    s, band = m.buses[b], m.bands[TRIP_NOT_BEGUN, b]
    count = tell_end(events, count, b, TRIP_NOT_BEGUN, due_ms, band)
    begin_run(band, duty.start_ms, s.lon, s.lat)
    band.open = True
    band.opened_ms = due_ms
    band.fixes = 0
    band.severity = 0
    band.late = False
    waited_s = (due_ms - duty.start_ms) / 1000.0
    keep_peak(band, waited_s, due_ms, s.lon, s.lat, 0.0, 0.0, 0, 0.0, duty.line, duty.assignment)
    s.active = noted(s.active, TRIP_NOT_BEGUN, True)
    return tell(events, count, b, TRIP_NOT_BEGUN, EVENT_OPENED, due_ms, band)


@compiled
def end_not_begun(events: Events, count: int, m: Memory, b: int, at_ms: int) -> int:
    """End the episode of a trip that has begun after all, or whose window is over."""
    m.buses[b].active = noted(m.buses[b].active, TRIP_NOT_BEGUN, False)
    return tell_end(events, count, b, TRIP_NOT_BEGUN, at_ms, m.bands[TRIP_NOT_BEGUN, b])
