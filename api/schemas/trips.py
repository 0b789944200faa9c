"""The trips of a day, and when a bus was at its stops."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import Model
from api.schemas.fleet import SchoolDay
from api.schemas.routes import Stop
from fleet.registry import Direction


class Run(Model):
    """One trip that an assignment calls for on a day."""

    assignment_id: str
    bus_id: str
    driver_id: str
    driver_name: str
    route_id: str
    route_name: str
    school: str
    direction: Direction
    approval_id: str | None = Field(description="The version in force on that day; null when there is none")
    starts: datetime = Field(description="The window's start")
    ends: datetime


class DayTimetable(SchoolDay):
    """The trips of a day, by bus and start."""

    items: list[Run]


class StopPassage(Stop):
    """A stop of a trip, and when its bus was there by its own track."""

    due_at: datetime | None = Field(
        description="By the approved timetable; null when the record has no times for this version's stops"
    )
    reached_at: datetime | None = Field(
        description="30 m before the stop, the last where the trip ends; null when it was not seen there"
    )
    left_at: datetime | None = Field(description="30 m beyond it")


class Trip(Model):
    """A run of an assignment on a day."""

    assignment_id: str
    approval_id: str
    route_id: str
    route_name: str
    direction: Direction
    starts: datetime = Field(description="The window's start")
    ends: datetime
    state: Literal["waiting", "under_way", "ended"]
    stops: list[StopPassage]


class BusTrip(Model):
    """The trip that a bus is on, or was on last on that day, or has next; null when none is due."""

    trip: Trip | None
