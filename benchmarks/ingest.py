"""How many fixes a second go the whole way, and how many each part could take alone.

    broker → decode → engine → commit → acknowledge

Run it with `make bench-ingest`, on a quiet machine. Broker, database and monitor process are the product's
own; the load is sent from the same machine and takes its share of it, which is printed. The sender never is
more than ``--ahead`` messages before what is committed: an unbounded queue in the broker would take the
processor from those who are to empty it, and hide how slow they are. With ``--rate`` the sender asks nobody.

What is counted is read from the database afterwards, from PostgreSQL's own commit timestamps, so that
counting disturbs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from time import time, time_ns

import msgspec
import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.committed import Postgres, alert_changes, commits, drained, latencies, sustained
from benchmarks.fleet import Lines, make_lines, make_registry
from benchmarks.limits import Dropper, commit_alone, copy_alone, stages_alone
from benchmarks.load import Generator, Load
from benchmarks.watch import Look, look, with_process
from buswatch.children import Child
from buswatch.embedded_broker import broker_kinds, start_broker
from fleet.clock import MINUTE_MS, SECOND_MS, from_ms
from fleet.fixes import Fixes
from fleet.registry import Registry
from ingest.mqtt import Message
from simulators.payload import topic
from storage.database import Database
from storage.positions import newest_times
from storage.registry import load_registry
from storage.rejects import RejectShelf

_OPENED_MS = 5 * MINUTE_MS
"""So long before the first fix the trips' windows open …"""
_OPEN_FOR = dt.timedelta(hours=20)
_WARM_S = 5
_BARE_WARM_S, _BARE_S = 1, 10
"""Of the client alone, which takes arrays faster than they can be made ready for a longer time."""
_LOOK_EVERY_S = 0.05
_READY_WITHIN_S = 120
_PREPARED_A_SECOND = {1: 60_000, 20: 200_000}
"""Fixes made ready for each second of the run: more than the machine is expected to take."""
_ALONE_FIXES = {1: 200_000, 20: 800_000}


class Result(msgspec.Struct, frozen=True):
    """What a load did on its whole way, and what the parts do alone."""

    per_message: int
    fixes_s: float
    """Committed a second."""
    seconds: float
    """Over which that was counted."""
    fixes_a_commit: float
    latency_ms: dict[str, float]
    """From the sender's socket to the commit, at the depth of queue that the run had."""
    backlog: int
    """Fixes sent and not committed when sending ended."""
    sent: int
    stored: int
    rejected: int
    alert_changes: int
    ran_dry: bool
    cores: dict[str, float]
    """Processor seconds a second, by process."""
    monitor_bytes: tuple[int, int]
    """Memory after the warm-up and at the end."""
    limits: dict[str, float] = {}
    """Fixes a second of each part alone."""
    stages_us: dict[str, float] = {}
    """Microseconds a fix of each stage, one after the other."""


def main() -> None:
    """Print fixes a second and ratios."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--seconds", type=int, default=30, help="of each run, after the warm-up (30)")
    options.add_argument("--buses", type=int, default=1_058)
    options.add_argument(
        "--per-message", type=int, action="append", choices=(1, 20), help="both if not given"
    )
    options.add_argument("--rate", type=float, default=0, help="fixes a second; 0: as fast as it goes (0)")
    options.add_argument("--ahead", type=int, default=10_000, help="messages sent and not committed (10,000)")
    options.add_argument("--connections", type=int, default=8, help="of the sender (8)")
    options.add_argument("--json", action="store_true")
    options.add_argument("--profile", action="store_true", help="microseconds a fix of each stage, alone")
    chosen = options.parse_args()
    told, results = asyncio.run(_measure(chosen))
    if chosen.json:
        print(json.dumps({"machine": told, "results": msgspec.to_builtins(results)}))
        return
    for line in told:
        print(line)
    for result in results:
        _print(result)


async def _measure(chosen: argparse.Namespace) -> tuple[list[str], list[Result]]:
    folder = Path(tempfile.mkdtemp(prefix="bw-bench-"))
    postgres, lines = Postgres(folder), make_lines(chosen.buses)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    told = [
        f"{machine}, broker {broker_kinds()[0]}, load average before {os.getloadavg()[0]:.1f}",
        f"{chosen.buses:,} buses, lines of {len(lines.x) / chosen.buses:,.0f} vertices on average",
    ]
    try:
        with postgres.server:
            told.append(str(postgres))
            benches = [_Bench(postgres, folder, lines, chosen, n) for n in chosen.per_message or (1, 20)]
            return told, [await bench.run() for bench in benches]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Bench:
    """One load, on brokers and databases of its own."""

    def __init__(
        self, postgres: Postgres, folder: Path, lines: Lines, chosen: argparse.Namespace, per_message: int
    ) -> None:
        self._postgres = postgres
        self._folder = folder / f"of-{per_message}"
        self._folder.mkdir()
        self._lines = lines
        self._chosen = chosen
        fixes_s = chosen.rate or _PREPARED_A_SECOND[per_message]
        seconds = int((chosen.seconds + _WARM_S + 2) * fixes_s / chosen.buses)
        seconds += -seconds % per_message or per_message
        first_ms = time_ns() // 1_000_000 - seconds * SECOND_MS
        self._load = Load(chosen.buses, per_message, seconds, first_ms, chosen.connections)
        self._registry = _in_force(make_registry(lines), first_ms)

    async def run(self) -> Result:
        """The whole way, and the parts alone."""
        with Generator(self._load) as generator:
            _say(f"encoding {self._load.messages:,} messages of {self._load.per_message}")
            await generator.ready()
            _say("taking and dropping them")
            dropped, dropping = await self._drop(generator)
            _say("the whole way")
            whole = await self._whole(generator)
        _say("the parts alone")
        fixes = self._some_fixes()
        size = max(round(whole.fixes_a_commit), 1)
        dsn = await self._postgres.new_database(self._registry)
        _, bus_keys = await _registry_of(dsn)
        copied = copy_alone(dsn, fixes, bus_keys, size, hypertable=self._postgres.timescale)
        committed = await commit_alone(dsn, fixes, bus_keys, size)
        limits = {
            "the client alone: take a batch, acknowledge, drop": dropped,
            f"COPY alone, {size:,} fixes a transaction": copied,
            f"commits alone, {size:,} fixes each": committed,
        }
        stages = {}
        if self._chosen.profile:
            alone = await self._stages(fixes, size // self._load.per_message)
            stages = {"receive and acknowledge (the client alone)": dropping} | alone
        return msgspec.structs.replace(whole, limits=limits, stages_us=stages)

    def _some_fixes(self) -> Fixes:
        """The beginning of the load: enough to time parts by."""
        step = self._load.per_message
        seconds = -(-_ALONE_FIXES[step] // (self._chosen.buses * step)) * step
        return replace(self._load, seconds=min(seconds, self._load.seconds)).fixes(self._lines)

    async def _stages(self, fixes: Fixes, messages_a_batch: int) -> dict[str, float]:
        """Microseconds a fix of each stage, in this process."""
        dsn = await self._postgres.new_database(self._registry)
        registry, bus_keys = await _registry_of(dsn)
        bus_ids = [bus.bus_id for bus in registry.buses]
        messages = [
            Message(topic(bus_ids[bus]), payload, 0, 1) for bus, payload in self._load.payloads(fixes)
        ]
        return await stages_alone(dsn, registry, bus_keys, messages, max(messages_a_batch, 1))

    async def _drop(self, generator: Generator) -> tuple[float, float]:
        """Fixes a second that are taken and dropped, and the processor's microseconds for each."""
        async with AsyncExitStack() as stack:
            child, broker = await start_broker(self._folder)
            stack.push_async_callback(child.stop)
            dropper = Dropper(broker)
            stack.callback(dropper.stop)
            process = psutil.Process(await dropper.start())
            generator.begin(broker)
            ahead = self._chosen.ahead
            seconds = min(_BARE_S, self._chosen.seconds)
            before, after = await self._watch(
                generator, dropper.taken, ahead, {"consumer": process}, _BARE_WARM_S, seconds
            )
            await generator.end()
        fixes = (after.taken - before.taken) * self._load.per_message
        used_s = after.cpu_s["consumer"] - before.cpu_s["consumer"]
        return fixes / (after.at_s - before.at_s), used_s / max(fixes, 1) * 1e6

    async def _whole(self, generator: Generator) -> Result:
        """Broker, monitor process and database; what is counted is read afterwards."""
        load, dsn = self._load, await self._postgres.new_database(self._registry)
        async with AsyncExitStack() as stack:
            (child, broker), broker_process = await with_process(start_broker(self._folder))
            stack.push_async_callback(child.stop)
            env = {"BUSWATCH_DATABASE_URL": dsn, "BUSWATCH_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}"}
            monitor, monitor_process = await with_process(
                Child.start_buswatch("monitor", ["monitor"], self._folder, env)
            )
            stack.push_async_callback(monitor.stop)

            async def subscribed() -> bool:
                return "subscribed to" in monitor.log.read_text()

            await monitor.wait_until(subscribed, _READY_WITHIN_S)
            database = await stack.enter_async_context(Database(dsn))
            _, bus_keys = await load_registry(database)

            async def committed() -> int:
                """Messages, to a second of the fleet: for a look at the newest fix of a few buses."""
                newest_ms = int((await newest_times(database, bus_keys[: load.connections])).min())
                seconds = max(newest_ms - load.first_ms + SECOND_MS, 0) // SECOND_MS
                return seconds * load.buses // load.per_message

            generator.begin(broker, self._chosen.rate / load.per_message)
            ahead = None if self._chosen.rate else self._chosen.ahead
            processes = {
                "consumer": monitor_process,
                "broker": broker_process,
                "PostgreSQL": self._postgres.process(),
                "load": psutil.Process(generator.pid),
                "benchmark": psutil.Process(),
            }
            before, after = await self._watch(
                generator, committed, ahead, processes, _WARM_S, self._chosen.seconds
            )
            sending = await generator.end()
            stored = await drained(database, sending.messages * load.per_message)
            rejected = sum((await RejectShelf(database).counts()).values())
        committed_at, sent = commits(dsn), sending.messages * load.per_message
        rate, seconds, a_commit = sustained(committed_at, before.at_s, min(after.at_s, sending.ended_s))
        return Result(
            load.per_message,
            rate,
            seconds,
            a_commit,
            latencies(dsn, bus_keys, sending, before.at_s),
            sent - int(committed_at[committed_at[:, 0] <= sending.ended_s, 1].sum()),
            sent,
            stored,
            rejected,
            alert_changes(dsn),
            sending.ran_dry,
            {
                name: (after.cpu_s[name] - used) / (after.at_s - before.at_s)
                for name, used in before.cpu_s.items()
            },
            (before.rss_bytes, after.rss_bytes),
        )

    async def _watch(
        self,
        generator: Generator,
        taken: Callable[[], Awaitable[int]],
        ahead: int | None,
        processes: dict[str, psutil.Process],
        warm_s: float,
        seconds: float,
    ) -> tuple[Look, Look]:
        """Keep the sender at most ``ahead`` of the consumer (None: let it go); a look after the warm-up, and
        one at the end.
        """
        began_s, before = time(), None
        while True:
            messages = await taken()
            generator.allow(None if ahead is None else messages + ahead)
            passed_s = time() - began_s
            over = passed_s >= warm_s + seconds or generator.ran_dry
            if before is None and passed_s >= warm_s:
                before = look(processes, messages)
            elif over:
                if before is None:
                    raise SystemExit("the load ran out during the warm-up; ask for more --seconds")
                return before, look(processes, messages)
            await asyncio.sleep(_LOOK_EVERY_S)


def _in_force(registry: Registry, first_ms: int) -> Registry:
    """The registry with trips that are under way from the first fix on, whatever the hour is now."""
    opens = from_ms(first_ms - _OPENED_MS)
    closes = opens + _OPEN_FOR
    one, other = opens.date() - dt.timedelta(days=365), opens.date() + dt.timedelta(days=365)
    change = msgspec.structs.replace
    return change(
        registry,
        zone="UTC",
        buses=tuple(change(bus, sign_expires=other, inspection_expires=other) for bus in registry.buses),
        drivers=tuple(change(driver, qualified_until=other) for driver in registry.drivers),
        approvals=tuple(change(line, valid_from=one, valid_to=other) for line in registry.approvals),
        assignments=tuple(
            change(run, weekdays=tuple(range(1, 8)), starts=opens.time(), ends=closes.time(), stop_times=())
            for run in registry.assignments
        ),
    )


async def _registry_of(dsn: str) -> tuple[Registry, NDArray[np.int32]]:
    async with Database(dsn) as database:
        return await load_registry(database)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def _say(text: str) -> None:
    """To those who wait for the figures."""
    print(f"{dt.datetime.now().astimezone():%H:%M:%S} {text}", file=sys.stderr)


def _print(result: Result) -> None:
    """A line for each figure: what, value, and the whole way's share of each limit."""
    form = "one fix a message" if result.per_message == 1 else f"arrays of {result.per_message} fixes"
    rows: list[tuple[str, str, str]] = [
        (form, "fixes/s", "whole / it"),
        ("broker → decode → engine → commit → acknowledge", f"{result.fixes_s:,.0f}", "1.00"),
        *((what, f"{limit:,.0f}", f"{result.fixes_s / limit:.2f}") for what, limit in result.limits.items()),
        (f"  counted over {result.seconds:.0f} s; fixes a commit", f"{result.fixes_a_commit:,.0f}", ""),
        *((f"  socket to commit, {name}", f"{ms:,.0f} ms", "") for name, ms in result.latency_ms.items()),
        ("  fixes sent and not committed at the end", f"{result.backlog:,}", ""),
        ("  fixes sent, lost", f"{result.sent:,}", f"{result.sent - result.stored:,}"),
        ("  rejected, alert changes", f"{result.rejected:,}", f"{result.alert_changes:,}"),
        *(
            (f"  cores, µs a fix: {'monitor' if name == 'consumer' else name}", f"{used:.2f}",
             f"{used / result.fixes_s * 1e6:.1f} µs")
            for name, used in result.cores.items()
        ),
        ("  memory of the monitor: warm, end", _mib(result.monitor_bytes[0]), _mib(result.monitor_bytes[1])),
    ]  # fmt: skip
    rows += [(f"  alone, µs a fix: {name}", f"{us:.2f} µs", "") for name, us in result.stages_us.items()]
    if result.ran_dry:
        rows.append(("  the load ran out before the time: what was counted ends there", "", ""))
    for what, value, ratio in rows:
        print(f"{what:<58}{value:>14}{ratio:>14}")


if __name__ == "__main__":
    main()
