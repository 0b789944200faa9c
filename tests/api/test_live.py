"""Every page hears every change once and in order, whatever the broker, the page or the server do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from alerts.episodes import Change, change_to_wire
from api.frames import COLUMNS
from fleet.errors import BadInput, Unavailable
from tests.api.conftest import Room, frame, row, serving
from tests.scenes import START_MS, track
from tests.storage.records import alert, change
from tests.stream import LIVE, Page, page


async def committed(room: Room, *starts_s: int) -> list[Change]:
    """Alerts of B2 that began so many seconds after the window opened, committed but not announced."""
    opened = [change(of=alert("B2", START_MS + start * 1_000)) for start in starts_s]
    return list((await room.commit(changes=opened)).changes)


def wire(room: Room, told: Change) -> dict[str, Any]:
    return change_to_wire(told, room.hub._zone)


async def test_the_first_frame_holds_all_buses_and_later_ones_what_moved(room: Room) -> None:
    room.hub.push_frame(frame(row("B1"), row("B2")))
    async with serving(room) as address, page(address) as one:
        name, seq, first = await one.next()
        assert (name, seq, len(first["rows"])) == ("frame", 1, 2)
        room.hub.push_frame(frame(row("B2", lon=114.9)))
        _, _, second = await one.next()
        assert [found[0] for found in second["rows"]] == ["B2"]
        assert second["columns"] == list(COLUMNS)


async def test_before_the_first_frame_buses_stand_where_they_were_stored(
    room: Room, client: httpx.AsyncClient
) -> None:
    await room.commit(track(range(3), row=1))
    room.hub._seq = None  # as a process that starts now
    await room.hub.keep_up()
    (found,) = (await client.get("/api/v1/positions")).json()["rows"]
    assert (found[0], found[1], found[-1]) == ("B2", START_MS + 2_000, "off_trip")


async def test_an_announced_change_arrives_at_once_with_its_id(room: Room) -> None:
    async with serving(room) as address, page(address) as one:
        await one.next()
        (told,) = await committed(room, 1)
        room.hub.push_change(wire(room, told))
        assert await one.next() == ("alert", told.seq, wire(room, told))


async def test_a_change_that_nobody_announced_is_found_in_storage(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.POLL_S", 0.05)
    async with serving(room) as address, page(address) as one:
        await one.next()
        (told,) = await committed(room, 1)
        assert (await one.next())[1] == told.seq


async def test_changes_announced_doubled_and_out_of_order_arrive_once_and_in_order(room: Room) -> None:
    async with serving(room) as address, page(address) as one:
        await one.next()
        told = await committed(room, 1, 2, 3)
        for place in (2, 0, 0, 1, 2):
            room.hub.push_change(wire(room, told[place]))
        assert [(await one.next())[1] for _ in told] == [step.seq for step in told]
        room.hub.push_frame(frame())
        assert (await one.next())[0] == "frame", "and nothing after them"


async def test_a_page_that_comes_back_gets_what_it_missed_once_and_goes_on(room: Room) -> None:
    told = await committed(room, 1, 2, 3)
    async with serving(room) as address, page(address, last_event_id=told[0].seq) as one:
        (later,) = await committed(room, 4)
        room.hub.push_change(wire(room, later))
        expected = [told[1].seq, told[2].seq, later.seq]
        assert [(await one.next("alert"))[1] for _ in expected] == expected


async def test_the_id_may_come_in_the_query(room: Room) -> None:
    (told,) = await committed(room, 1)
    async with (
        serving(room) as address,
        httpx.AsyncClient(base_url=address) as client,
        client.stream("GET", f"{LIVE}?last_event_id={told.seq - 1}") as answer,
    ):
        assert (await Page(answer.aiter_lines()).next())[:2] == ("alert", told.seq)


@pytest.mark.parametrize("nonsense", ["yesterday", "-1", "999999", "9" * 40])
async def test_an_id_that_was_never_given_is_a_gap(room: Room, nonsense: str) -> None:
    async with serving(room) as address, page(address, last_event_id=nonsense) as one:
        assert (await one.next())[:2] == ("gap", 1)
        assert (await one.next())[0] == "frame"


async def test_an_id_from_a_process_that_is_ahead_is_no_gap_and_no_double(room: Room) -> None:
    told = await committed(room, 1, 2)
    async with page_of_hub(room, told[0].seq) as events:
        assert b"event: frame" in await anext(events)
        for step in told:
            room.hub.push_change(wire(room, step))
        assert b"id: %d\nevent: alert" % told[1].seq in await anext(events)


async def test_when_the_past_cannot_be_read_the_page_is_told_of_a_gap(room: Room) -> None:
    await committed(room, 1)
    await room.hub.keep_up()
    await room.database.close()
    async with page_of_hub(room, 1) as events:
        assert b"event: gap" in await anext(events)


async def test_a_page_that_takes_nothing_delays_nobody(room: Room) -> None:
    async with serving(room) as address, page(address) as quick:
        host, port = address.removeprefix("http://").split(":")
        _, slow = await asyncio.open_connection(host, int(port), limit=1)
        slow.write(f"GET {LIVE} HTTP/1.1\r\nHost: buswatch\r\n\r\n".encode())
        await slow.drain()
        await quick.next()
        buses = [row(f"B{n}") for n in range(2_000)]
        for second in range(100):  # some 15 MB, far more than the sockets hold
            room.hub.push_frame(frame(*buses, time_ms=second))
            assert (await quick.next())[2]["time_ms"] == second
        slow.close()


async def test_streams_end_cleanly_when_the_server_stops(room: Room) -> None:
    async with asyncio.timeout(10):
        async with serving(room) as address:
            stack = page(address)
            one = await stack.__aenter__()
            await one.next()
        assert await one.ended()
        await stack.__aexit__(None, None, None)
    with pytest.raises(Unavailable):
        await anext(room.hub.events(None))


async def test_a_page_that_leaves_is_forgotten(room: Room) -> None:
    async with serving(room) as address:
        async with page(address) as one:
            await one.next()
            assert len(room.hub._listeners) == 1
        async with asyncio.timeout(5):
            while room.hub._listeners:  # noqa: ASYNC110  # the server notices in its own time
                await asyncio.sleep(0.01)


async def test_before_the_hub_has_begun_a_page_is_asked_to_come_back(
    room: Room, client: httpx.AsyncClient
) -> None:
    room.hub._seq = None
    answer = await client.get(LIVE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"time_ms":1,"columns":["bus"],"rows":[]}',
        b'{"time_ms":1,"columns":["bus","time_ms","lon","lat","speed_kmh","heading","limit_kmh","off_m","state"],"rows":[["B1"]]}',
    ],
)
async def test_what_is_no_frame_is_refused_and_changes_nothing(room: Room, raw: bytes) -> None:
    with pytest.raises(BadInput, match="live frame"):
        room.hub.push_frame(raw)
    assert room.hub.frame_age_ms is None


@asynccontextmanager
async def page_of_hub(room: Room, last_seq: int) -> AsyncIterator[AsyncIterator[bytes]]:
    """The hub's events for one page, without a server; the greeting is taken already."""
    events = room.hub.events(last_seq)
    assert (await anext(events)).startswith(b"retry:")
    try:
        yield events
    finally:
        await events.aclose()
