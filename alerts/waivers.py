"""Waivers (校车安全管理条例 article 30): a signed, time-boxed exemption from the approved route.

A waiver lowers the severity of what it covers to a warning and is named in the evidence. It hides
nothing: the alert is raised, shown and handled as any other.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alerts.episodes import Alert, Rule
from fleet.registry import LonLat, Waiver

WAIVABLE: tuple[Rule, ...] = ("deviation", "stops_skipped")
"""What a detour brings with it."""


def covering(alert: Alert, waivers: Sequence[Waiver], route_id: str | None) -> Waiver | None:
    """The first of ``waivers`` that covers an alert, or None.

    One covers it when its time box holds any moment of the episode, the episode began in its area, and
    its routes name ``route_id``, the route that the alert's approval is a version of.
    """
    if alert.rule not in WAIVABLE:
        return None
    for waiver in waivers:
        in_time = alert.started_ms < waiver.to_ms and (
            alert.ended_ms is None or waiver.from_ms <= alert.ended_ms
        )
        if (
            in_time
            and (not waiver.route_ids or route_id in waiver.route_ids)
            and (not waiver.area or within(alert.lon, alert.lat, waiver.area))
        ):
            return waiver
    return None


def waived(alert: Alert, waiver: Waiver) -> Alert:
    """The alert as a warning that names its waiver."""
    evidence = msgspec.structs.replace(alert.evidence, waiver_id=waiver.waiver_id)
    return msgspec.structs.replace(alert, severity="warning", evidence=evidence)


def within(lon: float, lat: float, area: Sequence[LonLat]) -> bool:
    """Whether a place lies in a polygon of corners, all WGS-84; its border counts on one side only.

    Straight edges in degrees: over the kilometres of such an area that is straight on the ground too.
    """
    inside = False
    for (x1, y1), (x2, y2) in zip(area, (*area[1:], area[0]), strict=True):
        if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
