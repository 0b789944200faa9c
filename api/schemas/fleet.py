"""What is on record of the fleet: buses, drivers, assignments, and where each bus is."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal

from pydantic import Field

from api.schemas.base import LonLat, Model
from fleet.registry import BusState, Direction

MovingState = Literal["on_route", "deviating", "speeding", "off_trip", "out_of_service"]


class Fleet(Model):
    """The fleet as a whole."""

    city: str
    zone: str = Field(description="In which times are written and a day begins", examples=["Asia/Shanghai"])
    registry_version: str


class Bus(Model):
    """A registered school bus with its sign, inspection and depot."""

    bus_id: str = Field(examples=["B0001"])
    plate: str = Field(examples=["鄂A12345"])
    sign_number: str
    sign_expires: date
    inspection_expires: date
    operator: str
    school: str
    seats: int
    depot: LonLat
    state: BusState
    district: str = Field(description="Whose authority gave its permit; empty where the record does not say")
    route_ids: list[str]


class Buses(Model):
    """All buses on record."""

    items: list[Bus]


class Driver(Model):
    """Who drives, and how to reach them."""

    driver_id: str
    name: str
    phone: str


class Assignment(Model):
    """What a sign states: this driver, this route, on these days in this window."""

    assignment_id: str
    route_id: str
    route_name: str
    direction: Direction
    approval_id: str | None = Field(description="The version in force today; null when there is none")
    approval_number: str | None
    driver: Driver
    weekdays: list[int] = Field(description="ISO numbers, Monday is 1")
    starts: time
    ends: time


class SchoolDay(Model):
    """What a day is by the school calendar."""

    day: date
    weekday: int | None = Field(
        description="The weekday whose assignments are due, Monday is 1; null when none are"
    )
    day_off: str | None = Field(description="What the day off is called; null on other days")


class Position(Model):
    """A bus's newest fix and what the engine made of it."""

    time: datetime
    lon: float
    lat: float
    speed_kmh: float | None
    heading: float | None
    limit_kmh: float | None
    off_m: float | None = Field(description="Metres from the approved line")
    state: MovingState


class BusFile(Bus):
    """A bus with what its sign states and where it is."""

    assignments: list[Assignment]
    today: SchoolDay
    last_position: Position | None


class Frame(Model):
    """Rows under named columns; `state` is the last column."""

    time_ms: int
    stalled: str | None = Field(description="Why nothing is committed at present; null when all is well")
    columns: list[str]
    rows: list[list[str | float | None]]


class DriverOnRecord(Model):
    """A driver and the buses that their assignments name."""

    driver_id: str
    name: str
    qualified_until: date
    bus_ids: list[str]


class Drivers(Model):
    """All drivers on record."""

    items: list[DriverOnRecord]
