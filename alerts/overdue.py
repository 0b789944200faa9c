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
    if s.open_trip < 0:
        s.open_trip = duties.first[b]
    if (rules >> TRIP_NOT_BEGUN) & 1:
        count = _miss_trips(events, count, m, duties, facts, numbers, b, until_ms, since_ms)
    last = duties.first[b + 1]
    while s.open_trip < last and duties.end_ms[s.open_trip] <= until_ms:
        s.open_trip += 1
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
    if k < 0 or duties.open_ended[k] or m.runs[k].phase != UNDER_WAY:
        return count
    p = numbers.silent[facts.parameter_set[duties.line[k]]]
    band = m.bands[SILENT, b]
    end_ms = min(until_ms, duties.end_ms[k])
    due_ms = s.last_ms + p.after_ms
    if not band.open and due_ms < end_ms:
        begin_run(band, s.last_ms, s.lon, s.lat)
        band.open = True
        band.opened_ms = due_ms
        band.fixes = 0
        band.severity = 0
        band.late = False
        keep_peak(
            band, p.after_ms / 1000.0, due_ms, s.lon, s.lat, 0.0, 0.0, 0, s.chainage_m, duties.line[k],
            duties.assignment[k],
        )  # fmt: skip
        count = tell(events, count, b, SILENT, EVENT_OPENED, due_ms, band)
    if band.open and band.severity == 0 and s.last_ms + p.serious_ms < end_ms:
        due_ms = s.last_ms + p.serious_ms
        band.severity = 1
        band.peak = p.serious_ms / 1000.0
        band.peak_ms = due_ms
        count = tell(events, count, b, SILENT, EVENT_UPDATED, due_ms, band)
    if band.open and until_ms >= duties.end_ms[k]:
        count = end_silence(events, count, b, duties.end_ms[k], band)
    return count


@compiled
def end_silence(events: Events, count: int, b: int, at_ms: int, band: Row) -> int:
    """End the silence of a bus that has reported, or whose trip is over."""
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
    band = m.bands[TRIP_NOT_BEGUN, b]
    for k in range(s.open_trip, duties.first[b + 1]):
        if duties.start_ms[k] > until_ms:
            break
        if duties.open_ended[k] or duties.line[k] < 0:
            continue
        r = m.runs[k]
        p = numbers.trip[facts.parameter_set[duties.line[k]]]
        window_ms = duties.end_ms[k] - duties.start_ms[k]
        needed_ms = int(1000.0 * facts.corridors.lines[duties.line[k]].length_m / p.pace_ms)
        due_ms = duties.start_ms[k] + min(p.grace_ms, max(window_ms - needed_ms, window_ms // 4))
        begun = r.phase in (UNDER_WAY, ENDED)
        if not begun and not r.told and since_ms <= duties.start_ms[k] and due_ms < until_ms:
            r.told = True
            count = tell_end(events, count, b, TRIP_NOT_BEGUN, due_ms, band)
            begin_run(band, duties.start_ms[k], s.lon, s.lat)
            band.open = True
            band.opened_ms = due_ms
            band.fixes = 0
            band.severity = 0
            band.late = False
            keep_peak(
                band, (due_ms - duties.start_ms[k]) / 1000.0, due_ms, s.lon, s.lat, 0.0, 0.0, 0, 0.0,
                duties.line[k], duties.assignment[k],
            )  # fmt: skip
            count = tell(events, count, b, TRIP_NOT_BEGUN, EVENT_OPENED, due_ms, band)
        if r.told and band.open and band.first_ms == duties.start_ms[k] and until_ms >= duties.end_ms[k]:
            count = tell_end(events, count, b, TRIP_NOT_BEGUN, duties.end_ms[k], band)
    return count
