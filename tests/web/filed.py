"""A real API over a real database, with an alert of every rule that the detector found in made-up drives.

``python -m tests.web.filed`` serves it until Enter is pressed, to be looked at.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

import api as api_room
from alerts.detector import Detector
from alerts.episodes import Alert, Change, Rule
from alerts.handling import Act
from api.app import create_app
from api.context import Context
from api.live import LiveHub
from api.server import ApiServer
from buswatch.web import ports_on
from fleet.fixes import Fixes
from fleet.quality import Quality
from fleet.registry import Approval, Assignment, LimitStretch, Registry, Stop
from storage.changes import AlertDesk
from storage.commit import Batch, Committer
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.registry import import_registry, load_registry
from tests.scenes import NOW_MS, START_MS, approval, bus, degrees, drive, registry, track
from tests.servers import new_postgres

Metres = NDArray[np.float64]

EAST = np.linspace(0.0, 8_000.0, 161)
NORTH = 700.0 * np.sin(EAST / 1_100.0) + 250.0 * np.sin(EAST / 310.0)
WAY = np.r_[0.0, np.cumsum(np.hypot(np.diff(EAST), np.diff(NORTH)))]
LENGTH_M = float(WAY[-1])
STOPS_M = (0.0, 1_300.0, 2_600.0, 3_900.0, 5_200.0, 6_500.0, 7_800.0, LENGTH_M)
PLACES = ("和平里", "长江路口", "解放大道", "东风巷", "花园新村", "人民公园", "科技园", "实验小学")
LONG = "长江新区阳光教育集团附属第一实验小学（沿江大道校区）暨附属幼儿园"
LONG_NOTE = "已电话联系驾驶员并通知学校，驾驶员称前方施工绕行，已要求其立即返回批准线路并书面说明。" * 8


@dataclass(frozen=True)
class Filed:
    """Where the room is served, the alert of each rule, and the ``longest``, with the most changes."""

    address: str
    alerts: dict[str, Alert]


def served(chainage: Metres, off_m: Metres | float = 0.0) -> tuple[Metres, Metres]:
    """Places along the winding line, so many metres to the north of it."""
    return np.interp(chainage, WAY, EAST), np.interp(chainage, WAY, NORTH) + off_m


def line_of(route: str) -> Approval:
    """The winding line as the approval of a route, with limits and stops."""
    x, y = served(np.array(STOPS_M))
    lon, lat = degrees(x, y)
    stops = tuple(
        Stop(f"{name}站", a, b, m)
        for name, a, b, m in zip(PLACES, lon.tolist(), lat.tolist(), STOPS_M, strict=True)
    )
    limits = (
        LimitStretch(0.0, 5_000.0, 50.0, "posted"),
        LimitStretch(6_000.0, 6_400.0, 20.0, "hazard"),
    )
    points = list(zip(EAST.tolist(), NORTH.tolist(), strict=True))
    stands = approval(route, points, limits, version=2)
    return msgspec.structs.replace(
        stands, stops=stops, name=f"{route[1:]}号线", number=f"校车批〔2026〕{route[1:]}号"
    )


def driven(chainage: Metres, off_m: Metres | float = 0.0, *, row: int, start_s: float = 0.0) -> Fixes:
    x, y = served(chainage, off_m)
    return track(x, y, row=row, start_s=start_s)


def bump(chainage: Metres, from_m: float, to_m: float, high_m: float) -> Metres:
    """Metres off the line: from nothing to ``high_m`` within 200 m and back."""
    return np.interp(chainage, [from_m, from_m + 200, to_m - 200, to_m], [0.0, high_m, high_m, 0.0])


def drives() -> dict[str, Fixes]:
    """What the buses do, each a row of the registry in this order."""
    calm = drive(0, 3_000, 40)
    fast = np.r_[drive(0, 2_000, 40), drive(2_000, 3_300, 72), drive(3_300, 4_500, 40)]
    there = drive(0, 6_000, 40)
    back = np.r_[drive(0, 3_000, 40), drive(-3_000, -2_200, 30) * -1, drive(2_200, 3_500, 40)]
    stand = np.r_[drive(0, 3_300, 40), np.full(500, 3_300.0), drive(3_300, 4_500, 40)]
    slow = np.r_[drive(0, 1_500, 40), drive(1_500, 6_500, 3.3), drive(6_500, 7_500, 40)]
    return {
        "speeding": driven(fast, row=0),
        "deviation": driven(there, bump(there, 2_000, 3_400, 260.0), row=1),
        "wrong_way": driven(back, row=2),
        "stops_skipped": driven(there, bump(there, 2_000, 3_200, 130.0), row=3),
        "unapproved_operation": driven(calm, row=4),
        "off_hours": driven(calm, 900.0, row=5, start_s=-5 * 3_600),
        "long_stop": driven(stand, row=6),
        "silent": Fixes.concat([driven(calm, row=7), driven(drive(5_500, 6_500, 40), row=7, start_s=900)]),
        "trip_not_begun": track(np.full(2_200, -3_000.0), row=8, start_s=-60),
        "substitute": driven(calling(), row=9),
        "longest": driven(slow, bump(slow, 1_500, 6_500, 240.0), row=10),
    }


def calling() -> Metres:
    """A run from end to end that stands at every stop on the way, chainages a second apart."""
    legs = [
        np.r_[drive(from_m, to_m, 40), np.full(20, to_m)]
        for from_m, to_m in pairwise((*STOPS_M[:-1], LENGTH_M - 20))
    ]
    return np.concatenate(legs)


def record(names: list[str]) -> Registry:
    """A bus for each drive on a route of its own; the substitute's is that of a bus that stays away."""
    routes = tuple(line_of(f"R{row + 1}") for row in range(len(names)))
    buses = tuple(
        bus(f"B{row + 1:04}", plate=f"鄂A·X{row + 1:04}", sign_number=f"XC-2026{row + 1:04}")
        for row in range(len(names))
    )
    of = dict(zip(names, range(len(names)), strict=True))
    lapsed, odd = of["unapproved_operation"], of["substitute"]
    changed: dict[int, dict[str, Any]] = {
        lapsed: {"sign_expires": dt.date(2026, 8, 31), "inspection_expires": dt.date(2026, 8, 30)},
        of["longest"]: {"school": LONG, "operator": LONG},
    }
    buses = tuple(
        msgspec.structs.replace(one, **changed.get(row, {}))
        for row, one in enumerate((*buses, bus("B0099", plate="鄂A·X0099")))
    )
    duties = tuple(
        Assignment(f"A{row + 1}", "B0099" if row == odd else buses[row].bus_id, "D1", f"R{row + 1}",
                   (1, 2, 3, 4, 5), dt.time(7), dt.time(9))
        for row in range(len(names))
    )  # fmt: skip
    own = Assignment("A99", buses[odd].bus_id, "D1", "R1", (1, 2, 3, 4, 5), dt.time(14), dt.time(15))
    return msgspec.structs.replace(
        registry(), buses=buses, approvals=routes, assignments=(*duties, own), city="江城市"
    )


async def file_all(database: Database) -> dict[str, Alert]:
    """Put the record, the drives and what the detector says of them on file; people handle some of it."""
    scenes = drives()
    stands = record(list(scenes))
    await import_registry(database, stands)
    _, keys = await load_registry(database)
    committer = Committer(database, keys)
    found: dict[str, Alert] = {}
    for row, (name, fixes) in enumerate(scenes.items()):
        detector = Detector(stands)
        last_ms = int(fixes.time_ms.max())
        findings = detector.detect(fixes, last_ms)
        changes = [*findings.changes, *detector.tick(last_ms + 10_000)]
        own = [c for c in changes if c.alert.bus_id == stands.buses[row].bus_id]
        rule: Rule = "deviation" if name == "longest" else name  # type: ignore[assignment]
        found[name] = [c.alert for c in own if c.alert.rule == rule][-1]
        await committer.commit(Batch(fixes, findings.quality, NOW_MS, [], own))
    await _file_much_ado(committer, found["longest"])
    desk = AlertDesk(database)
    for name in ("speeding", "longest"):
        await _handle(database, desk, found[name].alert_id)
    return found


async def _file_much_ado(committer: Committer, alert: Alert) -> None:
    """Forty times the engine has more to say of the alert; and two of the fixes are doubtful."""
    assert alert.ended_ms is not None
    more = [msgspec.structs.replace(alert.evidence, fixes=alert.evidence.fixes + n) for n in range(1, 41)]
    changes = [
        Change("updated", alert.ended_ms + 60_000 * n, msgspec.structs.replace(alert, evidence=evidence))
        for n, evidence in enumerate(more, 1)
    ]
    x, y = served(np.array([1_560.0, 7_000.0]), 180.0)
    start_s = (alert.started_ms - START_MS) / 1_000 + 0.5
    doubtful = track(x, y, row=10, start_s=start_s, speed_kmh=[180.0, 3.3])
    marks = np.array([Quality.LATE | Quality.SPEED_CONTRADICTED, Quality.JUMP], np.int16)
    await committer.commit(Batch(doubtful, marks, NOW_MS, [], changes))


async def _handle(database: Database, desk: AlertDesk, alert_id: str) -> None:
    deeds: tuple[tuple[Act, str, str], ...] = (
        ("acknowledged", "王秀英", LONG_NOTE),
        ("closed", "李雷", "司机已减速，已谈话提醒。"),
    )
    for act, who, note in deeds:
        found, _ = await ports_on(database).alerts.one(alert_id)
        await desk.handle(alert_id, act, by=who, note=note, expected_version=found.version, at_ms=NOW_MS)


@contextmanager
def filed_room() -> Iterator[Filed]:
    """The room, served in a thread of its own."""
    folder = Path(tempfile.mkdtemp(prefix="bw-"))
    try:
        with new_postgres("embedded", folder / "pg") as postgres, _serving(postgres) as filed:
            yield filed
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(postgres: EmbeddedPostgres) -> Iterator[Filed]:
    ready = threading.Event()
    told: list[Filed] = []
    failed: list[BaseException] = []
    stop: list[ApiServer] = []

    async def serve() -> None:
        async with Database(postgres.dsn) as database:
            await migrate(database)
            alerts = await file_all(database)
            ports = ports_on(database)
            hub = LiveHub(ports, registry().tz, lambda: NOW_MS)
            context = Context(ports, hub, registry().tz, _tell_nobody, {}, lambda: NOW_MS)
            page = Path(api_room.__file__).parent / "page"
            server = ApiServer(create_app(context, page), hub, host="127.0.0.1", port=0)
            stop.append(server)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(hub.run())
                serving = tasks.create_task(server.serve())
                while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                    await asyncio.sleep(0.01)
                host, port = server.addresses[0]
                told.append(Filed(f"http://{host}:{port}", alerts))
                ready.set()
                await serving
                running.cancel()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001  # told to who waits
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    if failed:
        raise failed[0]
    try:
        yield told[0]
    finally:
        stop[0].should_exit = True
        thread.join(30)


async def _tell_nobody(_: object) -> None:
    """There is no broker here."""


if __name__ == "__main__":
    with filed_room() as filed:
        for name, alert in filed.alerts.items():
            print(f"{name:22}{filed.address}/#/evidence/{alert.alert_id}")
        sys.stdout.flush()
        input()
