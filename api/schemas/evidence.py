"""The evidence of an alert as OpenAPI shows it: ``api.schemas`` for the document that is taken to court."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal

from pydantic import Field

from alerts.episodes import Severity, Status
from api.schemas import Advisory, Alert, Fix, LimitStretch, LonLat, Model, Step, Stop, Waiver
from fleet.registry import BusState, Direction, LimitReason

QualityMark = Literal["late", "jump", "speed_contradicted", "no_fix", "from_future", "frozen", "duplicate"]


class Record(Model):
    """The registry that the document was made from."""

    city: str
    version: str
    as_judged: bool = Field(description="Whether it is the version by which the alert was judged")


class Clause(Model):
    """An article of the law."""

    article: int
    paragraph: int | None = Field(description="Null: the whole article")


class Law(Model):
    """What the alert rests upon."""

    title: str = Field(examples=["校车安全管理条例"])
    clauses: list[Clause]


class LimitZone(Model):
    """An area with a limit of its own."""

    zone_id: str
    name: str
    area: list[LonLat]
    limit_kmh: float
    reason: LimitReason


class Limit(Model):
    """The limit in force at the peak, and what on record set it; all three null is the legal cap alone."""

    limit_kmh: float
    reason: LimitReason
    stretch: LimitStretch | None
    zone: LimitZone | None
    advisory: Advisory | None


class SheetBus(Model):
    """The bus by the registry."""

    bus_id: str
    plate: str
    sign_number: str
    sign_expires: date
    inspection_expires: date
    operator: str
    school: str
    district: str
    seats: int
    depot: LonLat
    state: BusState


class SheetDriver(Model):
    """The driver whom the sign states."""

    driver_id: str
    name: str
    qualified_until: date


class SheetAssignment(Model):
    """What the sign states."""

    assignment_id: str
    bus_id: str
    driver_id: str
    route_id: str
    weekdays: list[int]
    starts: time
    ends: time
    stop_times: list[time] = Field(description="When it is due at each stop; empty where none is on record")


class SheetApproval(Model):
    """The version of the route that was in force then."""

    approval_id: str
    route_id: str
    version: int
    number: str
    name: str
    school: str
    direction: Direction
    line: list[LonLat]
    corridor_m: float
    stops: list[Stop]
    limits: list[LimitStretch]
    valid_from: date
    valid_to: date
    parameters: dict[str, float]
    gaps: list[int]


class SheetParameters(Model):
    """The detector's parameters that the record states for the line."""

    version: str
    as_judged: bool = Field(description="Whether it is the set by which the alert was judged")
    group: str = Field(description="The group that the rule goes by", examples=["speeding"])
    values: dict[str, dict[str, float]] = Field(description="All groups: the version is that of all")


class SheetStep(Step):
    """One step in the life of the alert, and how it stood after it."""

    severity: Severity
    status: Status
    version: int


class SheetFix(Fix):
    """A fix with its marks in words."""

    marks: list[QualityMark]
    off_line_m: float | None = Field(
        description="Metres to the nearest point of the approved line; null without approval or place"
    )


class EvidenceSheet(Model):
    """All that proves an alert."""

    digest: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the canonical form (RFC 8785) of all but `digest` and `made_at`",
    )
    made_at: datetime
    format: Literal["buswatch-evidence/1"]
    software: str = Field(examples=["buswatch 0.1.0"])
    zone: str = Field(description="The time zone of all times", examples=["Asia/Shanghai"])
    record: Record
    alert: Alert
    law: Law
    limit: Limit | None = Field(description="For speeding alone")
    bus: SheetBus | None = Field(description="Null when it is on record no more")
    driver: SheetDriver | None
    assignment: SheetAssignment | None
    approval: SheetApproval | None
    parameters: SheetParameters
    waiver: Waiver | None
    history: list[SheetStep]
    fixes: list[SheetFix] = Field(description="From 30 s before its start to 30 s after its end")
    fixes_truncated: bool
