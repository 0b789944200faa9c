"""The demo: a whole city on one machine, with nothing to install.

Starts a broker, a database, the monitor, the API and the simulator as child processes, says what
to look at, and stops them all on Ctrl-C. With ``--for`` it ends by itself and reports what it saw.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time_ns
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import numpy as np
import psutil

from alerts.episodes import Rule
from buswatch.children import Child
from buswatch.embedded_broker import free_port, start_broker
from buswatch.evaluation import evaluate_database
from buswatch.listener import Listener
from fleet.clock import SECOND_MS, from_ms
from fleet.errors import Unavailable
from fleet.registry import Registry
from ingest.mqtt import Broker
from simulators.publish import Summary
from simulators.scenario import Scenario, Simulation
from simulators.scorecard import Evaluation
from simulators.timetable import ZONE
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.positions import Tracks
from storage.registry import import_registry, save_base_map
from storage.rejects import RejectShelf

_LEAD_MS = 20 * SECOND_MS
"""From the first line printed to the first fix: the city is built, and the parts are started."""
_READY_WITHIN_S = 90.0
_DRAINED_WITHIN_S = 30.0
_STATUS_EVERY_S = 5.0

_RULES: dict[Rule, str] = {
    "speeding": "超速 speeding",
    "deviation": "偏离路线 off route",
    "wrong_way": "逆向行驶 wrong way",
    "stops_skipped": "漏停站点 stops skipped",
    "unapproved_operation": "未经批准运营 unapproved operation",
    "off_hours": "非时段行驶 off hours",
    "long_stop": "途中久停 long stop",
    "silent": "失联 silent",
    "trip_not_begun": "班次未发车 trip not begun",
    "substitute": "顶替运营 substitute bus",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a demo saw; the last line of ``--json``."""

    published: int
    """Distinct fixes, by bus and event time, that the broker acknowledged."""
    committed: int
    rejected: int
    duplicates: int
    """Fixes that the buses sent a second time on purpose."""
    alerts: dict[str, int]
    precision: float
    recall: float
    latency_ms: dict[str, float | None]
    lateness_ms: dict[str, float]
    """How long after its moment a fix was handed to the network."""
    cpu_seconds: dict[str, float]
    seconds: float
    """How long the services were watched, from the simulator's start to the last count."""

    @property
    def complete(self) -> bool:
        """Whether every fix published is accounted for."""
        return self.published > 0 and self.committed + self.rejected == self.published


class Demo:
    """One run of the demo."""

    def __init__(
        self, *, buses: int, interval_s: int, port: int, seed: int, for_s: float | None, as_json: bool
    ) -> None:
        self._scenario = Scenario(
            start_ms=time_ns() // 1_000_000 + _LEAD_MS, seed=seed, buses=buses, interval_s=interval_s
        )
        self._port = port
        self._for_s = for_s
        self._as_json = as_json
        self._folder = Path(tempfile.mkdtemp(prefix="buswatch-demo-"))
        self._address = ""
        self._children: list[Child] = []
        self._postgres: asyncio.Task[EmbeddedPostgres] | None = None
        self._listener = Listener(self._tell_alert)

    async def run(self) -> int:
        """Run until the time is up or Ctrl-C; exit status 0 when nothing was lost."""
        try:
            report = await self._run()
        except Unavailable as error:
            _say(f"the demo cannot go on: {error}")
            return 1
        finally:
            await self._stop_all()
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._as_json:
            print(json.dumps(msgspec.to_builtins(report), ensure_ascii=False))
        else:
            _say_report(report)
        return 0 if report.complete else 1

    async def _run(self) -> Report:
        _say(f"building a city of {self._scenario.buses:,} school buses …")
        server = EmbeddedPostgres(self._folder / "database")
        self._postgres = asyncio.create_task(asyncio.to_thread(_started, server), name="database")
        simulation, postgres, broker = await asyncio.gather(
            asyncio.to_thread(Simulation, self._scenario),
            asyncio.shield(self._postgres),
            self._start_broker(),
        )
        registry, dsn = simulation.registry, postgres.dsn
        async with Database(dsn) as database:
            await migrate(database)
            await import_registry(database, registry)
            await save_base_map(database, msgspec.json.encode(simulation.base_map))
            env = {"BUSWATCH_DATABASE_URL": dsn, "BUSWATCH_MQTT_URL": f"mqtt://{broker.host}:{broker.port}"}
            await self._start_services(env)
            return await self._watch(env, database, registry)

    async def _start_broker(self) -> Broker:
        child, broker = await start_broker(self._folder)
        self._children.append(child)
        return broker

    async def _start_services(self, env: dict[str, str]) -> None:
        _say("starting monitor and page …")
        port = self._port or free_port()
        monitor, api = await asyncio.gather(
            Child.start_buswatch("monitor", ["monitor"], self._folder, env),
            Child.start_buswatch("api", ["api", "--http-port", str(port)], self._folder, env),
        )
        self._children += [monitor, api]
        self._address = f"http://127.0.0.1:{port}"
        await api.wait_until(self._is_ready, _READY_WITHIN_S)

    async def _watch(self, env: dict[str, str], database: Database, registry: Registry) -> Report:
        truth, summary = self._folder / "truth.jsonl", self._folder / "summary.json"
        simulator = await self._start_simulator(env, truth, summary)
        listening = asyncio.create_task(self._listener.listen(self._address), name="listener")
        _say_where(self._address, registry)
        watching = [
            asyncio.create_task(self._tell_status(database), name="status"),
            asyncio.create_task(self._keep_cpu_seconds(), name="cpu"),
        ]
        began = monotonic()
        try:
            await self._until_over(simulator)
        finally:
            cpu = self._cpu_seconds()
            for task in watching:
                task.cancel()
            await simulator.stop()
        end_ms = time_ns() // 1_000_000
        if not summary.exists():
            raise Unavailable(f"the simulator left no summary:\n{simulator.tail()}")
        sent = msgspec.json.decode(summary.read_bytes(), type=Summary)
        committed, rejected = await self._drained(database, sent.published)
        listening.cancel()
        start_ms = self._scenario.start_ms
        result = await evaluate_database(database, truth, start_ms, end_ms, len(registry.buses))
        _say(result.table())
        return self._report(sent, committed, rejected, result, cpu, monotonic() - began)

    async def _start_simulator(self, env: dict[str, str], truth: Path, summary: Path) -> Child:
        scenario = self._scenario
        arguments = [
            "simulate", "--seed", str(scenario.seed), "--buses", str(scenario.buses),
            "--interval", str(scenario.interval_s), "--start", str(scenario.start_ms),
            "--truth", str(truth), "--summary", str(summary),
        ]  # fmt: skip
        if self._for_s is not None:
            arguments += ["--for", str(self._for_s)]
        simulator = await Child.start_buswatch("simulator", arguments, self._folder, env)
        self._children.append(simulator)
        return simulator

    async def _until_over(self, simulator: Child) -> None:
        """Until the simulator's time is up, or Ctrl-C; a part that dies ends the demo with its log."""
        waits = {asyncio.create_task(child.wait(), name=child.name): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            _say("stopping …")
            return
        finally:
            for task in waits:
                task.cancel()
        for task in done:
            child = waits[task]
            if child is not simulator or task.result() != 0:
                raise Unavailable(f"{child.name} ended with status {task.result()}:\n{child.tail()}")

    async def _drained(self, database: Database, published: int) -> tuple[int, int]:
        """Wait until all that was published is committed or rejected; the two counts."""
        deadline = monotonic() + _DRAINED_WITHIN_S
        while True:
            committed = await Tracks(database).count()
            rejected = sum((await RejectShelf(database).counts()).values())
            if committed + rejected >= published or monotonic() > deadline:
                return committed, rejected
            await asyncio.sleep(0.3)

    def _report(
        self,
        sent: Summary,
        committed: int,
        rejected: int,
        result: Evaluation,
        cpu: dict[str, float],
        seconds: float,
    ) -> Report:
        fresh = self._listener.latencies_ms
        p50, p99 = np.percentile(fresh, [50, 99]).round(1).tolist() if fresh else (None, None)
        return Report(
            published=sent.published,
            committed=committed,
            rejected=rejected,
            duplicates=sent.duplicates,
            alerts=dict(sorted(self._listener.opened.items())),
            precision=result.precision,
            recall=result.recall,
            latency_ms={"p50": p50, "p99": p99},
            lateness_ms=msgspec.to_builtins(sent.lateness_ms),
            cpu_seconds=cpu,
            seconds=round(seconds, 1),
        )

    def _cpu_seconds(self) -> dict[str, float]:
        used = {child.name: round(child.cpu_seconds(), 1) for child in self._children}
        used["database"] = round(_database_cpu_seconds(self._folder / "database"), 1)
        used["demo"] = round(sum(psutil.Process().cpu_times()[:2]), 1)
        return used

    async def _keep_cpu_seconds(self) -> None:
        """Look often: of a child that has ended, only the last look is left."""
        while True:
            self._cpu_seconds()
            await asyncio.sleep(0.5)

    async def _is_ready(self) -> bool:
        async with httpx.AsyncClient() as client:
            with contextlib.suppress(httpx.HTTPError):
                return (await client.get(f"{self._address}/api/v1/health/ready")).status_code == 200
        return False

    async def _tell_status(self, database: Database) -> None:
        while True:
            await asyncio.sleep(_STATUS_EVERY_S)
            with contextlib.suppress(Unavailable):
                committed = await Tracks(database).count()
                raised = sum(self._listener.opened.values())
                _say(f"{_now(ZONE)}  {committed:,} fixes committed, {raised} alerts")

    def _tell_alert(self, change: dict[str, Any]) -> None:
        if change["kind"] == "opened":
            alert, evidence = change["alert"], change["alert"]["evidence"]
            what = _gravity(alert["rule"], evidence)
            _say(f"{_now(ZONE)}  {_RULES[alert['rule']]}  {alert['bus_id']}  {what}".rstrip())

    async def _stop_all(self) -> None:
        """Stop in the order that loses nothing: buses, page, monitor, broker, database."""
        for name in ("simulator", "api", "monitor", "broker"):
            for child in self._children:
                if child.name == name:
                    await child.stop()
        if self._postgres is not None:
            with contextlib.suppress(Unavailable):  # it was said where it was waited for
                await asyncio.to_thread((await self._postgres).stop)


def _gravity(rule: Rule, evidence: dict[str, Any]) -> str:
    """How bad an alert is, in a few words; empty where its rule says all."""
    texts = {
        "speeding": "{speed_kmh:.0f} km/h, limit {limit_kmh:.0f} ({limit_reason})",
        "deviation": "{off_line_m:.0f} m off, corridor {corridor_m:.0f} m",
        "wrong_way": "{back_m:.0f} m backwards",
        "stops_skipped": "{stops_skipped}",
        "long_stop": "{stood_s:.0f} s",
        "silent": "{silent_s:.0f} s",
    }
    text = texts.get(rule, "")
    if rule == "unapproved_operation":
        return ", ".join(evidence.get("faults", ()))
    try:
        return text.format(**evidence)
    except KeyError:  # an alert may be told before its number is known
        return ""


def _started(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    postgres.start()
    return postgres


def _say(text: str) -> None:
    print(text, flush=True)


def _say_where(address: str, registry: Registry) -> None:
    in_service = sum(bus.state == "in_service" for bus in registry.buses)
    _say(
        f"""
  校车在线监控  Buswatch        {address}

  {registry.city}: {len(registry.buses):,} registered buses, {in_service:,} of them in service.
  Open the address: every bus moves on the map, alerts arrive beside it. Ctrl-C stops everything.
"""
    )


def _say_report(report: Report) -> None:
    missing = report.published - report.committed - report.rejected
    _say(
        f"published {report.published:,}, committed {report.committed:,}, rejected {report.rejected:,}: "
        + ("nothing lost" if report.complete else f"{missing:,} unaccounted for")
    )


def _now(zone: ZoneInfo) -> str:
    return from_ms(time_ns() // 1_000_000, zone).strftime("%H:%M:%S")


def _database_cpu_seconds(data_dir: Path) -> float:
    """Processor seconds of the PostgreSQL over ``data_dir``: its postmaster and all its children."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        postmaster = psutil.Process(int((data_dir / "postmaster.pid").read_text().splitlines()[0]))
        times = [process.cpu_times() for process in (postmaster, *postmaster.children(recursive=True))]
        return float(sum(t.user + t.system for t in times))
    return 0.0
