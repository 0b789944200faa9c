"""MQTT messages in a file, a line each: what `buswatch record` writes and `mosquitto_sub` prints.

Three forms, told apart line by line:

- ``{"tst": …, "topic": …, "payload": …}``: the JSON of ``mosquitto_sub -F %j`` (``%J`` with a payload that
  is JSON itself), and of Buswatch, which writes a payload that is no UTF-8 as ``payload_base64``;
- ``topic payload``: what ``mosquitto_sub -v`` prints. Such a line says nothing of when it came: the event
  time in its payload is taken for that, and where there is none the time of the line before.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fleet.clock import format_time, parse_time
from fleet.errors import BadInput
from simulators.recordings.recording import Message

_TAIL_BYTES, _LAST_LINES = 1 << 20, 100
"""How late a recording goes is sought in so much of its end."""


class _Line(msgspec.Struct):
    topic: str
    tst: str | int | float | None = None
    payload: msgspec.Raw = msgspec.Raw()
    payload_base64: str | None = None


class _Timed(msgspec.Struct):
    """A payload, as far as its time is concerned."""

    time: int | str


_lines = msgspec.json.Decoder(_Line)
_one = msgspec.json.Decoder(_Timed)
_many = msgspec.json.Decoder(list[_Timed])
_text = msgspec.json.Decoder(str)


def write_line(message: Message) -> bytes:
    """A message as a line of JSON, in the form of ``mosquitto_sub -F %j``, with its end of line."""
    line: dict[str, Any] = {
        "tst": format_time(message.at_ms),
        "topic": message.topic,
        "qos": 1,
        "retain": 0,
        "payloadlen": len(message.payload),
    }
    try:
        line["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        line["payload_base64"] = base64.b64encode(message.payload).decode()
    return msgspec.json.encode(line) + b"\n"


class MqttDump:
    """A file of messages, read as a stream: it may be larger than memory."""

    exact = True
    """Its payloads are the bytes that were sent."""

    def __init__(self, path: Path) -> None:
        """Raises ``BadInput`` when the file holds no message."""
        self._path = path
        first = next(self.messages(0), None)
        if first is None:
            raise BadInput(f"{path} holds no message")
        self.first_ms = first.at_ms
        self.last_ms = max(first.at_ms, self._last_ms(first.at_ms))

    def messages(self, from_ms: int) -> Iterator[Message]:
        """The messages from a moment on, in the order of the file; ``BadInput`` at a line that is none."""
        at_ms = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                message = self._read(line, number, at_ms)
                at_ms = max(at_ms, message.at_ms)
                if at_ms >= from_ms:
                    yield Message(at_ms, message.topic, message.payload)

    def _last_ms(self, first_ms: int) -> int:
        """Of the last messages the newest; a line that is none is complained of when it is come to."""
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            begins = file.seek(max(size - _TAIL_BYTES, 0))
            lines = [line for line in file.read().splitlines() if line.strip()]
        newest_ms = first_ms
        for line in lines[1 if begins else 0 :][-_LAST_LINES:]:
            with contextlib.suppress(BadInput):
                newest_ms = max(newest_ms, self._read(line, 0, first_ms).at_ms)
        return newest_ms

    def _read(self, line: bytes, number: int, before_ms: int) -> Message:
        try:
            if line.lstrip().startswith(b"{"):
                return _read_json(line, before_ms)
            topic, _, payload = line.rstrip(b"\r\n").partition(b" ")
            return Message(event_ms(payload, before_ms), topic.decode(), payload)
        except (msgspec.MsgspecError, ValueError, BadInput) as error:
            raise BadInput(
                f"{self._path}, line {number}, is no message: {error}; write a topic, a blank and the"
                " payload, or the JSON of mosquitto_sub -F %j"
            ) from error


def event_ms(payload: bytes, otherwise_ms: int) -> int:
    """The event time of a payload, of an array's last fix; ``otherwise_ms`` where it has none."""
    try:
        found = _many.decode(payload)[-1] if payload.startswith(b"[") else _one.decode(payload)
        return parse_time(found.time) if isinstance(found.time, str) else found.time
    except (msgspec.MsgspecError, BadInput, IndexError):
        return otherwise_ms


def _read_json(line: bytes, before_ms: int) -> Message:
    found = _lines.decode(line)
    if found.payload_base64 is not None:
        try:
            payload = base64.b64decode(found.payload_base64, validate=True)
        except binascii.Error as error:
            raise BadInput(f"payload_base64 is not base64 ({error})") from error
    elif not (raw := bytes(found.payload)):
        raise BadInput("it has no payload")
    else:
        payload = _text.decode(raw).encode() if raw.startswith(b'"') else raw
    return Message(_received_ms(found.tst, payload, before_ms), found.topic, payload)


def _received_ms(tst: str | float | None, payload: bytes, before_ms: int) -> int:
    """Of a text, or of seconds since 1970 as older mosquitto_sub print them."""
    if tst is None:
        return event_ms(payload, before_ms)
    if isinstance(tst, str):
        moment, zulu, _ = tst.partition("Z")  # mosquitto_sub writes …Z+0000
        return parse_time(moment + zulu)
    return int(tst * 1_000)
