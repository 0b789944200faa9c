"""The overview for officials: how well a fleet was watched over some days, what was raised, who saw to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray
from starlette.responses import Response

from alerts.episodes import RULES, SEVERITIES
from alerts.standing import STANDINGS, Handled, standing_of
from api.answers import Json
from api.context import Context
from api.indicators import Facts, Figures, cut, gather, sum_up
from api.schemas import overview as schemas
from fleet.clock import HOUR_MS, format_time, local_ms
from fleet.errors import BadInput
from fleet.hours import Counted
from fleet.registry import Registry
from fleet.timetable import Trips, lay_trips

LONGEST_DAYS = 92
"""A quarter of a year."""
_KEPT_DAYS = 200
"""Of so many days the trips are kept laid out."""
_MIDNIGHT = time()

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Some days of the fleet's zone."""

    days: tuple[date, ...]
    edges_ms: Ints
    """The beginning of each day and the end of the last."""

    @property
    def from_ms(self) -> int:
        return int(self.edges_ms[0])

    @property
    def to_ms(self) -> int:
        return int(self.edges_ms[-1])


def overview_routes(context: Context) -> APIRouter:
    """The overview."""
    router = APIRouter(tags=["overview"])
    overviews = Overviews(context)

    @router.get(
        "/overview",
        summary="How well the fleet was watched, what was raised, and who saw to it",
        response_model=schemas.Overview,
    )
    async def overview(
        from_: Annotated[
            date | None, Query(alias="from", description="First day, of the fleet's zone; today if left out")
        ] = None,
        to: Annotated[
            date | None,
            Query(description=f"Last day, included; `from` if left out; {LONGEST_DAYS} days at most"),
        ] = None,
    ) -> Response:
        first = from_ or to or context.today()
        last = to or first
        if not 0 <= (last - first).days < LONGEST_DAYS:
            raise BadInput(f"query.to: must lie within {LONGEST_DAYS} days from `from` on")
        if not 1971 <= first.year <= 2199:
            raise BadInput(f"query.from: {first} is not between the years 1971 and 2199")
        return Json(await overviews.of(first, last))

    return router


class Overviews:
    """Makes overviews; remembers which trips were due on a day, while the registry stays as it is."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._edition: int | None = None
        self._laid: dict[date, Trips] = {}

    async def of(self, first: date, last: date) -> dict[str, Any]:
        """The overview of the days from ``first`` to ``last``, beside as many days before them."""
        ports, now_ms = self._context.ports, self._context.now_ms()
        edition, registry = await ports.record.registry()
        if edition != self._edition or len(self._laid) > _KEPT_DAYS:
            self._edition, self._laid = edition, {}
        days = (last - first).days + 1
        span = _span(first, days, registry)
        before = _span(first - timedelta(days=days), days, registry)
        counted, hours, alerts, hours_before, alerts_before = await asyncio.gather(
            ports.hours.counted(),
            ports.hours.of_fleet(span.from_ms, span.to_ms),
            ports.handling.between(span.from_ms, span.to_ms),
            ports.hours.of_fleet(before.from_ms, before.to_ms),
            ports.handling.between(before.from_ms, before.to_ms),
        )

        def work() -> dict[str, Any]:
            laid = self._laid
            until_ms = span.from_ms if counted.until_ms is None else counted.until_ms
            facts = gather(registry, hours, _trips(registry, span, laid), span.edges_ms, until_ms)
            # As much of the span before as has passed of this one, so that like is laid beside like.
            passed_ms = min(max(until_ms - span.from_ms, 0), span.to_ms - span.from_ms)
            end_ms = before.to_ms if until_ms >= span.to_ms else min(before.from_ms + passed_ms, before.to_ms)
            facts_before = gather(
                registry, cut(hours_before, end_ms), _trips(registry, before, laid), before.edges_ms, end_ms
            )
            told_ms = before.to_ms if now_ms >= span.to_ms else before.from_ms + max(now_ms - span.from_ms, 0)
            earlier = [alert for alert in alerts_before if alert.started_ms < told_ms]
            view = _View(registry, self._context, now_ms)
            return view.overview(span, counted, facts, alerts) | {
                "before": view.before(before, counted, end_ms, facts_before, earlier)
            }

        return await asyncio.to_thread(work)


def _span(first: date, days: int, registry: Registry) -> Span:
    each = tuple(first + timedelta(days=n) for n in range(days))
    edges = [local_ms(day, _MIDNIGHT, registry.tz) for day in (*each, first + timedelta(days=days))]
    return Span(each, np.array(edges, np.int64))


def _trips(registry: Registry, span: Span, laid: dict[date, Trips]) -> Trips:
    """The trips of the days of a span, those of a day laid out once."""
    for day in span.days:
        if day not in laid:
            laid[day] = lay_trips(registry, day, day)
    parts = [laid[day] for day in span.days]
    return Trips(*(np.concatenate([getattr(part, name) for part in parts]) for name in Trips.__slots__))


class _View:
    """Figures as they are sent."""

    def __init__(self, registry: Registry, context: Context, now_ms: int) -> None:
        self._registry = registry
        self._zone = context.zone
        self._deadlines = context.deadlines
        self._now_ms = now_ms

    def overview(
        self, span: Span, counted: Counted, facts: Facts, alerts: Sequence[Handled]
    ) -> dict[str, Any]:
        calendar = self._registry.calendar
        return {
            "from": span.days[0],
            "to": span.days[-1],
            "step": "hour" if len(span.days) == 1 else "day",
            "now": format_time(self._now_ms, self._zone),
            "counted": self._counted(counted),
            "days": [
                {
                    "day": day,
                    "weekday": calendar.weekday_on(day),
                    "day_off": off.name if (off := calendar.days_off_on(day)) is not None else None,
                }
                for day in span.days
            ],
            "deadlines_s": {
                severity: self._deadlines.of(severity) / 1_000 for severity in reversed(SEVERITIES)
            },
            "total": self._total(facts, alerts),
            "series": self._series(span, facts, alerts),
            "rules": [
                {"rule": rule, **self._alerts(mine)}
                for rule, mine in _by(alerts, lambda alert: alert.rule, RULES)
                if mine
            ],
            "severities": [
                {"severity": severity, **self._alerts(mine)}
                for severity, mine in _by(alerts, lambda alert: alert.severity, SEVERITIES[::-1])
            ],
            "schools": self._groups(facts, alerts, [bus.school for bus in self._registry.buses]),
            "operators": self._groups(facts, alerts, [bus.operator for bus in self._registry.buses]),
        }

    def before(
        self, span: Span, counted: Counted, end_ms: int, facts: Facts, alerts: Sequence[Handled]
    ) -> dict[str, Any]:
        return {
            "from": span.days[0],
            "to": span.days[-1],
            "until": None if end_ms >= span.to_ms else format_time(end_ms, self._zone),
            "whole": counted.from_ms is None or counted.from_ms <= span.from_ms,
            "total": self._total(facts, alerts),
        }

    def _counted(self, counted: Counted) -> dict[str, Any]:
        return {
            "from": None if counted.from_ms is None else format_time(counted.from_ms, self._zone),
            "until": None if counted.until_ms is None else format_time(counted.until_ms, self._zone),
        }

    def _total(self, facts: Facts, alerts: Sequence[Handled]) -> dict[str, Any]:
        figures = sum_up(facts, lambda bus, _: np.zeros(len(bus), np.int64), 1)
        return {**_figures(figures, 0), **self._alerts(alerts), **_per_distance(figures, 0, len(alerts))}

    def _series(self, span: Span, facts: Facts, alerts: Sequence[Handled]) -> list[dict[str, Any]]:
        by_hour = len(span.days) == 1
        edges = np.arange(span.from_ms, span.to_ms + 1, HOUR_MS) if by_hour else span.edges_ms
        steps = len(edges) - 1

        def step_of(_: Ints, moments_ms: Ints) -> Ints:
            return np.clip(np.searchsorted(edges, moments_ms, side="right") - 1, 0, steps - 1)

        figures = sum_up(facts, step_of, steps, by_hour=by_hour)
        started_ms = np.array([alert.started_ms for alert in alerts], np.int64)
        places = step_of(started_ms, started_ms).tolist()
        rules, severities = ([Counter[str]() for _ in range(steps)] for _ in range(2))
        for place, alert in zip(places, alerts, strict=True):
            rules[place][alert.rule] += 1
            severities[place][alert.severity] += 1
        return [
            {
                "begins": format_time(int(edges[step]), self._zone),
                **_figures(figures, step),
                "alerts": rules[step].total(),
                "by_rule": rules[step],
                "by_severity": severities[step],
            }
            for step in range(steps)
        ]

    def _groups(
        self, facts: Facts, alerts: Sequence[Handled], name_of_bus: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Figures and alerts by a name that each bus of the registry has; a bus that is no longer on record
        belongs to none.
        """
        names = sorted(set(name_of_bus))
        place_of = {name: place for place, name in enumerate(names)}
        # A row of -1, a bus no longer on record, takes the last.
        group = np.array([*(place_of[name] for name in name_of_bus), -1], np.int64)
        figures = sum_up(facts, lambda bus, _: group[bus], len(names))
        rows, raised = self._registry.bus_rows, dict[int, list[Handled]]()
        for alert in alerts:
            raised.setdefault(int(group[rows.get(alert.bus_id, -1)]), []).append(alert)
        in_service = Counter(
            bus_name
            for bus_name, bus in zip(name_of_bus, self._registry.buses, strict=True)
            if bus.state == "in_service"
        )
        registered = Counter(name_of_bus)
        return [
            {
                "name": name,
                "buses": registered[name],
                "in_service": in_service[name],
                **_figures(figures, place),
                **self._alerts(raised.get(place, [])),
                **_per_distance(figures, place, len(raised.get(place, []))),
            }
            for place, name in enumerate(names)
        ]

    def _alerts(self, alerts: Sequence[Handled]) -> dict[str, Any]:
        severities = Counter(alert.severity for alert in alerts)
        standings = Counter(standing_of(alert, self._deadlines, self._now_ms) for alert in alerts)
        judged = standings["on_time"] + standings["late"] + standings["overdue"]
        return {
            "alerts": len(alerts),
            "by_severity": {severity: severities[severity] for severity in reversed(SEVERITIES)},
            "false_alarms": _ratio(sum(alert.status == "false_alarm" for alert in alerts), len(alerts)),
            "standings": {standing: standings[standing] for standing in STANDINGS},
            "on_time": _ratio(standings["on_time"], judged),
        }


def _figures(of: Figures, place: int) -> dict[str, Any]:
    def at(column: NDArray[Any]) -> Any:
        return column[place].item()

    km, unseen_km = at(of.moved_m) / 1_000, at(of.unseen_m) / 1_000
    top = at(of.top_speed_kmh)
    return {
        "online": _ratio(at(of.buses_online), at(of.buses_due)),
        "valid": _ratio(at(of.valid), at(of.fixes)),
        "complete": _ratio(round(km - unseen_km, 3), round(km, 3)),
        "drift": _ratio(at(of.jumps) + at(of.frozen), at(of.fixes)),
        "jumps": at(of.jumps),
        "frozen": at(of.frozen),
        "connected": _ratio(at(of.minutes_connected), at(of.minutes_due)),
        "trips": _ratio(at(of.trips_seen), at(of.trips_due)),
        "km": round(km, 1),
        "bus_hours": round(at(of.minutes) / 60, 1),
        "top_speed_kmh": None if np.isnan(top) else round(top, 1),
    }


def _per_distance(of: Figures, place: int, alerts: int) -> dict[str, Any]:
    metres = of.moved_m[place].item()
    return {"alerts_per_1000_km": round(alerts / metres * 1e6, 2) if metres > 0 else None}


def _ratio(part: float, whole: float) -> dict[str, Any]:
    return {"part": part, "whole": whole, "rate": part / whole if whole > 0 else None}


def _by(
    alerts: Iterable[Handled], kind_of: Callable[[Handled], str], kinds: Sequence[str]
) -> list[tuple[str, list[Handled]]]:
    """The alerts of each kind, in the order of the kinds."""
    found: dict[str, list[Handled]] = {kind: [] for kind in kinds}
    for alert in alerts:
        found[kind_of(alert)].append(alert)
    return list(found.items())
