"""The load of `benchmarks.ingest`: a fleet's messages, encoded beforehand, and a process that sends them.

Clients that wait, count and call back for every message are slower than what is measured. So all PUBLISH
packets lie ready in memory, packet identifiers included, and sending is handing over slices of it: some
1 µs a message, for MQTT 3.1.1 and QoS 1 alone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from time import sleep, time
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.fleet import START_MS, Lines, drive, make_lines
from fleet.clock import SECOND_MS
from fleet.fixes import Fixes
from ingest.mqtt import Broker
from simulators.link import Sent
from simulators.payload import encode, topic

WINDOW = 4_000
"""Messages that the broker may owe us an acknowledgement for, over all connections."""
EVERY_BUS = 25
"""Of one bus in so many it is noted when each message was sent."""
_SLICE = 200_000
"""Fixes encoded at a time: as objects they need thirty times their memory."""
_IDENTIFIERS = 65_535
_PAUSE_S = 0.001
_MOST_BYTES = 1 << 18
_PUBLISH_QOS_1, _PUBACK_BYTES = b"\x32", 4
_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: a fix a second of each bus, ``per_message`` seconds of a bus in a message."""

    buses: int
    per_message: int
    seconds: int
    """Of event time; a multiple of ``per_message``."""
    first_ms: int
    """Event time of the first fixes."""
    connections: int

    @property
    def messages(self) -> int:
        return self.buses * self.seconds // self.per_message

    def fixes(self, lines: Lines) -> Fixes:
        """All fixes in the order of sending: those of a message side by side, each bus's in their order."""
        fixes = drive(lines, self.seconds)
        fixes = replace(
            fixes,
            time_ms=fixes.time_ms + (self.first_ms - START_MS),
            satellites=np.full(len(fixes), 11, np.int16),
        )
        if self.per_message == 1:
            return fixes
        second = (fixes.time_ms - self.first_ms) // SECOND_MS
        place = np.random.default_rng(4).permutation(self.buses)[fixes.bus]
        return fixes.take(np.lexsort((second, place, second // self.per_message)))

    def payloads(self, fixes: Fixes) -> Iterator[tuple[int, bytes]]:
        """The messages of ``fixes``: row of the bus and what it puts on the wire."""
        step = _SLICE // self.per_message * self.per_message
        for start in range(0, len(fixes), step):
            part = fixes.take(np.arange(start, min(start + step, len(fixes))))
            number = np.arange(len(part)) // self.per_message
            for message in encode(Sent(part, part.time_ms, number, np.zeros(len(part), np.bool_))):
                yield message.bus, message.payload


@dataclass(frozen=True, slots=True)
class Sending:
    """What was sent. The noted messages are those of one bus in ``EVERY_BUS``."""

    messages: int
    """All acknowledged by the broker."""
    ended_s: float
    """Epoch seconds: when the last was sent."""
    ran_dry: bool
    noted_bus: NDArray[np.int64]
    noted_ms: NDArray[np.int64]
    """Event time of a noted message's first fix."""
    noted_sent_s: NDArray[np.float64]
    """When it was handed to the socket, epoch seconds."""


class Generator:
    """The process that sends a load, any number of times, as a context manager."""

    def __init__(self, load: Load) -> None:
        self.load = load
        context = multiprocessing.get_context("spawn")
        self._allowed = context.Value("q", 0, lock=False)
        self._ended = context.Value("b", 0, lock=False)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(load, theirs, self._allowed, self._ended), name="load", daemon=True
        )

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None  # started
        return self._process.pid

    async def ready(self) -> None:
        """Wait until all messages are encoded."""
        await asyncio.to_thread(self._pipe.recv)

    def begin(self, broker: Broker, rate: float = 0) -> None:
        """Connect and send from the first message on, ``rate`` a second; 0: as fast as they are taken."""
        self._allowed.value = 0
        self._ended.value = 0
        self._pipe.send((broker, rate))

    def allow(self, messages: int | None) -> None:
        """So many messages may be sent in all; None takes away the bound."""
        self._allowed.value = _NEVER if messages is None else messages

    @property
    def ran_dry(self) -> bool:
        """Whether the last message was sent: what is measured after that is no load."""
        return bool(self._ended.value == _DRY)

    async def end(self) -> Sending:
        """Send no more; waits until the broker has acknowledged what was sent."""
        self._ended.value = self._ended.value or _TOLD
        sending: Sending = await asyncio.to_thread(self._pipe.recv)
        return sending


_TOLD, _DRY = 1, 2
"""Why sending has ended."""


class _Stream:
    """The packets of one connection, and how far they are sent and acknowledged."""

    def __init__(self, messages: list[tuple[int, bytes]]) -> None:
        packets = bytearray()
        ends = []
        for place, (bus, payload) in enumerate(messages):
            packets += _publish(topic(f"B{bus}").encode(), payload, place % _IDENTIFIERS + 1)
            ends.append(len(packets))
        self._packets = memoryview(packets)
        self._ends = np.array(ends, np.int64)
        self._socket: socket.socket | None = None

    def connect(self, broker: Broker, name: str) -> None:
        self._at = self._acknowledged_bytes = 0
        self.log: list[tuple[int, float]] = [(0, 0.0)]
        self._socket = socket.create_connection((broker.host, broker.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + _text(name.encode())
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        answer = self._socket.recv(4, socket.MSG_WAITALL)
        if answer[:1] != b"\x20" or answer[3] != 0:
            raise ConnectionError(f"the broker answers CONNECT with {answer!r}")
        self._socket.settimeout(0)

    def close(self) -> None:
        assert self._socket is not None
        self._socket.close()

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def begun(self) -> int:
        """Messages sent, one of which only a part is sent included."""
        if not self._at:
            return 0
        return int(np.searchsorted(self._ends, self._at)) + 1

    @property
    def acknowledged(self) -> int:
        return self._acknowledged_bytes // _PUBACK_BYTES

    def send(self, limit: int) -> None:
        """Send up to ``limit`` messages of the stream, as far as the socket takes them now."""
        assert self._socket is not None
        end = int(self._ends[min(limit, len(self)) - 1]) if limit else 0
        while self._at < end:
            try:
                self._at += self._socket.send(self._packets[self._at : min(end, self._at + _MOST_BYTES)])
            except BlockingIOError:
                break
        if self.begun > self.log[-1][0]:
            self.log.append((self.begun, time()))

    def read(self) -> None:
        """Count the acknowledgements that have come."""
        assert self._socket is not None
        while self.acknowledged < self.begun:
            try:
                found = len(self._socket.recv(_MOST_BYTES))
            except BlockingIOError:
                return
            if not found:
                raise ConnectionError("the broker closed the connection")
            self._acknowledged_bytes += found


def _serve(load: Load, pipe: Connection, allowed: Any, ended: Any) -> None:
    """The process: encode, then send as often as it is told."""
    fixes = load.fixes(make_lines(load.buses))
    shares: list[list[tuple[int, bytes]]] = [[] for _ in range(load.connections)]
    for bus, payload in load.payloads(fixes):
        shares[bus % load.connections].append((bus, payload))
    streams = [_Stream(shares.pop(0)) for _ in range(load.connections)]
    firsts = fixes.bus[:: load.per_message].astype(np.int64), fixes.time_ms[:: load.per_message]
    del fixes
    pipe.send("ready")
    while True:
        broker, rate = pipe.recv()
        for number, stream in enumerate(streams):
            stream.connect(broker, f"load-{number}")
        _send(streams, rate, allowed, ended)
        ended_s = time()
        while any(stream.acknowledged < stream.begun for stream in streams):
            for stream in streams:
                stream.send(stream.begun)
                stream.read()
            sleep(_PAUSE_S)
        for stream in streams:
            stream.close()
        pipe.send(
            Sending(
                sum(stream.begun for stream in streams), ended_s, ended.value == _DRY,
                *_noted(streams, *firsts),
            )
        )  # fmt: skip


def _send(streams: list[_Stream], rate: float, allowed: Any, ended: Any) -> None:
    """Send until told to end. The connections keep step: all buses report the same time of day."""
    began_s = time()
    count = len(streams)
    while not ended.value:
        bound = min(stream.acknowledged for stream in streams) + WINDOW // count
        bound = min(bound, allowed.value // count)
        if rate:
            bound = min(bound, int((time() - began_s) * rate / count))
        for stream in streams:
            stream.send(bound)
            stream.read()
        if all(stream.begun == len(stream) for stream in streams):
            ended.value = _DRY
        sleep(_PAUSE_S)


def _noted(
    streams: list[_Stream], bus: NDArray[np.int64], time_ms: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Bus, event time and moment of sending of the noted messages; ``bus`` and ``time_ms`` are of all."""
    sent_s = np.full(len(bus), np.nan)
    for number, stream in enumerate(streams):
        rows = np.flatnonzero(bus % len(streams) == number)[: stream.begun]
        counts, moments = (np.array(column) for column in zip(*stream.log, strict=True))
        sent_s[rows] = moments[np.searchsorted(counts, np.arange(1, len(rows) + 1))]
    noted = (bus % EVERY_BUS == 0) & ~np.isnan(sent_s)
    return bus[noted], time_ms[noted], sent_s[noted]


def _publish(name: bytes, payload: bytes, identifier: int) -> bytes:
    body = _text(name) + identifier.to_bytes(2, "big") + payload
    return _PUBLISH_QOS_1 + _length(len(body)) + body


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _length(length: int) -> bytes:
    """MQTT's variable byte integer: seven bits a byte, the lowest first."""
    coded = bytearray()
    while True:
        length, low = divmod(length, 128)
        coded.append(low | (128 if length else 0))
        if not length:
            return bytes(coded)
