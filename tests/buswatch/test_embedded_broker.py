"""The embedded brokers: started where they are told, said to be away when they are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from buswatch.embedded_broker import answers, broker_kinds, free_port, mosquitto_path, start_broker
from fleet.errors import Unavailable
from ingest.mqtt import connect


def test_aedes_can_always_be_had_and_mosquitto_is_preferred_where_it_is() -> None:
    assert broker_kinds() == (["mosquitto", "aedes"] if mosquitto_path() else ["aedes"])


@pytest.mark.parametrize("kind", broker_kinds())
async def test_a_broker_starts_on_the_port_it_is_told_and_again_after_it_was_stopped(
    tmp_path: Path, kind: str
) -> None:
    port = free_port()
    for _ in range(2):
        child, broker = await start_broker(tmp_path, kind, port)
        try:
            assert (broker.host, broker.port) == ("127.0.0.1", port)
            async with connect(broker, identifier="somebody") as connection:
                await connection.publish("buswatch/v1/B1/position", b"{}", qos=1)
        finally:
            await child.stop()
        assert not await answers("127.0.0.1", port)


async def test_the_kind_that_is_taken_unasked_is_the_preferred_one(tmp_path: Path) -> None:
    child, _ = await start_broker(tmp_path)
    await child.stop()
    assert (tmp_path / "mosquitto.conf").exists() == (broker_kinds()[0] == "mosquitto")


@pytest.mark.parametrize("kind", broker_kinds())
async def test_two_brokers_take_different_ports(tmp_path: Path, kind: str) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, first = await start_broker(tmp_path / "one", kind)
    other, second = await start_broker(tmp_path / "other", kind)
    await one.stop()
    assert first.port != second.port
    assert not await answers(first.host, first.port)
    assert await answers(second.host, second.port), "stopping one leaves the other"
    await other.stop()


async def test_a_broker_that_is_not_installed_is_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buswatch.embedded_broker.mosquitto_path", lambda: None)
    with pytest.raises(Unavailable, match="mosquitto is not installed"):
        await start_broker(tmp_path, "mosquitto")
    monkeypatch.setattr("buswatch.embedded_broker._AEDES", tmp_path / "broker.mjs")
    with pytest.raises(Unavailable, match="run `make install`"):
        await start_broker(tmp_path, "aedes")


async def test_a_session_taken_up_goes_on_numbering_where_it_was_left(tmp_path: Path) -> None:
    """Two messages of one number, and the acknowledgement of one would drop the other."""
    child, broker = await start_broker(tmp_path, "aedes")
    try:
        numbers: set[int] = set()
        for _ in range(3):
            async with connect(broker, identifier="monitor", persistent=True) as monitor:
                await monitor.subscribe("buswatch/v1/+/position", qos=1)
                async with connect(broker, identifier="bus") as bus:
                    for _ in range(20):
                        await bus.publish("buswatch/v1/B1/position", b"{}", qos=1)
                held: set[int] = set()
                while len(held) < len(numbers) + 20:  # none is acknowledged, so all come again
                    taken = await asyncio.wait_for(monitor.take(100, 0.1, 0.05), 10)
                    held |= {message.mid for message in taken}
            assert held > numbers
            numbers = held
        assert numbers == set(range(1, 61))
    finally:
        await child.stop()


async def test_nothing_listens_on_a_free_port() -> None:
    assert not await answers("127.0.0.1", free_port())
