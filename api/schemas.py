"""What the API sends and takes, as OpenAPI shows it; the examples are of one school bus's morning.

Responses are encoded straight from the values of the fleet: these models document them, and the
tests hold every response against its model.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from alerts.episodes import ChangeKind, FalseReason, Rule, Severity, Status
from fleet.accesses import AccessKind
from fleet.registry import BusState, Direction, LimitReason, WaiverReason

LonLat = tuple[float, float]
MovingState = Literal["on_route", "deviating", "speeding", "off_trip", "out_of_service"]
Fault = Literal[
    "out_of_service", "sign_expired", "inspection_expired", "driver_unqualified", "route_not_approved"
]
Said = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]
"""What a person wrote: no control characters but line breaks and tabs."""


class Model(BaseModel):
    """Base of all: nothing undocumented may be sent."""

    model_config = ConfigDict(extra="forbid")


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


class LineString(Model):
    """GeoJSON."""

    type: Literal["LineString"]
    coordinates: list[LonLat] = Field(min_length=2)


class Point(Model):
    """GeoJSON."""

    type: Literal["Point"]
    coordinates: LonLat


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


class DriverOnRecord(Model):
    """A driver and the buses that their assignments name."""

    driver_id: str
    name: str
    qualified_until: date
    bus_ids: list[str]


class Drivers(Model):
    """All drivers on record."""

    items: list[DriverOnRecord]


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


class Stop(Model):
    """A stop of an approved route."""

    name: str
    lon: float
    lat: float
    chainage_m: float


class LimitStretch(Model):
    """A limit on the line from `from_m` (included) to `to_m` (not included)."""

    from_m: float
    to_m: float
    limit_kmh: float
    reason: LimitReason


class RouteProperties(Model):
    """An approved version of a route."""

    approval_id: str
    route_id: str
    name: str
    number: str
    school: str
    direction: Direction
    corridor_m: float
    stops: list[Stop]
    limits: list[LimitStretch] = Field([], description="Left out when they were not asked for")


class Route(Model):
    """An approved line as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: LineString
    properties: RouteProperties


class ApprovalProperties(RouteProperties):
    """An approved version with the days on which it is valid."""

    version: int
    valid_from: date
    valid_to: date = Field(description="The last day of validity, included")


class ApprovedRoute(Model):
    """An approved line as a GeoJSON feature, in force or not."""

    type: Literal["Feature"]
    geometry: LineString
    properties: ApprovalProperties


class Routes(Model):
    """The approvals in force."""

    type: Literal["FeatureCollection"]
    features: list[Route]


class BaseMap(Model):
    """Roads; the property `class` is motorway, ring, arterial or lane."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


class Polygon(Model):
    """GeoJSON."""

    type: Literal["Polygon"]
    coordinates: list[list[LonLat]]


class ZoneProperties(Model):
    """An area with a speed limit of its own, such as a school's street."""

    zone_id: str
    name: str
    limit_kmh: float
    reason: LimitReason


class Zone(Model):
    """A zone as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: Polygon
    properties: ZoneProperties


class Zones(Model):
    """The zones on record."""

    type: Literal["FeatureCollection"]
    features: list[Zone]


class TileMap(Model):
    """Tiles of somebody's server, to draw under everything."""

    tiles: list[str] = Field(description="Addresses with {z}, {x} and {y}; a later one lies on top")
    kind: Literal["raster", "vector"] = Field(description="Vector tiles are of the OpenMapTiles schema")
    attribution: str
    max_zoom: int
    coordinates: Literal["wgs84", "gcj02"] = Field(description="What the tiles are drawn in")


class MapSetting(Model):
    """The base map that is configured; null is the roads of `/base-map` alone."""

    base: TileMap | None


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


Name = Annotated[Said, StringConstraints(min_length=1, max_length=100)]


class Assigning(Handling):
    """Who is to deal with an alert."""

    to: Name | None = Field(description="The person; null takes the alert away from whoever held it")


Corner = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]
Corners = Annotated[list[Corner], Field(max_length=1_000)]


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


class RejectedMessage(Model):
    """A message, or an item of one, that could not become a fix."""

    topic: str
    payload: str = Field(description="As text; bytes that are no UTF-8 are shown as \\xNN")
    item: int | None = Field(description="Place in the array of fixes; null for the whole message")
    reason: str
    detail: str
    first_received: datetime
    last_received: datetime
    times: int


class RejectedMessages(Model):
    """The newest, and how many of each reason."""

    counts: dict[str, int] = Field(description="Distinct rejects by reason", examples=[{"not_json": 2}])
    items: list[RejectedMessage]


class Alive(Model):
    """The process is up."""

    alive: Literal[True]


class Check(Model):
    """One part that answers depend on."""

    ok: bool
    reason: str | None


class Readiness(Model):
    """All parts work."""

    ready: Literal[True]
    checks: dict[str, Check]
