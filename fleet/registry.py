"""What the authorities hold on record: buses, drivers, approved routes, assignments.

The values are immutable and know how to be written as JSON (``encode_registry``), which is the
form in which a simulated city, an import and the tests hand a registry to the monitor.
Law: 校车安全管理条例 articles 14 to 17 (permit, approved route, sign) and 35 (speed limits).
"""

from __future__ import annotations

import re
from datetime import date, time
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from fleet.calendar import SchoolCalendar, check_calendar
from fleet.errors import BadRegistry, BadSetting
from fleet.parameters import Parameters
from fleet.topics import RESERVED

LonLat = tuple[float, float]
"""WGS-84 longitude and latitude, degrees."""

BusState = Literal["in_service", "out_of_service"]
Direction = Literal["to_school", "to_home"]
LimitReason = Literal["legal_cap", "posted", "hazard", "school_zone", "weather"]

MOTORWAY_CAP_KMH = 80.0
"""Article 35: a school bus with pupils aboard drives at most 80 km/h on a motorway."""
ROAD_CAP_KMH = 60.0
"""Article 35: and at most 60 km/h on any other road."""
HAZARD_CAP_KMH = 20.0
"""Article 35: and at most 20 km/h on sharp bends, steep slopes, narrow roads and bridges."""

_DAY_S = 24 * 60 * 60
_BUS_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Stop(msgspec.Struct, frozen=True):
    """A stop of an approved route. ``chainage_m`` is metres along the approved line."""

    name: str
    lon: float
    lat: float
    chainage_m: float


class LimitStretch(msgspec.Struct, frozen=True):
    """A speed limit on the approved line from ``from_m`` (included) to ``to_m`` (not included)."""

    from_m: float
    to_m: float
    limit_kmh: float
    reason: LimitReason


class Approval(msgspec.Struct, frozen=True):
    """One approved version of a route. Several versions of a route follow each other in time."""

    approval_id: str
    """Unique: ``R0001.2`` is the second version of route ``R0001``."""
    route_id: str
    version: int
    number: str
    """The approval number on the authorities' paper."""
    name: str
    school: str
    direction: Direction
    line: tuple[LonLat, ...]
    """The approved line, WGS-84, in the direction of travel; at least two distinct points."""
    corridor_m: float
    """Allowed distance from the line, metres, either side."""
    stops: tuple[Stop, ...]
    limits: tuple[LimitStretch, ...]
    """Stretches may overlap: the lowest counts. Where none applies, ``ROAD_CAP_KMH`` does."""
    valid_from: date
    valid_to: date
    """Last day of validity, included."""
    parameters: dict[str, float] = {}
    """The detector's parameters that differ on this approval, as ``{"deviation.min_ms": 10000}``."""
    gaps: tuple[int, ...] = ()
    """Where the line is interrupted: no road is approved between point ``i`` and the next, for each
    ``i`` (from 0) named here. So a line drawn in parts, or both ways of a bus line, is one line."""


class Zone(msgspec.Struct, frozen=True):
    """An area with a speed limit of its own, on every road in it: a school zone."""

    zone_id: str
    name: str
    area: tuple[LonLat, ...]
    """The corners of a polygon, WGS-84; it need not repeat its first."""
    limit_kmh: float
    reason: LimitReason = "school_zone"


class Advisory(msgspec.Struct, frozen=True):
    """A weather warning: in an area, for a time, a limit (article 35: 20 km/h on ice, in mud, in fog)."""

    advisory_id: str
    name: str
    area: tuple[LonLat, ...]
    """The corners of a polygon, WGS-84."""
    from_ms: int
    """In force from then (included) …"""
    to_ms: int
    """… to then (not included), epoch milliseconds."""
    limit_kmh: float = HAZARD_CAP_KMH


WaiverReason = Literal["traffic_control", "roadworks", "natural_disaster", "bad_weather", "major_accident"]
"""The five exceptions of article 30 paragraph 2."""


class Waiver(msgspec.Struct, frozen=True):
    """A signed, time-boxed exemption from the approved route, for some routes or within an area."""

    waiver_id: str
    reason: WaiverReason
    approved_by: str
    """Who signed it."""
    from_ms: int
    """Holds from then (included) …"""
    to_ms: int
    """… to then (not included), epoch milliseconds."""
    route_ids: tuple[str, ...] = ()
    """The routes it covers; empty: every route in the area."""
    area: tuple[LonLat, ...] = ()
    """The corners of the polygon in which the deviation began, WGS-84; empty: anywhere."""
    note: str = ""


class Driver(msgspec.Struct, frozen=True):
    """A driver qualified for school buses (articles 23 to 26); the qualification is reviewed yearly."""

    driver_id: str
    name: str
    phone: str
    qualified_until: date


class Bus(msgspec.Struct, frozen=True):
    """A registered school bus with its sign (校车标牌), inspection and home depot."""

    bus_id: str
    """The identity in MQTT topics and on every screen: letters, digits and ``-`` only."""
    plate: str
    sign_number: str
    sign_expires: date
    inspection_expires: date
    operator: str
    school: str
    seats: int
    depot: LonLat
    state: BusState = "in_service"
    district: str = ""
    """The district (区县) whose authority gave the bus its permit (article 15), which is in charge of it."""


class Assignment(msgspec.Struct, frozen=True):
    """What a sign states: this bus, this driver, this route, on these days in this window.

    ``starts`` and ``ends`` are wall-clock times in the registry's zone; an ``ends`` that is not
    after ``starts`` lies on the next day. ``weekdays`` are ISO numbers, Monday is 1; which of them a
    day counts as, if any, ``Registry.calendar`` says.
    """

    assignment_id: str
    bus_id: str
    driver_id: str
    route_id: str
    weekdays: tuple[int, ...]
    starts: time
    ends: time
    stop_times: tuple[time, ...] = ()
    """When the bus is due at each stop of its route, in their order, by the timetable that was approved
    (article 15): wall-clock times from ``starts`` to ``ends``. Empty where none is on record."""


class Registry(msgspec.Struct, frozen=True, dict=True):
    """All that is on record. The order of ``buses`` gives each its row in ``Fixes.bus``."""

    buses: tuple[Bus, ...]
    drivers: tuple[Driver, ...]
    approvals: tuple[Approval, ...]
    assignments: tuple[Assignment, ...]
    city: str = ""
    zone: str = "Asia/Shanghai"
    version: str = ""
    """What this state of the record is called; part of the evidence of an alert."""
    zones: tuple[Zone, ...] = ()
    parameters: dict[str, float] = {}
    """The detector's parameters that differ for this fleet, as ``{"speeding.tolerance_kmh": 3}``."""
    calendar: SchoolCalendar = SchoolCalendar()
    """Terms, days off and make-up days; when left out, every day counts by its weekday."""

    @cached_property
    def tz(self) -> ZoneInfo:
        """The fleet's time zone."""
        return ZoneInfo(self.zone)

    @cached_property
    def bus_rows(self) -> dict[str, int]:
        """Row of each bus by its identity."""
        return {bus.bus_id: row for row, bus in enumerate(self.buses)}

    @cached_property
    def approval_rows(self) -> dict[str, int]:
        """Row of each approval by its identity."""
        return {approval.approval_id: row for row, approval in enumerate(self.approvals)}

    @cached_property
    def drivers_by_id(self) -> dict[str, Driver]:
        return {driver.driver_id: driver for driver in self.drivers}

    @cached_property
    def approvals_by_route(self) -> dict[str, tuple[Approval, ...]]:
        """The versions of each route, oldest first."""
        versions: dict[str, list[Approval]] = {}
        for approval in self.approvals:
            versions.setdefault(approval.route_id, []).append(approval)
        return {route: tuple(sorted(found, key=lambda a: a.valid_from)) for route, found in versions.items()}

    def approval_on(self, route_id: str, day: date) -> Approval | None:
        """The version of a route in force on ``day``: the latest that is valid then, or None."""
        valid = [a for a in self.approvals_by_route.get(route_id, ()) if a.valid_from <= day <= a.valid_to]
        return valid[-1] if valid else None


def encode_registry(registry: Registry) -> bytes:
    """The registry as JSON, UTF-8."""
    return msgspec.json.encode(registry)


def decode_registry(raw: bytes) -> Registry:
    """A checked registry from JSON; ``BadRegistry`` says what is wrong and where."""
    try:
        registry = msgspec.json.decode(raw, type=Registry)
    except msgspec.MsgspecError as error:
        raise BadRegistry(f"the registry cannot be read: {error}") from error
    check_registry(registry)
    return registry


def check_registry(registry: Registry) -> None:
    """Raise ``BadRegistry`` at the first contradiction: double identities, unknown references,
    a line without length, weekdays that are none, a make-up day outside term.
    """
    _check_identities("bus", [bus.bus_id for bus in registry.buses])
    for bus in registry.buses:
        if not _BUS_ID.fullmatch(bus.bus_id) or bus.bus_id in RESERVED:
            raise BadRegistry(
                f"bus {bus.bus_id!r}: its identity is a level of an MQTT topic, so use letters, digits and"
                f" - only, and none of {', '.join(RESERVED)}"
            )
    _check_identities("driver", [driver.driver_id for driver in registry.drivers])
    _check_identities("approval", [approval.approval_id for approval in registry.approvals])
    _check_identities("assignment", [assignment.assignment_id for assignment in registry.assignments])
    for approval in registry.approvals:
        if len(set(approval.line)) < 2:
            raise BadRegistry(f"approval {approval.approval_id!r}: its line needs two distinct points")
        if approval.corridor_m <= 0:
            raise BadRegistry(f"approval {approval.approval_id!r}: corridor_m must be above 0")
        _check_parameters(f"approval {approval.approval_id!r}", approval.parameters)
    _check_identities("zone", [zone.zone_id for zone in registry.zones])
    for zone in registry.zones:
        if len(set(zone.area)) < 3:
            raise BadRegistry(f"zone {zone.zone_id!r}: its area needs three distinct corners")
        if zone.limit_kmh <= 0:
            raise BadRegistry(f"zone {zone.zone_id!r}: limit_kmh must be above 0")
    _check_parameters("the registry", registry.parameters)
    check_calendar(registry.calendar)
    for assignment in registry.assignments:
        _check_assignment(registry, assignment)


def _check_parameters(where: str, parameters: dict[str, float]) -> None:
    try:
        Parameters().with_settings(parameters)
    except BadSetting as error:
        raise BadRegistry(f"{where}: {error}") from error


def _check_identities(noun: str, identities: list[str]) -> None:
    seen: set[str] = set()
    for identity in identities:
        if identity in seen:
            raise BadRegistry(f"{noun} {identity!r} is on record twice; identities must be unique")
        seen.add(identity)


def _check_assignment(registry: Registry, assignment: Assignment) -> None:
    where = f"assignment {assignment.assignment_id!r}"
    if assignment.bus_id not in registry.bus_rows:
        raise BadRegistry(f"{where}: bus {assignment.bus_id!r} is not on record")
    if assignment.driver_id not in registry.drivers_by_id:
        raise BadRegistry(f"{where}: driver {assignment.driver_id!r} is not on record")
    if assignment.route_id not in registry.approvals_by_route:
        raise BadRegistry(f"{where}: route {assignment.route_id!r} has no approval")
    if not assignment.weekdays or not set(assignment.weekdays) <= set(range(1, 8)):
        raise BadRegistry(f"{where}: weekdays must be some of 1 (Monday) to 7 (Sunday)")
    if assignment.stop_times:
        _check_stop_times(where, registry, assignment)


def _check_stop_times(where: str, registry: Registry, assignment: Assignment) -> None:
    counts = {len(approval.stops) for approval in registry.approvals_by_route[assignment.route_id]}
    if len(assignment.stop_times) not in counts:
        raise BadRegistry(
            f"{where}: it has {len(assignment.stop_times)} stop_times and route {assignment.route_id!r}"
            f" {' or '.join(map(str, sorted(counts)))} stops; give one for each, or none"
        )
    order = [_seconds_between(assignment.starts, moment) for moment in assignment.stop_times]
    window = _seconds_between(assignment.starts, assignment.ends) or _DAY_S
    if order != sorted(order) or order[-1] > window:
        raise BadRegistry(
            f"{where}: its stop_times must follow each other from starts {assignment.starts} to ends"
            f" {assignment.ends}"
        )


def _seconds_between(starts: time, moment: time) -> int:
    """From one wall-clock time to the next time that it is ``moment``."""
    begin, end = (60 * (60 * one.hour + one.minute) + one.second for one in (starts, moment))
    return (end - begin) % _DAY_S
