"""Child processes that start together, are measured, and leave nothing behind.

Each child leads a session of its own, so that Ctrl-C reaches only us and we stop them in order, and
reads a pipe that we hold: when we die without a word, the pipe closes and the child ends itself
(``end_with_parent``).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import psutil

from fleet.errors import Unavailable

_PIPED = "BUSWATCH_ENDS_WITH_PARENT"


class Child:
    """A running child process; its output goes to ``<folder>/<name>.log``."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._cpu_s = 0.0

    @staticmethod
    async def start(
        name: str, command: Sequence[str], folder: Path, env: dict[str, str] | None = None
    ) -> Child:
        """Start ``command``; ``env`` is added to our own environment."""
        log = folder / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, **(env or {}), _PIPED: "1"},
            )
        return Child(name, process, log)

    @staticmethod
    async def start_buswatch(name: str, arguments: Sequence[str], folder: Path, env: dict[str, str]) -> Child:
        """Start this program with other arguments."""
        return await Child.start(name, [sys.executable, "-m", "buswatch", *arguments], folder, env)

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for the end; its exit status."""
        return await self._process.wait()

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], within_s: float) -> None:
        """Wait until ``ready()``; ``Unavailable`` with the log's end when it dies or takes longer."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while not await ready():
            if not self.running:
                raise Unavailable(f"{self.name} ended with status {self._process.returncode}:\n{self.tail()}")
            if loop.time() > deadline:
                raise Unavailable(f"{self.name} was not ready after {within_s:.0f} s:\n{self.tail()}")
            await asyncio.sleep(0.05)

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def cpu_seconds(self) -> float:
        """Processor seconds used so far, user and system; of the last look once it has ended."""
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(self._process.pid).cpu_times()
            self._cpu_s = times.user + times.system
        return self._cpu_s

    def kill(self) -> None:
        """End it at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self, within_s: float = 15.0) -> int:
        """Ask it to end, and end it when it does not; its exit status."""
        self.cpu_seconds()
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self._process.wait(), within_s)
        except TimeoutError:
            self.kill()
            return await self._process.wait()


def end_with_parent() -> None:
    """In a child: end as on SIGTERM when the parent is gone. Does nothing when nobody asked."""
    if os.environ.pop(_PIPED, None) is None:
        return

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
