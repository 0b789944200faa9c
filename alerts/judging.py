"""Judging: every believed fix taken through its bus's trip and rules, in order of arrival.

The loop below is the detector on one page. What it remembers is one row a bus and rule, so how a
stream of fixes is cut into batches cannot change what comes out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.bands import (
    BAND_STATE,
    BETWEEN,
    CLEAR,
    ENDED,
    OPENED,
    VIOLATING,
    WENT_ON,
    forget_band,
    step_band,
)
from alerts.trips import TRIP_STATE, UNDER_WAY, step_trip
from fleet.parameters import (
    DeviationParameters,
    EpisodeParameters,
    Parameters,
    SpeedingParameters,
    TripParameters,
)
from fleet.quality import Quality
from fleet.registry import MOTORWAY_CAP_KMH
from geofence.compiled import Row, compiled
from geofence.corridors import Corridors
from geofence.limits import REASONS
from geofence.matching import Observations
from geofence.screening import Screened

SPEEDING, DEVIATION = range(2)
"""Rules by the code under which columns hold them."""

EVENT_OPENED, EVENT_UPDATED, EVENT_ENDED = range(3)

ON_ROUTE, DEVIATING, IS_SPEEDING, OFF_TRIP, NOT_JUDGED = range(5)
"""The live state of a bus after a fix."""

_LEGAL_CAP = REASONS.index("legal_cap")
_UNBELIEVED = int(Quality.LATE | Quality.JUMP)
_EVENTS_PER_FIX = 4
"""At most: both rules end by silence and both open again, none of which one fix can exceed."""


class Judged(NamedTuple):
    """What the rules say of each fix, shape (n,)."""

    state: NDArray[np.int8]
    limit_kmh: NDArray[np.float64]
    """The limit the fix was held to; NaN for a fix that was not judged."""
    phase: NDArray[np.int8]
    """The phase of the bus's trip, see ``trips``."""


class Events(NamedTuple):
    """What happened to episodes, in order, shape (events,)."""

    bus: NDArray[np.int32]
    rule: NDArray[np.int8]
    kind: NDArray[np.int8]
    at_ms: NDArray[np.int64]
    """Event time: for an end, of the first clear fix, or of the last fix before a silence."""
    band: NDArray[np.void]
    """The rule's memory at that moment, of dtype ``BAND_STATE``."""


class Judge:
    """The memory of trips and rules: one row a bus, and one a rule and bus."""

    def __init__(self, corridors: Corridors, buses: int, parameters: Parameters) -> None:
        self._corridors = corridors
        self._parameters = parameters
        self._trips = np.zeros(buses, TRIP_STATE)
        self._trips["assignment"] = -1
        self._bands = np.zeros((2, buses), BAND_STATE)

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Forget the buses in ``rows``, as if they had never reported."""
        self._trips[rows] = np.zeros((), TRIP_STATE)
        self._trips["assignment"][rows] = -1
        self._bands[:, rows] = np.zeros((), BAND_STATE)

    def adopt(self, row: int, rule: int, started_ms: int) -> None:
        """Continue the open episode of a bus under the start by which it is known."""
        self._bands["first_ms"][rule, row] = started_ms

    def judge(
        self,
        bus: NDArray[np.int32],
        time_ms: NDArray[np.int64],
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        accuracy_m: NDArray[np.float32],
        assignment: NDArray[np.int64],
        trip_start_ms: NDArray[np.int64],
        screened: Screened,
        seen: Observations,
        late_before_ms: int,
    ) -> tuple[Judged, Events]:
        """Judge fixes in the order given; all columns have shape (n,).

        ``assignment`` and ``trip_start_ms`` name the trip whose window the fix falls in (-1: none).
        An episode opened by a fix older than ``late_before_ms`` is marked as found late.
        """
        n = len(bus)
        judged = Judged(np.full(n, NOT_JUDGED, np.int8), np.full(n, np.nan), np.zeros(n, np.int8))
        room = _EVENTS_PER_FIX * n
        events = Events(
            np.empty(room, np.int32),
            np.empty(room, np.int8),
            np.empty(room, np.int8),
            np.empty(room, np.int64),
            np.empty(room, BAND_STATE),
        )
        p = self._parameters
        count = _judge(
            self._trips,
            self._bands,
            self._corridors,
            (p.trip, p.speeding, p.deviation, p.episode),
            bus,
            time_ms,
            lon,
            lat,
            accuracy_m,
            assignment,
            trip_start_ms,
            screened,
            seen,
            late_before_ms,
            judged,
            events,
        )
        return judged, Events(
            events.bus[:count],
            events.rule[:count],
            events.kind[:count],
            events.at_ms[:count],
            events.band[:count],
        )


@compiled
def _judge(  # noqa: C901  # the detector on one page
    trips: NDArray[np.void],
    bands: NDArray[np.void],
    c: Corridors,
    parameters: tuple[TripParameters, SpeedingParameters, DeviationParameters, EpisodeParameters],
    bus: NDArray[np.int32],
    time_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    accuracy_m: NDArray[np.float32],
    assignment: NDArray[np.int64],
    start_ms: NDArray[np.int64],
    screened: Screened,
    seen: Observations,
    late_before_ms: int,
    judged: Judged,
    events: Events,
) -> int:

    for_trip, for_speeding, for_deviation, for_episode = parameters
    count = 0
    for i in range(len(bus)):
        if screened.quality[i] & _UNBELIEVED:
            continue
        b, t, line = bus[i], time_ms[i], seen.line[i]
        trip, speeding, deviation = trips[b], bands[SPEEDING, b], bands[DEVIATION, b]
        for rule in range(2):
            band = bands[rule, b]
            if t - band.last_ms > for_episode.silence_ms:
                if band.open:
                    count = _tell(events, count, b, rule, EVENT_ENDED, band.last_ms, band)
                forget_band(band)

        follows = step_trip(
            trip, t, assignment[i], start_ms[i], seen.off_m[i], seen.chainage_m[i], line, c, for_trip
        )
        under_way = trip.phase == UNDER_WAY

        accuracy = for_deviation.unknown_accuracy_m if math.isnan(accuracy_m[i]) else accuracy_m[i]
        limit, reason = _limit_in_force(follows, seen, i, accuracy, c, for_speeding)
        speed = screened.speed_kmh[i]
        verdict = _speeding_verdict(speed, limit, for_speeding)
        step = step_band(speeding, verdict, t, lon[i], lat[i], for_speeding)
        if verdict == VIOLATING:
            over = 100.0 * (speed - limit) / limit
            _keep_peak(
                speeding, over, t, lon[i], lat[i], speed, limit, reason, seen.chainage_m[i], line, trip
            )
            graver = _speeding_severity(speeding.peak, for_speeding)
            count = _tell_violation(
                events, count, b, SPEEDING, step, t, speeding, graver, late_before_ms, for_episode
            )
        elif step == ENDED:
            count = _tell(events, count, b, SPEEDING, EVENT_ENDED, speeding.clear_ms, speeding)
            forget_band(speeding)

        off = seen.off_m[i]
        verdict = _deviation_verdict(under_way, off, accuracy, line, c, for_deviation)
        step = step_band(deviation, verdict, t, lon[i], lat[i], for_deviation)
        if verdict == VIOLATING:
            _keep_peak(
                deviation, off, t, lon[i], lat[i], speed, limit, reason, seen.chainage_m[i], line, trip
            )
            graver = _deviation_severity(deviation.peak, t - deviation.first_ms, for_deviation)
            count = _tell_violation(
                events, count, b, DEVIATION, step, t, deviation, graver, late_before_ms, for_episode
            )
        elif step == ENDED:
            count = _tell(events, count, b, DEVIATION, EVENT_ENDED, deviation.clear_ms, deviation)
            forget_band(deviation)

        judged.limit_kmh[i] = limit
        judged.phase[i] = trip.phase
        if deviation.open:
            judged.state[i] = DEVIATING
        elif speeding.open:
            judged.state[i] = IS_SPEEDING
        else:
            judged.state[i] = ON_ROUTE if under_way else OFF_TRIP
    return count


@compiled
def _limit_in_force(
    follows: bool, seen: Observations, i: int, accuracy_m: float, c: Corridors, p: SpeedingParameters
) -> tuple[float, int]:
    """The limit and its reason: the line's where the bus follows it; off the line, on a trip, the
    highest cap its roads have; elsewhere the highest that the law knows.
    """
    if not follows:
        return MOTORWAY_CAP_KMH, _LEGAL_CAP
    if seen.off_m[i] <= min(c.width_m[seen.line[i]], p.on_line_m + 2.0 * accuracy_m):
        return seen.limit_kmh[i], seen.limit_reason[i]
    return c.cap_kmh[seen.line[i]], _LEGAL_CAP


@compiled
def _speeding_verdict(speed: float, limit: float, p: SpeedingParameters) -> int:
    if speed > limit + p.tolerance_kmh:
        return VIOLATING
    return CLEAR if speed <= limit + p.leave_kmh else BETWEEN  # an unknown speed (NaN) is between


@compiled
def _deviation_verdict(
    under_way: bool, off_m: float, accuracy_m: float, line: int, c: Corridors, p: DeviationParameters
) -> int:
    if not under_way:
        return CLEAR
    if accuracy_m > p.worst_accuracy_m:
        return BETWEEN
    if off_m > c.width_m[line] + accuracy_m:
        return VIOLATING
    return CLEAR if off_m <= c.width_m[line] else BETWEEN


@compiled
def _speeding_severity(over_percent: float, p: SpeedingParameters) -> int:
    if over_percent >= p.critical_percent:
        return 2
    return 1 if over_percent >= p.serious_percent else 0


@compiled
def _deviation_severity(off_m: float, elapsed_ms: int, p: DeviationParameters) -> int:
    if off_m > p.critical_m or elapsed_ms > p.critical_ms:
        return 2
    return 1 if off_m > p.serious_m or elapsed_ms > p.serious_ms else 0


@compiled
def _keep_peak(
    s: Row,
    peak: float,
    t: int,
    lon: float,
    lat: float,
    speed: float,
    limit: float,
    reason: int,
    chainage: float,
    line: int,
    trip: Row,
) -> None:
    if peak > s.peak:
        s.peak = peak
        s.peak_ms = t
        s.peak_lon = lon
        s.peak_lat = lat
        s.peak_value = speed
        s.peak_limit = limit
        s.peak_reason = reason
        s.peak_chainage_m = chainage
        s.line = line
        s.assignment = trip.assignment


@compiled
def _tell_violation(
    events: Events,
    count: int,
    b: int,
    rule: int,
    step: int,
    t: int,
    s: Row,
    graver: int,
    late_before_ms: int,
    p: EpisodeParameters,
) -> int:
    """Tell of an episode that opens, gets graver, or has a higher peak than was told for a while."""
    if step == OPENED:
        s.severity = graver
        s.late = t < late_before_ms
        return _tell(events, count, b, rule, EVENT_OPENED, t, s)
    if step == WENT_ON and (graver > s.severity or (s.peak > s.told_peak and t - s.told_ms >= p.update_ms)):
        s.severity = max(s.severity, graver)
        return _tell(events, count, b, rule, EVENT_UPDATED, t, s)
    return count


@compiled
def _tell(events: Events, count: int, b: int, rule: int, kind: int, at_ms: int, s: Row) -> int:
    s.told_ms = at_ms
    s.told_peak = s.peak
    events.bus[count] = b
    events.rule[count] = rule
    events.kind[count] = kind
    events.at_ms[count] = at_ms
    events.band[count] = s
    return count + 1
