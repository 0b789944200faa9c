"""The MQTT adapter against real brokers: nothing is forgotten before it is acknowledged."""

import asyncio

import pytest

from fleet.errors import Unavailable
from ingest.mqtt import Broker, Connection, Message, connect

TOPIC = "buswatch/v1/B1/position"


async def publish(broker: Broker, payloads: list[bytes]) -> None:
    async with connect(broker, identifier="bus") as bus:
        for payload in payloads:
            await bus.publish(TOPIC, payload, qos=1)


async def take_until(connection: Connection, count: int) -> list[Message]:
    taken: list[Message] = []
    while len(taken) < count:
        taken += await asyncio.wait_for(connection.take(100, 0.1, 0.05), 10)
    return taken


async def test_messages_not_acknowledged_come_again_and_acknowledged_ones_do_not(broker: Broker) -> None:
    async with connect(broker, identifier="monitor", persistent=True) as monitor:
        await monitor.subscribe("buswatch/v1/+/position", qos=1)
        await publish(broker, [b"%d" % n for n in range(50)])
        first = await take_until(monitor, 50)
        assert [m.payload for m in first] == [b"%d" % n for n in range(50)]
        monitor.acknowledge(first[:25])
    async with connect(broker, identifier="monitor", persistent=True) as monitor:
        again = await take_until(monitor, 25)
        assert sorted(int(m.payload) for m in again) == list(range(25, 50))
        monitor.acknowledge(again)
    async with connect(broker, identifier="monitor", persistent=True) as monitor:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(monitor.take(1, 0.1, 0.1), 0.5)


async def test_what_is_published_while_the_monitor_is_away_waits_for_it(broker: Broker) -> None:
    async with connect(broker, identifier="monitor", persistent=True) as monitor:
        await monitor.subscribe("buswatch/v1/+/position", qos=1)
    await publish(broker, [b"%d" % n for n in range(500)])
    async with connect(broker, identifier="monitor", persistent=True) as monitor:
        waited = await take_until(monitor, 500)
        assert [int(m.payload) for m in waited] == list(range(500))


async def test_no_more_than_the_receive_maximum_is_held_and_the_rest_still_comes(broker: Broker) -> None:
    async with connect(broker, identifier="monitor", persistent=True, receive_maximum=20) as monitor:
        await monitor.subscribe("buswatch/v1/+/position", qos=1)
        await publish(broker, [b"%d" % n for n in range(1_000)])
        received: list[int] = []
        while len(received) < 1_000:
            messages = await asyncio.wait_for(monitor.take(2_000, 0.1, 0.02), 10)
            assert len(messages) <= 20 + 200  # one bunch of reads may overshoot
            received += [int(m.payload) for m in messages]
            monitor.acknowledge(messages)
        assert received == list(range(1_000))


async def test_a_batch_closes_when_it_is_full(broker: Broker) -> None:
    async with connect(broker, identifier="monitor") as monitor:
        await monitor.subscribe("buswatch/v1/+/position", qos=1)
        await publish(broker, [b"x"] * 30)
        await asyncio.sleep(0.2)
        assert len(await monitor.take(10, 5.0, 5.0)) == 10


async def test_a_broker_that_is_not_there_is_said_to_be_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9 does not answer"):
        async with connect(Broker(port=9), identifier="monitor"):
            pass


async def test_a_broker_that_goes_away_ends_the_wait(broker: Broker) -> None:
    async with connect(broker, identifier="one") as first:
        taking = asyncio.create_task(first.take(1, 1.0, 1.0))
        await asyncio.sleep(0.1)
        async with connect(broker, identifier="one"):  # the broker drops the elder of two like-named clients
            with pytest.raises(Unavailable, match="lost"):
                await asyncio.wait_for(taking, 10)
