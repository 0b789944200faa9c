"""Late fixes: what judging them in their place changes about the alerts already on file.

When fixes come late, their bus is judged anew from all of its fixes in the order of event time. The
episodes that this gives are laid beside those on file: one that overlaps an alert on file is that
alert, whose identity stays; one that overlaps none was missed and is opened now; an alert that goes
on and is no episode any more is ended. An end may be set right, or an alert go on after all; none is
taken back.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alerts.episodes import SEVERITIES, Alert, Change


def reconcile(
    on_file: Sequence[Alert], rejudged: Sequence[Change], newest_ms: int
) -> tuple[list[Change], list[Alert]]:
    """The changes to record for one bus, and the alerts on file whose episode goes on.

    ``on_file``: the bus's alerts that had not ended before the first fix judged anew; ``rejudged``:
    all changes that judging anew gave, in order; ``newest_ms``: the newest fix judged. The alerts
    that go on are the ones under whose identity the detector must continue.
    """
    episodes: dict[str, list[Change]] = {}
    for change in rejudged:
        episodes.setdefault(change.alert.alert_id, []).append(change)
    changes: list[Change] = []
    going_on: list[Alert] = []
    matched: set[str] = set()
    for steps in episodes.values():
        episode = steps[-1].alert
        known = _same_episode(on_file, episode)
        if known is None:
            changes += steps
            continue
        matched.add(known.alert_id)
        if episode.ended_ms is None:
            going_on.append(known)
            if known.ended_ms is not None:
                reopened = msgspec.structs.replace(_as_graver(known, episode), ended_ms=None)
                changes.append(Change("updated", newest_ms, reopened))
        elif known.ended_ms != episode.ended_ms:
            changes.append(_ended(_as_graver(known, episode), episode.ended_ms))
    changes += [
        _ended(alert, newest_ms)
        for alert in on_file
        if alert.ended_ms is None and alert.alert_id not in matched
    ]
    return changes, going_on


def _same_episode(on_file: Sequence[Alert], episode: Alert) -> Alert | None:
    """The alert on file that an episode is: the one of its identity, else the first that it overlaps."""
    of_rule = [alert for alert in on_file if alert.rule == episode.rule]
    named = [alert for alert in of_rule if alert.alert_id == episode.alert_id]
    overlapping = [alert for alert in of_rule if _overlap(alert, episode)]
    return next(iter(named + overlapping), None)


def _overlap(one: Alert, other: Alert) -> bool:
    return (one.ended_ms is None or other.started_ms <= one.ended_ms) and (
        other.ended_ms is None or one.started_ms <= other.ended_ms
    )


def _as_graver(known: Alert, episode: Alert) -> Alert:
    """The alert on file with the evidence of its episode, at the graver severity of the two."""
    severity = max(known.severity, episode.severity, key=SEVERITIES.index)
    return msgspec.structs.replace(known, severity=severity, evidence=episode.evidence)


def _ended(alert: Alert, ended_ms: int) -> Change:
    return Change("ended", ended_ms, msgspec.structs.replace(alert, ended_ms=max(ended_ms, alert.started_ms)))
