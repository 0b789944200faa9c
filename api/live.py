"""The live stream's hub: what moved once a second, every alert change at once, to any number of pages.

Frames and changes come from the broker through ``push_frame`` and ``push_change``. Storage has the
last word on changes: it is read whenever a seq is missing, and every other second in any case, so a
change that the broker lost, doubled or brought out of order still reaches every page once and in
order. A slow page delays nobody (``api.audience``), and no page holds a database connection.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from time import time_ns
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from alerts.episodes import Change, change_to_wire
from alerts.incidents import Incident, incident_to_wire
from api.audience import MOST_CHANGES, Listener
from api.frames import COLUMNS, EncodedFrame, Frame, Row, decode_frame, event, rows_by_bus
from api.ports import Ports
from fleet.errors import NotFound, Unavailable

log = logging.getLogger(__name__)

POLL_S = 2.0
"""How often storage is asked for changes that nobody announced."""
COMMENT_S = 15.0
"""An idle stream gets a comment this often, so that proxies keep it open."""
MOST_INCIDENTS = 50
"""So many of the newest are watched for changes."""
RETRY_MS = 2_000
"""How long a page is asked to wait before it comes back."""


class LiveHub:
    """Takes frames and changes, and hands them to the connected pages.

    ``run`` must be running; ``close`` ends every stream.
    """

    def __init__(
        self, ports: Ports, zone: ZoneInfo, now_ms: Callable[[], int] = lambda: time_ns() // 1_000_000
    ) -> None:
        self._ports = ports
        self._zone = zone
        self._now_ms = now_ms
        self._seq: int | None = None
        self._latest: dict[str, Row] = {}
        self._newest = EncodedFrame(Frame(0, COLUMNS, []))
        self._all: EncodedFrame | None = None
        self._frame_heard_ms: int | None = None
        self._listeners: set[Listener] = set()
        self._behind = asyncio.Event()
        self._incidents: dict[str, Incident] | None = None
        self._closed = False

    async def run(self) -> None:
        """Learn the present state from storage, then keep up with it until cancelled."""
        while True:
            try:
                await self.keep_up()
                await self.keep_up_with_incidents()
            except Unavailable as error:
                log.warning("live changes wait: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._behind.wait()

    async def keep_up(self) -> None:
        """Tell the changes that storage has and nobody announced; ``Unavailable``."""
        self._behind.clear()
        if self._seq is None:
            await self._begin()
        while True:
            assert self._seq is not None
            changes = await self._ports.changes.after(self._seq, MOST_CHANGES)
            for change in changes:
                # push_change may have told some of them while storage was read.
                if change.seq > self._seq:
                    self._tell(change.seq, change_to_wire(change, self._zone))
            if len(changes) < MOST_CHANGES:
                return

    async def keep_up_with_incidents(self) -> None:
        """Tell the incidents that are new or changed since the last look; ``Unavailable``."""
        found = await self._ports.incidents.newest(MOST_INCIDENTS, None)
        known, self._incidents = self._incidents, {one.incident_id: one for one in found}
        if known is None:
            return
        for incident in reversed(found):
            if known.get(incident.incident_id) != incident:
                data = msgspec.json.encode(incident_to_wire(incident, self._zone))
                for listener in self._listeners:
                    listener.offer_incident(incident.incident_id, data)

    def close(self) -> None:
        """End every stream, now and for good."""
        self._closed = True
        for listener in self._listeners:
            listener.offered.set()

    def push_frame(self, raw: bytes) -> None:
        """Take a live frame from the broker; ``BadInput`` when it is none."""
        self._newest = decode_frame(raw)
        self._latest.update(rows_by_bus(self._newest.frame.rows))
        self._all = None
        self._frame_heard_ms = self._now_ms()
        for listener in self._listeners:
            listener.offer_frame(self._newest)

    def lose_feed(self) -> None:
        """The broker is away: until the next frame nothing tells that the monitor works."""
        self._frame_heard_ms = None

    def push_change(self, change: dict[str, Any]) -> None:
        """Take an alert change in its wire form. Known ones are ignored; gaps are read from storage."""
        seq = int(change["seq"])
        if self._seq is not None and seq == self._seq + 1:
            self._tell(seq, change)
        elif self._seq is None or seq > self._seq:
            self._behind.set()

    def positions(self) -> EncodedFrame:
        """The last known row of every bus, as one frame."""
        if self._all is None:
            newest = self._newest.frame
            self._all = EncodedFrame(msgspec.structs.replace(newest, rows=list(self._latest.values())))
        return self._all

    def position(self, bus_id: str) -> dict[str, Any] | None:
        """The last known row of one bus by column, or None when it never reported."""
        row = self._latest.get(bus_id)
        return None if row is None else dict(zip(COLUMNS, row, strict=True))

    @property
    def frame_age_ms(self) -> int | None:
        """How long ago the last frame came, by our clock; None before the first
        of this feed.
        """
        return None if self._frame_heard_ms is None else self._now_ms() - self._frame_heard_ms

    @property
    def stalled(self) -> str | None:
        """Why the monitor commits nothing at present, as its last frame said."""
        return self._newest.frame.stalled

    async def events(self, last_seq: int | None) -> AsyncGenerator[bytes]:
        """The events for one page, encoded, until the hub closes.

        ``last_seq`` is the newest change that the page has had, None when it is new; it gets every
        change after that one, then the positions of all buses, then what happens. Raises
        ``Unavailable`` before the first event when the hub has not begun.
        """
        if self._seq is None or self._closed:
            raise Unavailable("the live stream has not begun yet, or is ending")
        listener = Listener(self._seq)
        # From here on nothing can be missed: what is told while the past is read waits in line.
        self._listeners.add(listener)
        try:
            yield b"retry: %d\n\n" % RETRY_MS
            if last_seq is not None:
                async for missed in self._past(listener, last_seq):
                    yield missed
            listener.offer_frame(self.positions())
            while not self._closed:
                listener.offered.clear()
                while not self._closed and (waiting := listener.take()) is not None:
                    yield waiting
                try:
                    async with asyncio.timeout(COMMENT_S):
                        await listener.offered.wait()
                except TimeoutError:
                    yield b":\n\n"
        finally:
            self._listeners.discard(listener)

    async def _past(self, listener: Listener, last_seq: int) -> AsyncIterator[bytes]:
        """The changes between what the page has had and what it is in line for."""
        joined_at, listener.seq = listener.seq, last_seq
        if last_seq == joined_at:
            return
        try:
            if last_seq > joined_at and last_seq <= await self._ports.changes.newest_seq():
                return  # another process told the page what we shall hear in a moment
            changes = await self._ports.changes.after(last_seq, MOST_CHANGES + 1)
        except Unavailable:
            changes = None
        if changes is None or len(changes) > MOST_CHANGES or last_seq > joined_at:
            assert self._seq is not None
            listener.lose(self._seq)
            return
        for change in changes:
            yield event("alert", change.seq, self._encode(change))
            listener.know(change.seq)

    async def _begin(self) -> None:
        """Read the present: the newest change, and where the buses were last."""
        seq = await self._ports.changes.newest_seq()
        out_of_service: set[str] = set()
        with suppress(NotFound):
            _, registry = await self._ports.record.registry()
            out_of_service = {bus.bus_id for bus in registry.buses if bus.state == "out_of_service"}
        bus_ids, fixes = await self._ports.tracks.last()
        places = zip(
            bus_ids, fixes.time_ms.tolist(), fixes.lon.tolist(), fixes.lat.tolist(),
            fixes.speed_kmh.tolist(), fixes.heading_deg.tolist(), strict=True,
        )  # fmt: skip
        for bus_id, time_ms, lon, lat, speed_kmh, heading in places:
            # Until its first frame a bus is known by its place alone, not by what the engine made of it.
            state = "out_of_service" if bus_id in out_of_service else "off_trip"
            row = [bus_id, time_ms, lon, lat, _known(speed_kmh), _known(heading), None, None, state]
            self._latest.setdefault(bus_id, row)
        self._all = None
        self._seq = seq

    def _tell(self, seq: int, change: dict[str, Any]) -> None:
        encoded = event("alert", seq, msgspec.json.encode(change))
        self._seq = seq
        for listener in self._listeners:
            listener.offer_change(seq, encoded)

    def _encode(self, change: Change) -> bytes:
        return msgspec.json.encode(change_to_wire(change, self._zone))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 1)
