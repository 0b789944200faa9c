"""Alerts, and what people do about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from alerts.episodes import ChangeKind, FalseReason, Rule, Severity, Status
from api.schemas.base import Model, Name, Said
from fleet.registry import LimitReason

Fault = Literal[
    "out_of_service", "sign_expired", "inspection_expired", "driver_unqualified", "route_not_approved"
]


class Evidence(Model):
    """Why an alert was raised; what the rule does not use is left out."""

    peak_at: datetime
    peak_lon: float
    peak_lat: float
    fixes: int
    parameters_version: str
    registry_version: str
    speed_kmh: float | None = None
    limit_kmh: float | None = None
    limit_reason: LimitReason | None = None
    over_percent: float | None = None
    off_line_m: float | None = None
    corridor_m: float | None = None
    chainage_m: float | None = None
    approval_id: str | None = None
    assignment_id: str | None = None
    driver_id: str | None = None
    back_m: float | None = Field(None, description="Wrong way: metres driven backwards along the line")
    stops_skipped: int | None = None
    stood_s: float | None = Field(None, description="Long stop: seconds without leaving the place")
    silent_s: float | None = Field(None, description="Seconds without a fix")
    faults: list[Fault] = Field([], description="Unapproved operation: what is missing")
    waiver_id: str | None = Field(None, description="The waiver that covers it, and lowered the severity")


class Alert(Model):
    """One episode and its handling."""

    alert_id: str = Field(examples=["B0001.speeding.1790000000000"])
    bus_id: str
    rule: Rule
    severity: Severity
    status: Status
    started_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    lon: float
    lat: float
    found_late: bool
    evidence: Evidence
    version: int
    assignee: str | None = Field(description="Who is to deal with it")
    level: int = Field(
        ge=0, le=2, description="How far it was raised: 0 the desk, 1 the shift leader, 2 the authority"
    )
    due_at: datetime | None = Field(
        description="When it goes up a level unless somebody acknowledges it; null when it does not"
    )
    false_reason: FalseReason | None


class AlertPage(Model):
    """A page of alerts."""

    items: list[Alert]
    next_cursor: str | None = Field(description="Give it as `cursor` to get the next page; null at the end")


class Step(Model):
    """One step in the life of an alert."""

    seq: int
    kind: ChangeKind
    at: datetime
    by: str | None = Field(description="The person; null is the engine, or for `escalated` the clock")
    note: str | None
    assignee: str | None = Field(description="Who held the alert after it")
    level: int = Field(description="How far it was raised after it")
    false_reason: FalseReason | None


class Fix(Model):
    """One position report."""

    time: datetime
    lon: float
    lat: float
    speed_kmh: float | None
    heading: float | None
    accuracy_m: float | None
    satellites: int | None
    quality: int


class AlertFile(Alert):
    """An alert with its steps and its track."""

    changes: list[Step]
    fixes: list[Fix] = Field(description="From 30 s before its start to 30 s after its end")
    fixes_truncated: bool


class Handling(BaseModel):
    """What a person does about an alert."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "王秀英", "note": "司机已减速", "version": 3}]}
    )

    by: Annotated[Said, StringConstraints(min_length=1, max_length=100)]
    note: Annotated[Said, StringConstraints(max_length=2_000)] | None = None
    version: int = Field(ge=1, le=2**31 - 1, description="The version of the alert that the person saw")


class FalseAlarm(Handling):
    """That an alert was false; the reason `other` needs a note that says which."""

    reason: FalseReason


class Noting(Handling):
    """What a person has to say about an alert."""

    note: Annotated[Said, StringConstraints(min_length=1, max_length=2_000)]


class Assigning(Handling):
    """Who is to deal with an alert."""

    to: Name | None = Field(description="The person; null takes the alert away from whoever held it")
