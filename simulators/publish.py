"""Publishing as buses do it: each on its own connection, each fix at its own moment.

Pacing is open-loop. A fix is due at its event time whatever the broker does; a slow broker shows as
lateness in the summary, never as a smaller load.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

import msgspec
import numpy as np

from fleet.clock import SECOND_MS
from fleet.errors import Unavailable
from simulators.mqtt import Broker, Connection
from simulators.payload import Outgoing, encode, topic
from simulators.scenario import Simulation

log = logging.getLogger(__name__)

_TICK_S = 0.01
"""Messages that fall due within this are sent together."""
_GLANCE_S = 0.2
"""It looks up from waiting this often, to see whether it shall stop."""
_AHEAD_MS = 600
"""The next second is worked out so long before it begins, that doing so makes nothing late."""
_IN_FLIGHT, _SHARED_IN_FLIGHT = 20, 1_000
"""Messages of one connection that wait for the broker's acknowledgement at most: of a bus's own, and of one
that many share."""
_OWN_CONNECTIONS, _SHARED_CONNECTIONS = 2_000, 16
"""A larger fleet than the first shares the second: a machine has neither the ports nor the time for more."""
_SPARE_FILES = 200
_CONNECTING_AT_ONCE = 32
_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Between attempts to connect again; the last one for ever."""
_LATENESS_KEPT = 200_000


class Lateness(msgspec.Struct, frozen=True):
    """How long after its due moment a message was handed to the network, milliseconds."""

    p50: float
    p99: float
    max: float


class Summary(msgspec.Struct, frozen=True):
    """What was published. A fix counts once the broker has acknowledged it."""

    published: int
    """Distinct fixes, by bus and event time."""
    messages: int
    duplicates: int
    """Fixes that were sent a second time on purpose."""
    unacknowledged: int
    """Fixes that the broker had not acknowledged when publishing ended."""
    lateness_ms: Lateness
    connections: int
    seconds: float


class _Line:
    """One connection with what waits to be sent over it and what waits for acknowledgement."""

    def __init__(self, publisher: Publisher, name: str, broker: Broker, in_flight: int) -> None:
        self._publisher = publisher
        self._most_in_flight = in_flight
        self._name, self._broker = name, broker
        self._connection: Connection | None = None
        self.waiting: deque[Outgoing] = deque()
        self.in_flight: dict[int, Outgoing] = {}

    async def open(self) -> None:
        connection = Connection(self._broker, self._name, self._acknowledged)
        await connection.open()
        self._connection = connection

    async def keep_open(self) -> None:
        """Connect again whenever the connection is lost; what was not acknowledged is sent again."""
        while True:
            if self._connection is not None:
                await self._connection.lost()
                self._publisher.note_lost()
                await self._drop()
            for attempt in range(1_000_000):
                try:
                    await self.open()
                    break
                except Unavailable as error:
                    log.debug("%s: %s", self._name, error)
                    await asyncio.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
            self._publisher.note_back()
            self.pump()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self.waiting.extendleft(reversed(self.in_flight.values()))
        self.in_flight = {}
        if connection is not None:
            await connection.close()

    def pump(self) -> None:
        """Send what waits, as far as the broker keeps up."""
        connection = self._connection
        if connection is None:
            return
        while self.waiting and len(self.in_flight) < self._most_in_flight:
            message = self.waiting[0]
            try:
                number = connection.send(self._publisher.topics[message.bus], message.payload)
            except Unavailable as error:
                log.debug("%s: %s", self._name, error)
                return
            self.waiting.popleft()
            self.in_flight[number] = message
            self._publisher.note_sent(message)

    def _acknowledged(self, number: int) -> None:
        message = self.in_flight.pop(number, None)
        if message is not None:
            self._publisher.note_acknowledged(message)
            if self.waiting:
                self.pump()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


class Publisher:
    """Connections of a fleet. Use as an asynchronous context manager; then ``run`` a simulation, or
    ``dispatch`` message by message.

    Connecting a thousand buses takes seconds: open first, and begin the simulation after.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        client_ids: Sequence[str],
        in_flight: int = _IN_FLIGHT,
    ) -> None:
        """``topics[bus]`` is where a bus publishes; the buses take turns on a connection for each of
        ``client_ids``, as many of them as the machine bears.
        """
        most = min(len(client_ids), _files_allowed(len(client_ids)))
        self.topics = list(topics)
        self._lines = [_Line(self, client_ids[i], broker, in_flight) for i in range(max(1, most))]
        self._keepers: list[asyncio.Task[None]] = []
        self._late_ms: deque[float] = deque(maxlen=_LATENESS_KEPT)
        self._worst_ms = 0.0
        self._lost = 0
        self._sent_messages = self._published = self._duplicates = self._outstanding = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @staticmethod
    def of_fleet(broker: Broker, bus_ids: Sequence[str]) -> Publisher:
        """A connection for each bus of a city's fleet; a nation's buses share some."""
        topics = [topic(bus_id) for bus_id in bus_ids]
        if len(bus_ids) <= _OWN_CONNECTIONS:
            return Publisher(broker, topics, [f"bus-{bus_id}" for bus_id in bus_ids])
        shared = [f"fleet-{number}" for number in range(_SHARED_CONNECTIONS)]
        return Publisher(broker, topics, shared, _SHARED_IN_FLIGHT)

    @property
    def published(self) -> int:
        """Distinct fixes that the broker has acknowledged so far."""
        return self._published

    @property
    def outstanding(self) -> int:
        """Fixes that were due and that the broker has not acknowledged."""
        return self._outstanding

    async def __aenter__(self) -> Self:
        gate = asyncio.Semaphore(_CONNECTING_AT_ONCE)

        async def open_line(line: _Line) -> None:
            async with gate:
                await line.open()

        try:
            async with asyncio.TaskGroup() as group:
                for line in self._lines:
                    group.create_task(open_line(line))
        except ExceptionGroup as failures:
            await self._close_lines()
            raise failures.exceptions[0] from failures
        self._keepers = [asyncio.create_task(line.keep_open(), name="bus connection") for line in self._lines]
        return self

    async def __aexit__(self, *_: object) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._close_lines()

    async def _close_lines(self) -> None:
        await asyncio.gather(*(line.close() for line in self._lines), return_exceptions=True)

    async def run(
        self,
        simulation: Simulation,
        *,
        for_s: float | None = None,
        stop: asyncio.Event | None = None,
        drain_s: float = 10.0,
    ) -> Summary:
        """Publish ``simulation`` in real time for ``for_s`` seconds or until ``stop`` is set.

        The history goes out first, at its beginning. At the end it waits up to ``drain_s`` for the broker
        to acknowledge what is outstanding. A simulation whose beginning has passed catches up at once,
        and is late by that much.
        """
        began = time.monotonic()
        end_ms = np.inf if for_s is None else simulation.begin_ms + for_s * SECOND_MS
        stop = stop or asyncio.Event()
        second_ms = simulation.begin_ms
        messages: deque[Outgoing] = deque(encode(simulation.history()))
        while not stop.is_set():
            now_ms = time.time() * 1_000
            while messages and messages[0].due_ms <= now_ms:
                self.dispatch(messages.popleft())
            if second_ms < end_ms and second_ms < now_ms + _AHEAD_MS:
                messages.extend(encode(simulation.step()))
                second_ms += SECOND_MS
                await asyncio.sleep(0)
            elif messages:
                await asyncio.sleep(min(max(messages[0].due_ms / 1_000 - time.time(), _TICK_S), _GLANCE_S))
            elif second_ms < end_ms:
                await asyncio.sleep(_GLANCE_S)
            else:
                break
        await self.drain(drain_s)
        return self.summary(time.monotonic() - began)

    async def drain(self, within_s: float) -> None:
        """Wait for the broker to acknowledge what is outstanding, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._idle.wait()

    def dispatch(self, message: Outgoing) -> None:
        """Send a message that is due, after those of its bus that wait already."""
        self._outstanding += message.fixes
        self._idle.clear()
        line = self._lines[message.bus % len(self._lines)]
        line.waiting.append(message)
        line.pump()

    def note_lost(self) -> None:
        """A connection is lost; said once for all that are lost together."""
        if not self._lost:
            log.warning("connections to the broker are lost; the buses keep their fixes and try again")
        self._lost += 1

    def note_back(self) -> None:
        """A lost connection is there again."""
        self._lost -= 1
        if not self._lost:
            log.warning("all %d connections to the broker are back", len(self._lines))

    def note_sent(self, message: Outgoing) -> None:
        """A message was handed to the network."""
        late = time.time() * 1_000 - message.due_ms
        self._late_ms.append(late)
        self._worst_ms = max(self._worst_ms, late)
        self._sent_messages += 1

    def note_acknowledged(self, message: Outgoing) -> None:
        """The broker has a message."""
        if message.repeat:
            self._duplicates += message.fixes
        else:
            self._published += message.fixes
        self._outstanding -= message.fixes
        if not self._outstanding:
            self._idle.set()

    def summary(self, seconds: float) -> Summary:
        """What was published in so many seconds."""
        late = np.array(self._late_ms or [0.0])
        return Summary(
            published=self._published,
            messages=self._sent_messages,
            duplicates=self._duplicates,
            unacknowledged=self._outstanding,
            lateness_ms=Lateness(
                p50=round(float(np.percentile(late, 50)), 1),
                p99=round(float(np.percentile(late, 99)), 1),
                max=round(self._worst_ms, 1),
            ),
            connections=len(self._lines),
            seconds=round(seconds, 1),
        )


def _files_allowed(wanted: int) -> int:
    """How many connections this process may open; raises its own soft limit toward what is wanted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _SPARE_FILES
    if soft < needed:
        unlimited = hard == resource.RLIM_INFINITY
        soft = needed if unlimited else min(needed, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(1, soft - _SPARE_FILES)
