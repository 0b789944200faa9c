"""What the processes of a benchmark have used at one moment."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from time import time
from typing import TypeVar

import psutil

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """What the processes had used at one moment."""

    at_s: float
    cpu_s: dict[str, float]
    """Processor seconds by process."""
    taken: int
    """Messages through the consumer."""
    rss_bytes: int
    """Memory of the consumer."""


def look(processes: dict[str, psutil.Process], taken: int) -> Look:
    """A look at them now; ``taken`` messages are through the consumer."""
    used = {name: _cpu_seconds(process) for name, process in processes.items()}
    return Look(time(), used, taken, processes["consumer"].memory_info().rss)


def _cpu_seconds(process: psutil.Process) -> float:
    """User's and system's; for PostgreSQL those of its children too, the ended ones included."""
    times = process.cpu_times()
    used = times.user + times.system
    if process.name() == "postgres":
        used += times.children_user + times.children_system
        used += sum(_cpu_seconds(child) for child in process.children())
    return float(used)


async def with_process(start: Awaitable[T]) -> tuple[T, psutil.Process]:
    """What was started, and its process."""
    before = set(psutil.Process().children())
    started = await start
    (process,) = set(psutil.Process().children()) - before
    return started, process
