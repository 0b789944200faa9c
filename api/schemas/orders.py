"""Waivers, weather advisories and incidents: what people order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.schemas.base import Corners, LonLat, Model, Name, Said
from fleet.registry import WaiverReason


class Order(BaseModel):
    """What a person orders: a misspelt field is refused, not passed over."""

    model_config = ConfigDict(extra="forbid")

    by: Name = Field(description="Who signs it")


class By(Order):
    """Who takes it back."""


class IncidentOrder(Order):
    """A waiver for an incident."""

    reason: WaiverReason
    from_: AwareDatetime | None = Field(None, alias="from", description="From the beginning if left out")
    to: AwareDatetime
    note: Annotated[Said, StringConstraints(max_length=2_000)] = ""


class WaiverOrder(IncidentOrder):
    """A waiver for some routes, an area, or both."""

    route_ids: Annotated[
        list[Annotated[str, StringConstraints(max_length=100)]], Field(max_length=1_000)
    ] = []
    area: Corners = Field([], description="Corners as [lon, lat]; where the deviation began")


class Waiver(Model):
    """A signed, time-boxed exemption from the approved route (article 30)."""

    waiver_id: str
    reason: WaiverReason
    approved_by: str
    given_at: datetime
    from_: datetime = Field(alias="from")
    to: datetime
    route_ids: list[str] = Field(description="Empty: every route in the area")
    area: list[LonLat] = Field(description="Empty: anywhere")
    note: str
    incident_id: str | None
    revoked_at: datetime | None
    revoked_by: str | None
    alert_ids: list[str] = Field([], description="When it is given: the alerts that it covers by now")


class Waivers(Model):
    """The newest waivers."""

    items: list[Waiver]


class AdvisoryOrder(Order):
    """A weather advisory."""

    name: Name = Field(examples=["道路结冰黄色预警"])
    area: Corners = Field(min_length=3, description="Corners as [lon, lat]")
    from_: AwareDatetime | None = Field(None, alias="from", description="Now if left out")
    to: AwareDatetime
    limit_kmh: float = Field(20.0, gt=0, le=200, description="Article 35: 20 on ice, in mud, in fog")


class Advisory(Model):
    """A speed limit in an area for a time."""

    advisory_id: str
    name: str
    issued_by: str
    issued_at: datetime
    from_: datetime = Field(alias="from")
    to: datetime
    area: list[LonLat]
    limit_kmh: float
    ended_at: datetime | None
    ended_by: str | None


class Advisories(Model):
    """The newest advisories."""

    items: list[Advisory]


class Incident(Model):
    """Many buses that left their routes near one place within minutes: a probable closure."""

    incident_id: str
    lon: float
    lat: float
    first_at: datetime
    last_at: datetime
    ended_at: datetime | None
    alert_ids: list[str]
    bus_ids: list[str]
    route_ids: list[str]


class Incidents(Model):
    """The newest incidents."""

    items: list[Incident]
