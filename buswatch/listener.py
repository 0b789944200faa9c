"""Listens to the live stream as a browser would, and measures how fresh its alerts are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from time import time_ns
from typing import Any

import httpx

from alerts.episodes import OF_THE_CLOCK
from fleet.clock import parse_time
from fleet.errors import Unavailable


class Listener:
    """Counts what arrives on ``/api/v1/live``."""

    def __init__(self, on_alert: Callable[[dict[str, Any]], None]) -> None:
        """``on_alert`` is called with each alert change as it arrives."""
        self._on_alert = on_alert
        self.opened: Counter[str] = Counter()
        self.latencies_ms: list[int] = []
        """From the event time of the fix that opened an alert, which is the moment its bus was due
        to publish it, to the alert's arrival here; alerts found late, and by the clock, are left out."""

    async def listen(self, address: str) -> None:
        """Listen until cancelled or the stream ends; ``Unavailable`` when it is refused."""
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(10, read=None)) as client,
            client.stream("GET", f"{address}/api/v1/live") as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise Unavailable(f"the live stream answers with status {response.status_code}")
            async for name, data in _events(response.aiter_lines()):
                if name == "alert":
                    self._take(json.loads(data), time_ns() // 1_000_000)

    def _take(self, change: dict[str, Any], arrived_ms: int) -> None:
        alert = change["alert"]
        if change["kind"] == "opened":
            self.opened[alert["rule"]] += 1
            if not alert["found_late"] and alert["rule"] not in OF_THE_CLOCK:
                self.latencies_ms.append(arrived_ms - parse_time(alert["detected_at"]))
        self._on_alert(change)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """The events of a server-sent stream: name and data."""
    name = "message"
    data: list[str] = []
    async for line in lines:
        field, _, value = line.partition(":")
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
        elif field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
