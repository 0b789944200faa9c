"""Late fixes: what judging them in their place changes about the alerts already on file.

When fixes come late, their bus is judged anew from all of its fixes in the order of event time. The
episodes that this gives are laid beside those on file: one that overlaps an alert on file is that
alert, whose identity stays; one that overlaps none, or only alerts that other episodes are, was missed
and is opened now; an alert that goes on and is no episode any more is ended. An end and a severity may
be set right, or an alert go on after all; none is taken back.

The fixes are given again from some moment on, and for a while after it the detector does not know yet
what the bus is about. What began in that while, and is over, stays as it was judged when it happened; and
so does what was over before the oldest late fix, which no later one can change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from alerts.episodes import Alert, Change


def reconcile(
    on_file: Sequence[Alert], rejudged: Sequence[Change], newest_ms: int, sure_ms: int, late_ms: int
) -> tuple[list[Change], list[Alert]]:
    """The changes to record for one bus, and the alerts on file whose episode goes on.

    ``on_file``: the bus's alerts that had not ended before the first fix judged anew; ``rejudged``:
    all changes that judging anew gave, in order; ``newest_ms``: the newest fix judged; ``sure_ms``: from
    when on it was judged with all that it goes by; ``late_ms``: the oldest fix that came late. The alerts
    that go on are the ones under whose identity the detector must continue.
    """
    episodes: dict[str, list[Change]] = {}
    for change in rejudged:
        episodes.setdefault(change.alert.alert_id, []).append(change)
    known_as = _pair(on_file, {identity: steps[-1].alert for identity, steps in episodes.items()})
    changes: list[Change] = []
    going_on: list[Alert] = []
    for identity, steps in episodes.items():
        episode = steps[-1].alert
        known = known_as.get(identity)
        if known is None:
            if not _settled(episode, sure_ms, late_ms):
                changes += steps
            continue
        if episode.ended_ms is None:
            going_on.append(known)
        if _settled(known, sure_ms, late_ms) and _settled(episode, sure_ms, late_ms):
            continue
        if known.ended_ms != episode.ended_ms or _misjudged(known, episode):
            changes.append(_set_right(known, episode, newest_ms))
    matched = {alert.alert_id for alert in known_as.values()}
    changes += [
        _ended(alert, newest_ms)
        for alert in on_file
        if alert.ended_ms is None and alert.alert_id not in matched
    ]
    return changes, going_on


def _settled(alert: Alert, sure_ms: int, late_ms: int) -> bool:
    """Whether an episode is over, and was before anything that judging anew can tell."""
    return alert.ended_ms is not None and (alert.started_ms < sure_ms or alert.ended_ms < late_ms)


def _pair(on_file: Sequence[Alert], episodes: Mapping[str, Alert]) -> dict[str, Alert]:
    """The alert on file that each episode is: the one of its identity, else the one that it overlaps for
    longest, of those that no other episode is. A hole in the track may have made one alert of two episodes.
    """
    left = {alert.alert_id: alert for alert in on_file}
    known_as = {identity: left.pop(identity) for identity in episodes if identity in left}
    for identity, episode in episodes.items():
        if identity not in known_as:
            same = [a for a in left.values() if a.rule == episode.rule and overlap(a, episode)]
            if same:
                known = max(same, key=lambda alert: _shared_ms(alert, episode))
                known_as[identity] = left.pop(known.alert_id)
    return known_as


def overlap(one: Alert, other: Alert) -> bool:
    """Whether two episodes have a moment in common; one that has not ended goes on for ever."""
    return (one.ended_ms is None or other.started_ms <= one.ended_ms) and (
        other.ended_ms is None or one.started_ms <= other.ended_ms
    )


def _shared_ms(one: Alert, other: Alert) -> float:
    """For how long two episodes that overlap both lasted."""
    ends_ms = (math.inf if a.ended_ms is None else a.ended_ms for a in (one, other))
    return min(ends_ms) - max(one.started_ms, other.started_ms)


def _misjudged(known: Alert, episode: Alert) -> bool:
    """Whether an alert on file has another severity than its episode by the same registry and parameters.
    One under a waiver has the severity of waivers.
    """
    was, now = known.evidence, episode.evidence
    versions = (was.registry_version, was.parameters_version) == (
        now.registry_version,
        now.parameters_version,
    )
    return versions and was.waiver_id is None and known.severity != episode.severity


def _set_right(known: Alert, episode: Alert, newest_ms: int) -> Change:
    """The alert on file with the end, the severity and the evidence of its episode."""
    right = msgspec.structs.replace(known, severity=episode.severity, evidence=episode.evidence)
    if episode.ended_ms is not None and episode.ended_ms != known.ended_ms:
        return _ended(right, episode.ended_ms)
    return Change("updated", newest_ms, msgspec.structs.replace(right, ended_ms=episode.ended_ms))


def _ended(alert: Alert, ended_ms: int) -> Change:
    return Change("ended", ended_ms, msgspec.structs.replace(alert, ended_ms=max(ended_ms, alert.started_ms)))
