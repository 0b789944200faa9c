"""Tracks, who looked at them, and what they say of an area or an hour."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import LineString, Model, Point
from fleet.accesses import AccessKind


class TrackProperties(Model):
    """One entry a fix, in event order."""

    bus_id: str
    times: list[datetime]
    speed_kmh: list[float | None]
    quality: list[int] = Field(
        description="Marks as bits: 1 late, 2 jump, 4 speed contradicted, 8 no fix, 16 from the future,"
        " 32 frozen, 64 duplicate"
    )
    returned: int
    truncated: bool = Field(description="There is more in the span; ask again from the last time on")
    left_out: int = Field(description="Fixes of the span that thinning by `most` left out")


class Track(Model):
    """A track as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: LineString | Point | None = Field(description="A point when there is one fix, null for none")
    properties: TrackProperties


class TrackAccess(Model):
    """A look at a track."""

    at: datetime
    by: str | None = Field(description="The name that the person stated; null when none was given")
    what: AccessKind
    bus_id: str
    from_: datetime = Field(alias="from")
    to: datetime


class TrackAccesses(Model):
    """The newest looks at tracks."""

    items: list[TrackAccess]


class Visit(Model):
    """A bus in an area: its fixes there, less than ten minutes apart."""

    bus_id: str
    first: datetime
    last: datetime
    fixes: int


class Presence(Model):
    """Which buses were in an area, by bus and time."""

    items: list[Visit]
    truncated: bool = Field(description="There were more fixes than are looked at: ask for less time or room")


class BusHour(Model):
    """What a bus did in an hour in which it reported."""

    bus_id: str
    begins: datetime
    fixes: int
    valid: int = Field(description="Fixes with a place that can be believed")
    top_speed_kmh: float | None = Field(description="Of fixes without any doubt; null where none has a speed")
    km: float = Field(description="Driven; fixes are joined by straight lines")


class Hours(Model):
    """What buses did, by bus and hour."""

    items: list[BusHour]
    truncated: bool = Field(description="There is more; ask for less time or one bus")
