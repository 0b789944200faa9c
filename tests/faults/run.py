"""One run: the load, the faults, and the account of what became of every fix and alert."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time_ns

from fleet.errors import Unavailable
from simulators.publish import Publisher, Summary
from storage.database import Database
from tests.comparison import agree, differences, same_episode
from tests.faults.account import Calm, accounted, alerts_on_file, lost_and_unknown
from tests.faults.load import NOT_ON_RECORD, Fleet, Recorder, Source
from tests.faults.plan import KINDS, Kind, draw, inflict, left_out
from tests.faults.stage import Stage

_CONNECTIONS = 40
_LEAD_S = 12.0
_LEAD_S_PER_BUS = 0.01
"""From the beginning to the first fix: the city is built and the parts are started."""
_SETTLED_S = 5.0
"""Load before the first fault and after the last."""
_ACKNOWLEDGED_WITHIN_S = 60.0
_DRAINED_WITHIN_S = 180.0
_ALERTS_WITHIN_S = 30.0
_GLANCE_S = 0.5


@dataclass(frozen=True)
class Options:
    """What to run."""

    fleet: Fleet
    faults: int
    seed: int
    postgres: str
    broker: str
    kinds: tuple[Kind, ...] = KINDS
    pauses_s: tuple[float, float] = (1.0, 8.0)
    keep: bool = False
    """Whether the folder with the logs stays."""


@dataclass(frozen=True)
class Report:
    """What a run showed."""

    faults: dict[str, int]
    left_out: dict[str, str]
    seconds: float
    """Of load."""
    drained_s: float
    """From the end of the load until all was committed."""
    published: int
    """Distinct fixes that the broker acknowledged, the bad ones included."""
    sent_again: int
    """Messages that had to be sent again because their acknowledgement did not come."""
    unacknowledged: int
    committed: int
    rejected: int
    lost: int
    """Good fixes published and not stored."""
    unknown: int
    """Fixes stored that nobody published."""
    bad: int
    """Bad fixes published."""
    alerts_expected: int
    alerts_on_file: int
    alerts_lost: int
    alerts_not_expected: int
    alerts_agree: bool
    monitor_ended_by_itself: int
    tracebacks: int
    """In the monitor's log."""

    @property
    def passed(self) -> bool:
        """Whether every fix and every alert is accounted for."""
        return (
            self.committed + self.rejected == self.published > 0
            and self.rejected == self.bad
            and self.lost == self.unknown == self.unacknowledged == 0
            and self.alerts_agree
            and self.monitor_ended_by_itself == 0
        )


async def run(options: Options, say: Callable[[str], None]) -> Report:
    """Run it in a temporary folder, of which nothing stays but what ``keep`` asks for."""
    folder = Path(tempfile.mkdtemp(prefix="bw-"))
    try:
        return await _run(options, folder, say)
    finally:
        if options.keep:
            say(f"logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


async def _run(options: Options, folder: Path, say: Callable[[str], None]) -> Report:
    fleet = options.fleet
    lead_s = _LEAD_S + _LEAD_S_PER_BUS * fleet.buses
    say(f"building a city of {fleet.buses:,} buses; the first fix comes in {lead_s:.0f} s")
    source = await asyncio.to_thread(
        Source, fleet, time_ns() // 1_000_000 + int(lead_s * 1_000), options.seed
    )
    registry = source.registry
    stage = Stage(folder, options.postgres, options.broker)
    bus_ids = [*(bus.bus_id for bus in registry.buses), NOT_ON_RECORD]
    async with (
        stage.open(registry) as database,
        Recorder(stage.broker, bus_ids, _CONNECTIONS) as publisher,
    ):
        without = left_out(stage, options.broker)
        for kind, reason in without.items():
            say(f"left out: {kind} ({reason})")
        kinds = [kind for kind in options.kinds if kind not in without]
        faults = draw(kinds, options.faults, options.pauses_s, options.seed)
        stop = asyncio.Event()
        publishing = asyncio.create_task(
            publisher.run(source, stop=stop, drain_s=_ACKNOWLEDGED_WITHIN_S), name="load"
        )
        await asyncio.sleep(max(0.0, source.begin_ms / 1_000 - time_ns() / 1e9) + _SETTLED_S)
        began = monotonic()
        for number, fault in enumerate(faults, start=1):
            await asyncio.sleep(fault.pause_s)
            await stage.look_after_monitor()
            done = await inflict(fault, stage)
            behind = await _behind(database, publisher)
            say(f"{monotonic() - began:6.1f} s {number:3}/{len(faults)}  {done}; {behind}")
        await asyncio.sleep(_SETTLED_S)
        stop.set()
        sent = await publishing
        load_s = time_ns() / 1e9 - source.begin_ms / 1_000
        say(f"the load ends after {load_s:.0f} s; waiting until all is committed")
        calm, drained_s = await asyncio.gather(
            asyncio.to_thread(Calm, registry, publisher.topics, publisher.acknowledged),
            _drained(stage, database, sent),
        )
        return await _account(
            dict(Counter(str(fault.kind) for fault in faults)),
            {str(kind): reason for kind, reason in without.items()},
            stage, database, sent, calm, load_s, drained_s, say,
        )  # fmt: skip


async def _behind(database: Database, publisher: Publisher) -> str:
    try:
        return f"{max(0, publisher.published - await accounted(database)):,} fixes behind"
    except Unavailable as error:
        return str(error)


async def _drained(stage: Stage, database: Database, sent: Summary) -> float:
    """Wait until all that was published is committed or rejected, or has had its time; the seconds."""
    began = monotonic()
    while await accounted(database) < sent.published and monotonic() < began + _DRAINED_WITHIN_S:
        await stage.look_after_monitor()
        await asyncio.sleep(_GLANCE_S)
    return monotonic() - began


async def _account(
    faults: dict[str, int],
    without: dict[str, str],
    stage: Stage,
    database: Database,
    sent: Summary,
    calm: Calm,
    load_s: float,
    drained_s: float,
    say: Callable[[str], None],
) -> Report:
    deadline = monotonic() + _ALERTS_WITHIN_S
    while True:  # what came late is judged a moment later
        found, expected = await alerts_on_file(database), calm.alerts(time_ns() // 1_000_000)
        if agree(found, expected) or monotonic() > deadline:
            break
        await asyncio.sleep(_GLANCE_S)
    if not agree(found, expected):
        say(f"the alerts differ:{differences(found, expected)}")
    await stage.look_after_monitor()
    lost, unknown = await lost_and_unknown(database, calm)
    committed = len(calm.fixes) - lost + unknown
    return Report(
        faults=faults,
        left_out=without,
        seconds=round(load_s, 1),
        drained_s=round(drained_s, 1),
        published=sent.published,
        sent_again=sent.messages - calm.messages,
        unacknowledged=sent.unacknowledged,
        committed=committed,
        rejected=await accounted(database) - committed,
        lost=lost,
        unknown=unknown,
        bad=calm.rejected,
        alerts_expected=len(expected),
        alerts_on_file=len(found),
        alerts_lost=sum(not any(same_episode(a, calm_one) for a in found) for calm_one in expected),
        alerts_not_expected=sum(not any(same_episode(a, calm_one) for calm_one in expected) for a in found),
        alerts_agree=agree(found, expected),
        monitor_ended_by_itself=stage.crashes,
        tracebacks=stage.tracebacks,
    )
