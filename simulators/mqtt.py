"""The one place of the simulator that knows the MQTT client: a bus's connection to the broker.

aiomqtt 2.5.1 waits for each acknowledgement in a task with a timer, and registers the socket anew for
every message. A thousand buses on one core cannot afford that, so three of its hooks into the paho
client are taken over here: what it does on an acknowledgement, on a socket ready to write, and for
its keep-alive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiomqtt
import msgspec
import paho.mqtt.client as paho

from fleet.errors import Unavailable

_KEEP_ALIVE_S = 60
_MISC_EVERY_S = 10.0
_CONNECT_TIMEOUT_S = 20.0


class Broker(msgspec.Struct, frozen=True):
    """Where the broker is and, when it asks, who the buses are to it."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False


class Connection:
    """One connection, MQTT 3.1.1 as the devices speak it. Messages are QoS 1.

    ``on_acknowledged`` is called with the number that ``send`` gave, once the broker has the message.
    """

    def __init__(self, broker: Broker, client_id: str, on_acknowledged: Callable[[int], None]) -> None:
        self._client = _Client(broker, client_id, on_acknowledged)

    async def open(self) -> None:
        """Connect; ``Unavailable`` when the broker cannot be reached or refuses."""
        try:
            await self._client.__aenter__()
        except aiomqtt.MqttError as error:
            raise Unavailable(f"the broker does not take bus connections: {error}") from error

    async def lost(self) -> None:
        """Return when the connection is gone."""
        gone = self._client.disconnected
        await asyncio.wait([gone])
        gone.exception()  # read, or asyncio complains of an error that nobody looked at

    def send(self, topic: str, payload: bytes) -> int:
        """Hand a message to the socket and return its number; ``Unavailable`` when it is gone."""
        return self._client.send(topic, payload)

    async def close(self) -> None:
        """Say goodbye to the broker; harmless on a connection that is gone."""
        try:
            await self._client.__aexit__(None, None, None)
        except aiomqtt.MqttError:
            return


class _Client(aiomqtt.Client):
    def __init__(self, broker: Broker, client_id: str, on_acknowledged: Callable[[int], None]) -> None:
        super().__init__(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            tls_params=aiomqtt.TLSParameters() if broker.tls else None,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            keepalive=_KEEP_ALIVE_S,
            timeout=_CONNECT_TIMEOUT_S,
        )
        self._acknowledged = on_acknowledged
        # Without this hook paho writes at once, from the call that sends: no selector round trip.
        self._client.on_socket_register_write = None

    @property
    def disconnected(self) -> asyncio.Future[None]:
        return self._disconnected

    def send(self, topic: str, payload: bytes) -> int:
        if self._disconnected.done():
            raise Unavailable("the connection to the broker is lost")
        info = self._client.publish(topic, payload, qos=1)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise Unavailable(f"the broker did not take a message: {paho.error_string(info.rc)}")
        if self._client.want_write():
            self._write_when_ready()
        return info.mid

    def _write_when_ready(self) -> None:
        """The socket's buffer is full: go on when it has room, and stop asking when all is written."""
        sock = self._client.socket()
        if sock is None:
            return

        def write() -> None:
            self._client.loop_write()
            if not self._client.want_write():
                self._loop.remove_writer(sock)

        self._loop.add_writer(sock, write)

    def _on_publish(self, _client: paho.Client, _userdata: Any, mid: int, *_: Any) -> None:
        self._acknowledged(mid)

    async def _misc_loop(self) -> None:
        while self._client.loop_misc() == paho.MQTT_ERR_SUCCESS:  # noqa: ASYNC110  # paho has no event for it
            await asyncio.sleep(_MISC_EVERY_S)
