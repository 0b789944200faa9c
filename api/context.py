"""What every part of the API needs at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from time import time_ns
from typing import Any
from zoneinfo import ZoneInfo

from alerts.handling import Deadlines
from api.base_map import BaseMap
from api.live import LiveHub
from api.ports import Ports
from fleet.clock import local_day

Announce = Callable[[dict[str, Any]], Awaitable[None]]
"""Tells an alert change, in its wire form, to every other process; may raise ``Unavailable``."""
Check = Callable[[], Awaitable[None]]
"""Returns when a part that we depend on works, else raises ``Unavailable`` with the reason."""


@dataclass(frozen=True, slots=True)
class Context:
    """The API's surroundings, plugged in by the composition root."""

    ports: Ports
    hub: LiveHub
    zone: ZoneInfo
    """The zone in which times are written for people, and in which a day begins."""
    announce: Announce
    checks: Mapping[str, Check] = field(default_factory=dict)
    """Further parts that readiness asks, by name: the database, the broker."""
    now_ms: Callable[[], int] = lambda: time_ns() // 1_000_000
    base_map: BaseMap | None = None
    """Tiles under the page's own layers, where an operator configured some."""
    deadlines: Deadlines = field(default_factory=Deadlines)
    """By when an alert is to be handled, for the figures of the overview."""

    def today(self) -> date:
        """The day in the fleet's zone."""
        return local_day(self.now_ms(), self.zone)
