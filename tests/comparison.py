"""Whether the alerts on file are those of an undisturbed run: none lost, none doubled."""

from __future__ import annotations

from alerts.episodes import Alert


def agree(found: list[Alert], expected: list[Alert]) -> bool:
    """Whether every episode of the calm run is on file as one alert, and there is no other alert."""
    pairs = [found_as(calm, found) for calm in expected]
    return len(found) == len(expected) and all(
        len(same) == 1 and same[0].severity == calm.severity
        for same, calm in zip(pairs, expected, strict=True)
    )


def differences(found: list[Alert], expected: list[Alert]) -> str:
    """What differs, a line an alert: one of a calm run that is not one alert on file, and the reverse."""
    lost = [f"expected {told(calm)}" for calm in expected if not agree(found_as(calm, found), [calm])]
    more = [f"on file  {told(a)}" for a in found if not any(same_episode(a, calm) for calm in expected)]
    return "\n".join(["", *lost, *more])


def found_as(calm: Alert, found: list[Alert]) -> list[Alert]:
    return [alert for alert in found if same_episode(alert, calm)]


def told(alert: Alert) -> str:
    return f"{alert.alert_id} {alert.severity} detected {alert.detected_ms} ended {alert.ended_ms}"


def same_episode(found: Alert, calm: Alert) -> bool:
    """Whether an alert on file is an episode of the calm run: a broker may hand fixes over out of their
    order after a crash, so an alert may keep the start by which it was first known.
    """
    return (found.bus_id, found.rule, found.ended_ms) == (calm.bus_id, calm.rule, calm.ended_ms) and (
        calm.ended_ms is None or found.started_ms < calm.ended_ms
    )
