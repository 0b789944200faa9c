"""Incidents: many buses that leave their routes at one place within minutes, a probable closure.

They follow from the alerts alone, in the order in which those were detected: a restart that reads
the alerts on file comes to the same incidents.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from alerts.episodes import Alert
from fleet.clock import format_time
from fleet.parameters import IncidentParameters
from fleet.registry import LonLat

_M_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""


class Incident(msgspec.Struct, frozen=True):
    """Deviations that began near one place, one after the other."""

    incident_id: str
    """``I.`` and the identity of the first alert."""
    lon: float
    """Where the first bus left its line, WGS-84."""
    lat: float
    first_ms: int
    """When the first bus left its line, and …"""
    last_ms: int
    """… the newest one, event times in epoch milliseconds."""
    ended_ms: int | None
    """When the last of its deviations ended, once none has joined for long; None while it goes on."""
    alert_ids: tuple[str, ...]
    bus_ids: tuple[str, ...]
    route_ids: tuple[str, ...]


def incident_to_wire(incident: Incident, zone: ZoneInfo) -> dict[str, Any]:
    """An incident as pages get it: times in RFC 3339 in the fleet's zone."""
    wire: dict[str, Any] = msgspec.to_builtins(incident)
    for name in ("first", "last", "ended"):
        ms = wire.pop(f"{name}_ms")
        wire[f"{name}_at"] = None if ms is None else format_time(ms, zone)
    return wire


def gather(
    alerts: Iterable[tuple[Alert, str | None]], parameters: IncidentParameters, newest_ms: int
) -> list[Incident]:
    """The incidents in deviations, each given with the identity of its route, if known.

    ``newest_ms`` is the moment up to which deviations would be known. Deviations found late, in a
    backfill, join none: the street may be open again.
    """
    groups: list[list[tuple[Alert, str | None]]] = []
    ordered = sorted(alerts, key=lambda pair: (pair[0].started_ms, pair[0].alert_id))
    for alert, route_id in ordered:
        if alert.rule != "deviation" or alert.found_late:
            continue
        for group in groups:
            first, last = group[0][0], group[-1][0]
            near = metres((first.lon, first.lat), (alert.lon, alert.lat)) <= parameters.radius_m
            if near and alert.started_ms - last.started_ms <= parameters.within_ms:
                group.append((alert, route_id))
                break
        else:
            groups.append([(alert, route_id)])
    return [
        _incident(group, parameters, newest_ms)
        for group in groups
        if len({alert.bus_id for alert, _ in group}) >= parameters.buses
    ]


def area_round(incident: Incident, alerts: Sequence[Alert], margin_m: float) -> tuple[LonLat, ...]:
    """The corners, WGS-84, of an octagon round an incident: all its alerts began at least ``margin_m``
    within it.
    """
    place = incident.lon, incident.lat
    reach = max((metres(place, (alert.lon, alert.lat)) for alert in alerts), default=0.0) + margin_m
    corner_m = reach / math.cos(math.pi / 8)
    per_lon = _M_PER_DEGREE * math.cos(math.radians(incident.lat))
    turns = [math.pi / 8 + i * math.pi / 4 for i in range(8)]
    return tuple(
        (
            round(incident.lon + corner_m * math.cos(turn) / per_lon, 6),
            round(incident.lat + corner_m * math.sin(turn) / _M_PER_DEGREE, 6),
        )
        for turn in turns
    )


def metres(one: LonLat, other: LonLat) -> float:
    """The distance of two places, WGS-84, in metres; good to a thousandth over a few kilometres."""
    north = (other[1] - one[1]) * _M_PER_DEGREE
    east = (other[0] - one[0]) * _M_PER_DEGREE * math.cos(math.radians((one[1] + other[1]) / 2))
    return math.hypot(north, east)


def _incident(
    group: Sequence[tuple[Alert, str | None]], parameters: IncidentParameters, newest_ms: int
) -> Incident:
    alerts = [alert for alert, _ in group]
    first, last_ms = alerts[0], alerts[-1].started_ms
    ends = [alert.ended_ms for alert in alerts if alert.ended_ms is not None]
    over = len(ends) == len(alerts) and newest_ms - last_ms > parameters.within_ms
    return Incident(
        incident_id=f"I.{first.alert_id}",
        lon=first.lon,
        lat=first.lat,
        first_ms=first.started_ms,
        last_ms=last_ms,
        ended_ms=max(ends) if over else None,
        alert_ids=tuple(alert.alert_id for alert in alerts),
        bus_ids=tuple(dict.fromkeys(alert.bus_id for alert in alerts)),
        route_ids=tuple(sorted({route_id for _, route_id in group if route_id is not None})),
    )
