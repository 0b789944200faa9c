"""Telling: what happened to episodes, written down in the order in which it happened."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.bands import BAND_STATE, OPENED, WENT_ON, forget_band
from alerts.episodes import RULES
from geofence.compiled import Row, compiled, inlined

(
    SPEEDING,
    DEVIATION,
    WRONG_WAY,
    STOPS_SKIPPED,
    UNAPPROVED,
    OFF_HOURS,
    LONG_STOP,
    SILENT,
    TRIP_NOT_BEGUN,
    SUBSTITUTE,
) = range(len(RULES))
"""Rules by the code under which columns hold them: their places in ``episodes.RULES``."""

EVENT_OPENED, EVENT_UPDATED, EVENT_ENDED = range(3)

MOST_PER_FIX = 4 * len(RULES)
"""More than one fix can bring about: every rule ends, opens, and says so."""


class Events(NamedTuple):
    """What happened to episodes, in order, shape (events,)."""

    bus: NDArray[np.int32]
    rule: NDArray[np.int8]
    kind: NDArray[np.int8]
    at_ms: NDArray[np.int64]
    """Event time: for an end, of the first clear fix, or of the last fix before a silence."""
    band: NDArray[np.void]
    """The rule's memory at that moment, of dtype ``BAND_STATE``."""


def room_for_events(count: int) -> Events:
    """Room for so many events."""
    return Events(
        np.empty(count, np.int32),
        np.empty(count, np.int8),
        np.empty(count, np.int8),
        np.empty(count, np.int64),
        np.empty(count, BAND_STATE),
    )


@compiled
def tell(events: Events, count: int, bus: int, rule: int, kind: int, at_ms: int, s: Row) -> int:
    """Write down one event; returns how many there are now."""
    s.told_ms = at_ms
    s.told_peak = s.peak
    events.bus[count] = bus
    events.rule[count] = rule
    events.kind[count] = kind
    events.at_ms[count] = at_ms
    events.band[count] = s
    return count + 1


@inlined
def noted(active: int, rule: int, is_active: bool) -> int:
    """The bits of the rules that have a run or an episode, with one of them set anew."""
    return active | (1 << rule) if is_active else active & ~(1 << rule)


@compiled
def tell_violation(
    events: Events,
    count: int,
    bus: int,
    rule: int,
    step: int,
    t: int,
    s: Row,
    graver: int,
    late_before_ms: int,
    update_ms: int,
) -> int:
    """Tell of an episode that opens, gets graver, or has a higher peak than was told for a while."""
    if step == OPENED:
        s.severity = graver
        s.late = t < late_before_ms
        return tell(events, count, bus, rule, EVENT_OPENED, t, s)
    if step == WENT_ON and (graver > s.severity or (s.peak > s.told_peak and t - s.told_ms >= update_ms)):
        s.severity = max(s.severity, graver)
        return tell(events, count, bus, rule, EVENT_UPDATED, t, s)
    return count


@compiled
def tell_end(events: Events, count: int, bus: int, rule: int, at_ms: int, s: Row) -> int:
    """End an episode, if one is open, and forget what was about to open."""
    if s.open:
        at_ms = max(at_ms, s.first_ms)
        count = tell(events, count, bus, rule, EVENT_ENDED, at_ms, s)
    forget_band(s)
    return count


@compiled
def keep_peak(
    s: Row,
    peak: float,
    t: int,
    lon: float,
    lat: float,
    value: float,
    limit: float,
    reason: int,
    chainage_m: float,
    line: int,
    assignment: int,
) -> None:
    """Remember the fix that has the highest peak so far."""
    if peak > s.peak:
        s.peak = peak
        s.peak_ms = t
        s.peak_lon = lon
        s.peak_lat = lat
        s.peak_value = value
        s.peak_limit = limit
        s.peak_reason = reason
        s.peak_chainage_m = chainage_m
        s.line = line
        s.assignment = assignment
