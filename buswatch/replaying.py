"""Replaying a recording to a broker, and recording one from it, at a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import re
import sys
import termios
import time
import tty
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import time_ns
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from buswatch.settings import Settings
from fleet.clock import MINUTE_MS, format_time
from fleet.errors import BadInput
from fleet.topics import ROOT
from ingest.mqtt import connect
from simulators.mqtt import Broker
from simulators.payload import Outgoing
from simulators.publish import Publisher
from simulators.recordings.files import Form, open_recording
from simulators.recordings.mqtt_dump import write_line
from simulators.recordings.recording import Message, Recording
from simulators.replay import Plan, Replay

log = logging.getLogger(__name__)

EVERY_POSITION = f"{ROOT}/+/position"
_KEY = re.compile(rb"\x1b\[[A-Z]|.", re.DOTALL)
"""A key as a terminal sends it: an arrow is three bytes."""
_LOOK_S = 0.2
_DRAIN_S = 30.0
_MOST_MESSAGES, _AGE_S, _IDLE_S = 2_000, 0.01, 0.005
"""A recording's bunches are small: the moment of a message is that of its bunch."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file to replay, and how to read it."""

    path: Path
    form: Form | None
    zone: ZoneInfo
    skip_bad: bool


async def replay(settings: Settings, source: Source, plan: Plan, *, connections: int, dry_run: bool) -> None:
    """Play a recording to the broker, or as lines to standard output."""
    recording, left_out = open_recording(source.path, source.zone, form=source.form, skip_bad=source.skip_bad)
    if left_out:
        print(left_out, file=sys.stderr)
    if plan.to_now and recording.exact:
        log.info("event times are moved to now: payloads are written anew, and not the recorded bytes")
    if (plan.from_ms or 0) > recording.last_ms or (plan.to_ms or recording.last_ms) < recording.first_ms:
        raise BadInput(
            f"{source.path} holds what came from {_told(recording.first_ms, source.zone)} to"
            f" {_told(recording.last_ms, source.zone)}; nothing of it lies between --from and --to"
        )
    if dry_run:
        await _print(recording, plan, source.zone)
        return
    address = settings.broker
    broker = Broker(address.host, address.port, address.username, address.password, address.tls)
    names = [f"buswatch-replay-{os.getpid()}-{n}" for n in range(connections)]
    async with Publisher(broker, [], names) as publisher:
        rows: dict[str, int] = {}

        def send(message: Message, due_ms: int) -> None:
            row = rows.setdefault(message.topic, len(rows))
            if row == len(publisher.topics):
                publisher.topics.append(message.topic)
            publisher.dispatch(Outgoing(row, due_ms, message.payload, 1, repeat=False))

        playing = Replay(recording, plan, send, lambda: publisher.outstanding)
        began = time.monotonic()
        with _keys(playing):
            await _watched(playing, publisher, source.zone)
        await publisher.drain(_DRAIN_S)
        summary = publisher.summary(time.monotonic() - began)
        print(
            f"{summary.messages:,} messages on {_counted(len(rows), 'topic')} in {summary.seconds:.0f} s,"
            f" {summary.unacknowledged:,} not acknowledged; late p50 {summary.lateness_ms.p50:.0f} ms,"
            f" p99 {summary.lateness_ms.p99:.0f} ms, at most {summary.lateness_ms.max:.0f} ms",
            file=sys.stderr,
        )


async def record(settings: Settings, path: Path, topic: str, for_s: float | None) -> None:
    """Write what comes from the broker to a file, a line of JSON a message, until told to stop.

    What was written is in the file whatever happens then: it is acknowledged to the broker after that.
    """
    count = 0
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise BadInput(f"{path} is there already; give the recording a name of its own") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
    with file:
        async with connect(settings.broker, identifier=f"buswatch-record-{os.getpid()}") as connection:
            await connection.subscribe(topic, qos=1)
            log.info("recording %s to %s", topic, path)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(for_s):
                    while True:
                        messages = await connection.take(_MOST_MESSAGES, _AGE_S, _IDLE_S)
                        at_ms = time_ns() // 1_000_000
                        for message in messages:
                            file.write(write_line(Message(at_ms, message.topic, message.payload)))
                        file.flush()
                        connection.acknowledge(messages)
                        count += len(messages)
    log.info("recorded %d messages", count)


async def _print(recording: Recording, plan: Plan, zone: ZoneInfo) -> None:
    """Every message as a line, without waiting: to see what would be sent, or to convert a file."""

    def send(message: Message, _due_ms: int) -> None:
        sys.stdout.buffer.write(write_line(message))

    playing = Replay(recording, replace(plan, speed=math.inf, loop=False), send)
    try:
        await playing.run()
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    print(
        f"{playing.sent:,} messages from {_told(playing.begin_ms, zone)} to {_told(playing.end_ms, zone)}",
        file=sys.stderr,
    )


async def _watched(playing: Replay, publisher: Publisher, zone: ZoneInfo) -> None:
    """Play, with a bar that shows how far it is."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.fields[moment]}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[said]}"),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    run = asyncio.create_task(playing.run())
    try:
        with bar:
            task = bar.add_task("", total=max(playing.end_ms - playing.begin_ms, 1), moment="", said="")
            while not run.done():
                said = f"{playing.sent:,} messages, {publisher.outstanding:,} on their way"
                said += "  [bold]paused[/bold]" if playing.paused else ""
                bar.update(
                    task,
                    completed=playing.position_ms - playing.begin_ms,
                    moment=_told(playing.position_ms, zone),
                    said=said + "  [dim]space pauses, ← → a minute, q ends[/dim]",
                )
                await asyncio.wait([run], timeout=_LOOK_S)
        await run
    finally:
        playing.stop()
        run.cancel()


@contextlib.contextmanager
def _keys(playing: Replay) -> Iterator[None]:
    """Space, the arrows and q, while standard input is a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)

    def pressed() -> None:
        for key in _KEY.findall(os.read(number, 256)):  # who types fast has pressed several
            if key == b" ":
                (playing.resume if playing.paused else playing.pause)()
            elif key == b"\x1b[C":
                playing.seek(playing.position_ms + MINUTE_MS)
            elif key == b"\x1b[D":
                playing.seek(playing.position_ms - MINUTE_MS)
            elif key in (b"q", b"Q", b"\x1b"):
                playing.stop()

    loop = asyncio.get_running_loop()
    tty.setcbreak(number)
    loop.add_reader(number, pressed)
    try:
        yield
    finally:
        loop.remove_reader(number)
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _told(ms: int, zone: ZoneInfo) -> str:
    return format_time(ms, zone)[:19].replace("T", " ")
