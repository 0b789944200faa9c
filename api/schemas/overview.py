"""What the overview sends, as OpenAPI shows it. ``api/indicators.py`` defines each figure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from alerts.episodes import Rule, Severity
from alerts.standing import Standing
from api.schemas import Model, SchoolDay


class Ratio(Model):
    """A part of a whole."""

    part: float
    whole: float
    rate: float | None = Field(description="part ÷ whole; null where the whole is 0")


class Figures(Model):
    """How well buses were watched."""

    online: Ratio = Field(
        description="上线率: buses in service with a trip due on a day that reported on it ÷ such buses,"
        " summed over days. In a series by the hour: those with a fix in the due minutes of the hour"
    )
    valid: Ratio = Field(description="数据合格率: fixes whose place can be believed ÷ fixes")
    complete: Ratio = Field(
        description="轨迹完整率, km: driven less those between two believed fixes over two minutes apart"
        " ÷ driven"
    )
    drift: Ratio = Field(description="漂移率: fixes that are a jump or a frozen place ÷ fixes")
    jumps: int = Field(description="Fixes farther from the one before than any bus drives")
    frozen: int = Field(description="Fixes that repeat an old place while the bus moves")
    connected: Ratio = Field(description="连通率: minutes of due trips with a fix ÷ minutes of due trips")
    trips: Ratio = Field(description="Trips during which the bus made a fix ÷ trips whose window has opened")
    km: float = Field(description="Driven; fixes are joined by straight lines")
    bus_hours: float = Field(description="Hours of buses, by the minutes in which a fix was made")
    top_speed_kmh: float | None = Field(description="Of fixes without any doubt")


class Raised(Model):
    """Alerts that began in the span, and how they were handled."""

    alerts: int = Field(description="Those marked false among them")
    by_severity: dict[Severity, int]
    false_alarms: Ratio = Field(description="Marked false ÷ alerts")
    standings: dict[Standing, int] = Field(
        description="Against the deadline, which runs from when an alert was put on file, by the wall clock"
    )
    on_time: Ratio = Field(
        description="Acknowledged or settled before the deadline ÷ those and all whose deadline has passed"
    )


class Total(Figures, Raised):
    """All buses together."""

    alerts_per_1000_km: float | None


class Step(Figures):
    """An hour or a day."""

    begins: datetime
    alerts: int
    by_rule: dict[Rule, int] = Field(description="Rules that raised none are left out")
    by_severity: dict[Severity, int] = Field(description="Severities without any are left out")


class RuleAlerts(Raised):
    """The alerts of a rule."""

    rule: Rule


class SeverityAlerts(Raised):
    """The alerts of a severity."""

    severity: Severity


class Group(Total):
    """The buses of a school, or of an operator."""

    name: str
    buses: int = Field(description="Registered")
    in_service: int


class Counted(Model):
    """For what time figures from positions stand."""

    from_: datetime | None = Field(
        alias="from", description="Older hours are still to be counted; null: none are"
    )
    until: datetime | None = Field(description="Null before anything was counted")


class Before(Model):
    """The span before."""

    from_: date = Field(alias="from")
    to: date
    until: datetime | None = Field(
        description="When the span itself is not over: as far into the span before; null: all of it"
    )
    whole: bool = Field(description="False while its hours are still to be counted")
    total: Total


class Overview(Model):
    """Some days of a fleet."""

    from_: date = Field(alias="from")
    to: date
    step: Literal["hour", "day"]
    now: datetime
    counted: Counted
    days: list[SchoolDay]
    deadlines_s: dict[Severity, float]
    total: Total
    series: list[Step]
    rules: list[RuleAlerts] = Field(description="Of the rules that raised any")
    severities: list[SeverityAlerts]
    schools: list[Group]
    operators: list[Group]
    before: Before
