"""Replaying at a terminal: a bar that tells where it is, and keys that steer it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.clock import MINUTE_MS
from ingest.mqtt import Broker
from simulators.recordings.mqtt_dump import write_line
from simulators.recordings.recording import Message

START_MS = 1_788_217_200_000
RIGHT = b"\x1b[C"


class Terminal:
    """A replay with a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self._process = subprocess.Popen(
            [sys.executable, "-m", "buswatch", "replay", *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "160", "TERM": "xterm"},
        )  # fmt: skip
        self.shown = ""

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)
        self.shown = ""

    def shows(self, text: str, within_s: float = 15.0) -> bool:
        """Read on until the text has been shown."""
        deadline = time.monotonic() + within_s
        while text not in self.shown and time.monotonic() < deadline:
            if select.select([self._ours], [], [], 0.1)[0]:
                self.shown += os.read(self._ours, 65_536).decode(errors="replace")
        return text in self.shown

    def ends(self) -> int:
        """The exit status; the terminal is as it was before."""
        status = self._process.wait(15)
        assert termios.tcgetattr(self._theirs) == self.before
        return status

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def terminal(broker: Broker, tmp_path: Path) -> Iterator[Terminal]:
    """Ten minutes of a bus, a fix every ten seconds, from 07:00 on."""
    file = tmp_path / "recording.jsonl"
    times = range(START_MS, START_MS + 10 * MINUTE_MS, 10_000)
    file.write_bytes(b"".join(write_line(Message(ms, "buswatch/v1/B1/position", b"{}")) for ms in times))
    try:
        opened = Terminal(str(file), "--mqtt-url", f"mqtt://127.0.0.1:{broker.port}")
    except OSError as error:
        pytest.skip(f"no terminal to be had: {error}")  # a bare container has no /dev/pts
    yield opened
    opened.close()


def test_the_keys_pause_seek_and_end_and_leave_the_terminal_as_it_was(terminal: Terminal) -> None:
    assert terminal.shows("07:00:0")
    terminal.press(b" ")
    assert terminal.shows("paused")
    terminal.press(b" ")
    terminal.press(RIGHT)
    assert terminal.shows("07:01:0")
    terminal.press(b"q")
    assert terminal.shows("messages on 1 topic in")
    assert terminal.ends() == 0
