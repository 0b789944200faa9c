"""The MQTT adapter against real brokers: nothing is forgotten before it is acknowledged."""

import asyncio
import contextlib
import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import trustme
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

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


@pytest.mark.parametrize("age_s", [0.0, 0.01])
async def test_what_comes_soon_after_of_the_same_bus_is_taken_with_it(broker: Broker, age_s: float) -> None:
    """Even when the time for the batch is over; that of another bus waits."""
    async with connect(broker, identifier="monitor") as monitor, connect(broker, identifier="bus") as bus:
        await monitor.subscribe("buswatch/v1/+/position", qos=0)
        taking = asyncio.create_task(monitor.take(100, age_s, 2.0, gather_s=2.0))
        for name, payload in (("B1", b"later"), ("B2", b"other"), ("B1", b"earlier")):
            await bus.publish(f"buswatch/v1/{name}/position", payload, qos=0)
            await asyncio.sleep(0.2)  # longer than a broker takes to hand one over
        assert [m.payload for m in await taking] == [b"later", b"earlier"]
        assert [m.payload for m in await monitor.take(100, 0.0, 0.01)] == [b"other"]


async def test_a_stream_without_a_pause_is_taken_in_batches_all_the_same(broker: Broker) -> None:
    async def send() -> None:
        while True:
            await bus.publish("buswatch/v1/B1/position", b"x", qos=0)
            await asyncio.sleep(0)

    async with connect(broker, identifier="monitor") as monitor, connect(broker, identifier="bus") as bus:
        await monitor.subscribe("buswatch/v1/+/position", qos=0)
        sending = asyncio.create_task(send())
        async with asyncio.timeout(10):
            assert await monitor.take(1_000_000, 0.05, 0.02, gather_s=0.02)
        sending.cancel()


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


@pytest.mark.parametrize("size", [0, 1, 120, 126, 127, 128, 16_383, 16_384, 200_000, 3_000_000])
async def test_a_message_of_any_length_is_taken_whole(broker: Broker, size: int) -> None:
    async with connect(broker, identifier="monitor") as monitor:
        await monitor.subscribe("buswatch/v1/+/position", qos=1)
        await publish(broker, [b"x" * size, b"after"])
        assert [m.payload for m in await take_until(monitor, 2)] == [b"x" * size, b"after"]


async def test_messages_with_properties_without_acknowledgement_and_with_other_letters_are_taken(
    broker: Broker,
) -> None:
    async with connect(broker, identifier="monitor") as monitor:
        await monitor.subscribe("校车/#", qos=1)
        version = aiomqtt.ProtocolVersion.V5
        try:
            async with aiomqtt.Client(broker.host, broker.port, protocol=version) as bus:
                properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # as in paho
                properties.UserProperty = [("键", "值" * 50)] * 3
                properties.ContentType = "application/json"
                await bus.publish("校车/武汉", b"5", qos=1, properties=properties)
        except MqttConnectError:  # a broker of MQTT 3.1.1
            async with aiomqtt.Client(broker.host, broker.port) as bus:
                await bus.publish("校车/武汉", b"5", qos=1)
        async with connect(broker, identifier="bus") as plain:
            await plain.publish("校车/武汉", b"0", qos=0)
        taken = await take_until(monitor, 2)
        assert [(m.topic, m.payload, m.qos) for m in taken] == [
            ("校车/武汉", b"5", 1),
            ("校车/武汉", b"0", 0),
        ]
        monitor.acknowledge(taken)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this machine trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


@asynccontextmanager
async def encrypted(broker: Broker, certificate: trustme.LeafCert) -> AsyncIterator[Broker]:
    """The same broker behind TLS, which neither kind of it has switched on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(100_000):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection(broker.host, broker.port)
        await asyncio.gather(pump(reader, there), pump(there_reader, writer))

    async with await asyncio.start_server(link, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        yield Broker(host="localhost", port=port, tls=True)


async def test_everything_comes_over_tls(broker: Broker, authority: trustme.CA) -> None:
    payloads = [b"%d" % n * (1 + n * 37 % 400) for n in range(3_000)]
    async with (
        encrypted(broker, authority.issue_cert("localhost")) as front,
        connect(front, identifier="monitor", persistent=True, receive_maximum=500) as monitor,
    ):
        await monitor.subscribe("buswatch/v1/+/position", qos=1)
        sending = asyncio.create_task(publish(front, payloads))
        taken: list[bytes] = []
        while len(taken) < len(payloads):
            messages = await asyncio.wait_for(monitor.take(200, 0.1, 0.05), 10)
            taken += [m.payload for m in messages]
            monitor.acknowledge(messages)
        await sending
        assert taken == payloads


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the socket open
async def test_a_broker_whose_name_is_not_vouched_for_is_not_talked_to(
    broker: Broker, authority: trustme.CA
) -> None:
    async with encrypted(broker, authority.issue_cert("elsewhere.example")) as front:
        with pytest.raises(Unavailable, match="certificate"):
            async with connect(front, identifier="monitor"):
                pass
        gc.collect()
