"""The one place that knows the MQTT client: connections, and messages acknowledged by hand.

aiomqtt 2.5.1 acknowledges a message as soon as it has read it and has no public call to do so
later. Four things are reached through to the paho client inside, and held by tests against real
brokers: ``manual_ack_set``, ``ack``, the reader callback, and ``_sock_recv``. The last because paho
takes 36 µs to read a message, half of it for properties of MQTT 5 that it does not have: messages
are taken apart here, 3 µs each, and paho is given all other packets (see
docs/decisions/0003-mqtt.md).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiomqtt
import msgspec
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fleet.errors import Unavailable

log = logging.getLogger(__name__)

_READ_AT_ONCE = 1 << 16
"""Bytes read before other tasks get their turn: some 300 messages, a millisecond. No record of TLS is
larger, so none is left half read where the loop does not see it."""
_LENGTH_BYTES = 4
"""A packet's length has no more."""
_PUBLISH = 3
"""The kind of packet that a message is."""
_SESSION_EXPIRY_S = 7 * 24 * 3600
"""How long the broker keeps the session of a monitor that is away."""
_UNSUPPORTED_VERSION = 132
"""The reason code of a broker that does not speak MQTT 5."""


class Broker(msgspec.Struct, frozen=True):
    """Where the broker is and who we are to it."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False
    """Verify the broker against the system's certificate authorities and encrypt."""


class Message(msgspec.Struct, frozen=True):
    """A message as received; ``mid`` acknowledges it on the connection that brought it."""

    topic: str
    payload: bytes
    mid: int
    qos: int


class Connection:
    """A live connection to the broker. ``messages`` holds what was received and not yet taken."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    async def subscribe(self, topic: str, qos: int) -> None:
        """Subscribe; on a session that the broker kept it is there already, and this is harmless."""
        with _translated("subscribe"):
            await self._client.subscribe(topic, qos=qos)

    async def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Publish; with QoS 1, returns once the broker has acknowledged."""
        with _translated("publish"):
            await self._client.publish(topic, payload, qos=qos)

    async def take(self, most: int, age_s: float, idle_s: float, *, gather_s: float = 0.0) -> list[Message]:
        """The next messages, at least one, in order of arrival.

        Returns with ``most`` messages, or ``age_s`` after the first, or when nothing more came for
        ``idle_s`` (a broker that allows few messages in flight waits for our acknowledgements). With
        ``gather_s`` not beyond ``idle_s``, two messages of one topic that come within it of each other are
        not parted, but for ``most``: what of the batch's topics comes so long after its time comes with it.
        Raises ``Unavailable`` when the connection is lost; what was not taken is then forgotten,
        because the broker will send it again.
        """
        client = self._client
        await client.wait_for_message(None)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + age_s
        while (left := deadline - loop.time()) > 0 and len(client.waiting) < most:
            if not await client.wait_for_message(min(left, idle_s)) and left > idle_s:
                return client.take(most)
        taken = client.take(most)
        if gather_s > 0.0 and len(taken) < most:
            await asyncio.sleep(gather_s)
            taken += client.take_of({message.topic for message in taken})
        return taken

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker that these need never be sent again.

        On a connection that is gone this does nothing: the broker sends them again, which the keys
        of storage make harmless.
        """
        self._client.acknowledge(messages)


@asynccontextmanager
async def connect(
    broker: Broker,
    *,
    identifier: str,
    persistent: bool = False,
    receive_maximum: int = 4_000,
) -> AsyncIterator[Connection]:
    """Connect with MQTT 5 where the broker has it, with MQTT 3.1.1 where not.

    ``persistent`` keeps the session, and what arrives for it, while we are away. At most
    ``receive_maximum`` messages are held unacknowledged; beyond, the socket is left unread.
    Raises ``Unavailable`` when the broker cannot be reached or refuses.
    """
    client = await _connected(broker, identifier, persistent, receive_maximum)
    try:
        yield Connection(client)
    finally:
        try:
            await client.__aexit__(None, None, None)
        except aiomqtt.MqttError as error:
            log.debug("the connection was lost before it was closed: %s", error)


async def _connected(broker: Broker, identifier: str, persistent: bool, receive_maximum: int) -> _Client:
    try:
        try:
            client = _Client(broker, identifier, persistent, receive_maximum, aiomqtt.ProtocolVersion.V5)
            await client.__aenter__()
        except MqttConnectError as refusal:
            if getattr(refusal.rc, "value", refusal.rc) != _UNSUPPORTED_VERSION:
                raise
            client = _Client(broker, identifier, persistent, receive_maximum, aiomqtt.ProtocolVersion.V311)
            await client.__aenter__()
    except aiomqtt.MqttError as error:
        raise Unavailable(f"the broker at {broker.host}:{broker.port} does not answer: {error}") from error
    if client.closed:  # lost before we were told that it stands, which aiomqtt then forgets
        raise Unavailable(f"the broker at {broker.host}:{broker.port} took the connection and dropped it")
    return client


class _Client(aiomqtt.Client):
    """aiomqtt's client with three changes: messages are acknowledged by hand, they go into a deque
    of our own without a way through paho, and the socket is left unread while too many wait.
    """

    def __init__(
        self,
        broker: Broker,
        identifier: str,
        persistent: bool,
        receive_maximum: int,
        protocol: aiomqtt.ProtocolVersion,
    ) -> None:
        options: dict[str, Any] = {}
        if protocol is aiomqtt.ProtocolVersion.V5:
            properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
            properties.ReceiveMaximum = receive_maximum
            properties.SessionExpiryInterval = _SESSION_EXPIRY_S if persistent else 0
            options = {"properties": properties, "clean_start": not persistent}
        else:
            options = {"clean_session": not persistent}
        super().__init__(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            tls_params=aiomqtt.TLSParameters() if broker.tls else None,
            identifier=identifier,
            protocol=protocol,
            max_inflight_messages=receive_maximum,
            **options,
        )
        self._client.manual_ack_set(on=True)
        self.pending_calls_threshold = receive_maximum  # below, aiomqtt warns of every message under way
        self._held = 0
        self._most_held = receive_maximum
        self._reading = False
        self._fileno = -1
        self._unread = b""
        self._packet = b""
        self._ended = False
        self._receive = self._client._sock_recv  # noqa: SLF001  # see above
        self._client._sock_recv = self._hand_over  # type: ignore[method-assign, assignment]  # noqa: SLF001
        self._mqtt5 = protocol is aiomqtt.ProtocolVersion.V5
        self._arrived = asyncio.Event()
        self.waiting: deque[Message] = deque()

    @property
    def closed(self) -> bool:
        """Whether the socket is gone, whatever was said about it."""
        return self._client.socket() is None

    async def wait_for_message(self, timeout_s: float | None) -> bool:
        """Wait for one more message; False when none came in time. ``None`` waits until at least
        one is there, and raises ``Unavailable`` when the connection is lost instead.
        """
        if timeout_s is None and self.waiting:
            return True
        if self._disconnected.done():
            raise self._lost()
        self._arrived.clear()
        arrived = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait(
                (arrived, self._disconnected), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            arrived.cancel()
        if timeout_s is None and self._disconnected.done() and not self.waiting:
            raise self._lost()
        return self._arrived.is_set()

    def take(self, most: int) -> list[Message]:
        return [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]

    def take_of(self, topics: Collection[str]) -> list[Message]:
        """What waits of some topics; the others go on waiting."""
        taken: list[Message] = []
        left: deque[Message] = deque()
        for message in self.waiting:
            (taken if message.topic in topics else left).append(message)
        self.waiting = left
        return taken

    def acknowledge(self, messages: Sequence[Message]) -> None:
        if self._disconnected.done():
            return
        for message in messages:
            self._client.ack(message.mid, message.qos)
        self._held -= sum(message.qos > 0 for message in messages)
        if not self._reading and self._held < self._most_held and self._fileno >= 0:
            self._loop.add_reader(self._fileno, self._read)
            self._loop.call_soon(self._use)  # no event tells of what was read already
            self._reading = True

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        def start() -> None:
            self._fileno = sock.fileno()
            self._loop.add_reader(self._fileno, self._read)
            self._reading = True
            self._misc_task = self._loop.create_task(self._misc_loop())

        self._loop.call_soon_threadsafe(start)  # paho calls this from the thread that connects

    def _on_socket_close(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        self._reading = False
        self._fileno = -1
        super()._on_socket_close(client, userdata, sock)

    def _read(self) -> None:
        """Take what the socket holds; that it has ended is for paho to find."""
        try:
            read = self._receive(_READ_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            read = b""
        self._unread += read
        self._ended = not read
        self._use()

    def _use(self) -> None:
        """Use the whole packets of what was read, until too many messages are held."""
        try:
            while (packet := self._take_messages()) or self._ended:
                self._packet = packet
                self._client.loop_read()
                if not packet:
                    break
        except Exception as error:  # noqa: BLE001  # whatever broke the reading has broken the connection
            if not self._disconnected.done():
                self._disconnected.set_exception(aiomqtt.MqttError(f"reading failed: {error}"))
        if self._held >= self._most_held and self._reading:
            self._loop.remove_reader(self._fileno)
            self._reading = False

    def _hand_over(self, most: int) -> bytes:
        """What paho reads: one packet, and then that there is no more for now, or for ever."""
        if not self._packet and not self._ended:
            raise BlockingIOError
        read, self._packet = self._packet[:most], self._packet[most:]
        return read

    def _take_messages(self) -> bytes:
        """Take the messages up to the first packet of another kind, which is returned when it is whole."""
        data, at, packet = self._unread, 0, b""
        while self._held < self._most_held:
            length, body = _variable_length(data, at + 1)
            end = body + length
            if body == 0 or end > len(data):
                break
            if data[at] >> 4 != _PUBLISH:
                packet, at = data[at:end], end
                break
            self._take_message(data[at] >> 1 & 3, data[body:end])
            at = end
        self._unread = data[at:]
        return packet

    def _take_message(self, qos: int, body: bytes) -> None:
        """Take a message: topic, identifier where it is to be acknowledged, properties in MQTT 5, payload."""
        at = 2 + (body[0] << 8 | body[1])
        topic, mid = body[2:at].decode(errors="replace"), 0
        if qos:
            mid = body[at] << 8 | body[at + 1]
            at += 2
            self._held += 1
        if self._mqtt5:
            length, at = _variable_length(body, at)
            at += length
        self.waiting.append(Message(topic, body[at:], mid, qos))
        self._arrived.set()

    def _lost(self) -> Unavailable:
        error = self._disconnected.exception()
        return Unavailable(f"the connection to the broker was lost: {error or 'closed'}")


def _variable_length(data: bytes, at: int) -> tuple[int, int]:
    """MQTT's variable byte integer at a place, and the place after it, which is 0 when it is not whole."""
    length = 0
    for place in range(at, min(at + _LENGTH_BYTES, len(data))):
        length |= (data[place] & 127) << 7 * (place - at)
        if data[place] < 128:
            return length, place + 1
    if len(data) >= at + _LENGTH_BYTES:
        raise ValueError("a packet without a length")
    return 0, 0


@contextmanager
def _translated(act: str) -> Iterator[None]:
    """Turns the client's errors into ours."""
    try:
        yield
    except aiomqtt.MqttError as error:
        raise Unavailable(f"the broker did not take a {act}: {error}") from error
