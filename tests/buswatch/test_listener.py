"""The listener reads the live stream as a browser does, from a real socket, however it is cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import time_ns
from typing import Any

import pytest

from alerts.episodes import change_to_wire
from buswatch.listener import Listener
from fleet.errors import Unavailable
from tests.scenes import registry
from tests.storage.records import alert, change

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def streaming(pieces: Sequence[bytes], head: bytes = HEAD) -> AsyncIterator[str]:
    """A server that sends the pieces, each in a packet of its own, and closes; yields its address."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        for piece in (head, *pieces):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    assert asked[0].startswith(b"GET /api/v1/live HTTP/1.1\r\n")


def wire(kind: Any = "opened", age_ms: int = 0, **changes: Any) -> dict[str, Any]:
    """A change of an alert that was detected so long ago, as the stream carries it."""
    started_ms = time_ns() // 1_000_000 - age_ms - 5_000
    return change_to_wire(change(kind, of=alert("B1", started_ms, **changes)), registry().tz)


def event(told: object, name: str = "alert") -> bytes:
    return f"id: 1\nevent: {name}\ndata: {json.dumps(told)}\n\n".encode()


async def heard(*pieces: bytes) -> tuple[Listener, list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []
    listener = Listener(told.append)
    async with asyncio.timeout(10), streaming(pieces) as address:
        await listener.listen(address)
    return listener, told


async def test_alerts_are_handed_on_as_they_were_told() -> None:
    one, other = wire(), wire(rule="deviation")
    listener, told = await heard(event(one), event(other))
    assert told == [one, other]
    assert listener.opened == {"speeding": 1, "deviation": 1}


@pytest.mark.parametrize("cut", [lambda raw: [raw[n : n + 1] for n in range(len(raw))], lambda raw: [raw]])
async def test_how_the_stream_is_cut_into_packets_changes_nothing(
    cut: Callable[[bytes], list[bytes]],
) -> None:
    one = wire(lon=114.25)
    _, told = await heard(*cut(event(one) + b": a comment\n\n" + event(one)))
    assert told == [one, one]


async def test_other_events_comments_and_fields_are_passed_over() -> None:
    listener, told = await heard(
        b"retry: 2000\n\n", b": idle\n\n", event({"rows": []}, "frame"), event({}, "gap"), b"data: {}\n\n"
    )
    assert told == []
    assert listener.opened == {}


async def test_data_in_several_lines_and_without_a_space_is_one() -> None:
    one = wire()
    lines = json.dumps(one, indent=1).splitlines()
    raw = "event:alert\n" + "".join(f"data:{line}\n" for line in lines) + "\n"
    assert (await heard(raw.encode()))[1] == [one]


async def test_an_event_that_is_cut_off_by_the_end_is_not_handed_on() -> None:
    assert (await heard(event(wire()).removesuffix(b"\n")))[1] == []


async def test_only_what_opens_is_counted_as_an_alert() -> None:
    listener, told = await heard(event(wire()), event(wire("updated")), event(wire("ended")))
    assert len(told) == 3
    assert listener.opened == {"speeding": 1}
    assert len(listener.latencies_ms) == 1


async def test_the_latency_is_from_the_fix_that_opened_the_alert_to_its_arrival() -> None:
    listener, _ = await heard(event(wire(age_ms=300)))
    (latency_ms,) = listener.latencies_ms
    assert 300 <= latency_ms < 5_000


async def test_what_was_found_late_has_no_latency() -> None:
    listener, _ = await heard(event(wire(age_ms=600_000, found_late=True)))
    assert listener.opened == {"speeding": 1}
    assert listener.latencies_ms == []


async def test_what_the_clock_found_has_no_latency() -> None:
    listener, _ = await heard(event(wire(rule="trip_not_begun")))
    assert listener.opened == {"trip_not_begun": 1}
    assert listener.latencies_ms == []


async def test_a_server_that_refuses_the_stream_is_an_error() -> None:
    refusal = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    async with asyncio.timeout(10), streaming([], refusal) as address:
        with pytest.raises(Unavailable, match="503"):
            await Listener(lambda _: None).listen(address)
