"""The way of a fix, on one page.

receive → decode → screen, observe, judge → commit → acknowledge → publish

While one batch is committed the next is judged already; commits keep their order. A batch is
acknowledged to the broker only after one database transaction holds all of it. While
the database is away the same batch is tried again: nothing new is taken from the broker, which
keeps what comes meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

import msgspec

from alerts.detector import Detector, Findings
from alerts.episodes import Change, change_to_wire
from buswatch.clocks import Clock
from buswatch.listening import ListeningClock
from buswatch.live import LiveFrame
from buswatch.orders import StandingOrders
from buswatch.patience import persist
from buswatch.rejudging import Rejudging
from buswatch.withholding import WithheldSilences
from fleet.clock import SECOND_MS
from fleet.errors import Unavailable
from fleet.registry import Registry
from fleet.topics import EVERYTHING, LIVE, alert_topic
from ingest.decode import Decoded, Decoder
from ingest.mqtt import Broker, Connection, Message, connect
from storage.commit import Batch, Committer

log = logging.getLogger(__name__)

MOST_MESSAGES = 2_000
"""Messages in a batch at most, and how long the first of them may wait for more:"""
AGE_S = 0.08
IDLE_S = 0.02
"""A batch is closed early when nothing more comes for this long."""
GATHER_S = 0.02
"""What a bus sends so soon after what is in a batch comes into it as well, for two fixes that changed places
on their way are best put in order."""
TICK_S = 1.0
"""How often what time alone brings is judged."""
TOLD_AT_ONCE = 200
"""Changes published before the first of them is acknowledged, at most."""
MOST_UNTOLD = 20_000
"""With so many changes yet to be published no more fixes are taken."""
LATE_S = 1.0
"""Late fixes are gathered for this long before their buses are judged anew."""


@dataclass(slots=True)
class Counts:
    """What has gone through since the start."""

    messages: int = 0
    committed: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A batch that the detector has judged, to be committed."""

    connection: Connection
    messages: list[Message]
    decoded: Decoded
    findings: Findings
    now_ms: int


class Pipeline:
    """Takes positions from the broker to the database, and tells the world."""

    def __init__(
        self,
        registry: Registry,
        detector: Detector,
        committer: Committer,
        rejudging: Rejudging,
        orders: StandingOrders,
        clock: Clock,
    ) -> None:
        self._zone = registry.tz
        self._decoder = Decoder(registry)
        self._detector = detector
        self._committer = committer
        self._rejudging = rejudging
        self._orders = orders
        self._clock = clock
        self._listening = ListeningClock()
        self._frame = LiveFrame(registry)
        self._detecting = asyncio.Lock()
        rows = {bus.bus_id: row for row, bus in enumerate(registry.buses)}
        self._withheld = WithheldSilences(rows)
        self._late: dict[int, int] = {}
        self._late_came = asyncio.Event()
        self._untold: deque[Change] = deque()
        self._changed = asyncio.Event()
        self._few_untold = asyncio.Event()
        self._few_untold.set()
        self._keeping: asyncio.Task[None] | None = None
        self._anew: asyncio.Task[tuple[Change, ...]] | None = None
        self.counts = Counts()

    async def remember(self) -> None:
        """Give the detector back the memory it had before a restart; waits for the database."""
        await persist(lambda: self._orders.follow(self._detector, self._clock()), self._stalled)
        for buses in self._rejudging.all_buses():
            judge = partial(self._judge_anew, buses)
            self.tell(await persist(judge, self._stalled))
        self._detector.prepare()

    async def run(self, broker: Broker, identifier: str) -> None:
        """Work until cancelled; a broker that goes away is waited for."""

        async def once_connected() -> None:
            async with connect(broker, identifier=identifier, persistent=True) as connection:
                try:
                    async with asyncio.TaskGroup() as tasks:
                        subscribed = tasks.create_task(self._subscribe(connection), name="subscribe")
                        tasks.create_task(self._take_batches(connection), name="batches")
                        tasks.create_task(self._judge_late_fixes(), name="late fixes")
                        tasks.create_task(self._judge_time(connection, subscribed), name="time")
                        tasks.create_task(self._tell_changes(connection), name="changes")
                        tasks.create_task(self._send_frames(connection, subscribed), name="frames")
                except ExceptionGroup as group:
                    lost, other = group.split(Unavailable)
                    if lost is None or other is not None:
                        raise
                    raise Unavailable(str(lost.exceptions[0])) from group
                finally:
                    self._listening.lost(self._clock())

        await persist(once_connected)

    def tell(self, changes: Sequence[Change]) -> None:
        """Have committed changes published: those made here, and those of others in this process."""
        self._untold.extend(changes)
        self._changed.set()
        if len(self._untold) >= MOST_UNTOLD:
            self._few_untold.clear()

    async def _subscribe(self, connection: Connection) -> None:
        """Subscribe while batches are taken already: on a session that the broker kept, what waited
        for us comes before its answer, and may be more than we hold untaken.
        """
        await connection.subscribe(EVERYTHING, qos=1)
        self._listening.connected(self._clock())
        log.info("subscribed to %s", EVERYTHING)

    async def _take_batches(self, connection: Connection) -> None:
        """One batch is judged while the one before is committed; no third waits, however often the
        connection is lost.
        """
        await self._kept()
        while True:
            await self._few_untold.wait()
            messages = await connection.take(MOST_MESSAGES, AGE_S, IDLE_S, gather_s=GATHER_S)
            async with self._with_detector():
                before = self._keeping
                self._keep(self._judge(connection, messages))
                if before is not None:
                    await asyncio.shield(before)

    async def _judge_time(self, connection: Connection, subscribed: asyncio.Task[None]) -> None:
        """Once a second: follow what people ordered, and judge what time alone has brought."""
        await subscribed
        while True:
            await asyncio.sleep(TICK_S)
            await self._follow_orders()
            async with self._with_detector():
                await self._kept()
                until_ms = self._listening.time_ms(self._clock())
                changes = () if until_ms is None else self._sift(self._detector.tick(until_ms))
                if changes:
                    now_ms = self._clock()
                    self._listening.heard(None, now_ms)
                    nothing = self._decoder.decode([], now_ms)
                    findings = replace(self._detector.detect(nothing.fixes, now_ms), changes=changes)
                    self._keep(_Judged(connection, [], nothing, findings, now_ms))
                    await self._kept()
                if self._withheld and self._listening.caught_up(self._clock()):
                    self._late_came.set()

    async def _follow_orders(self) -> None:
        """Give the detector the weather advisories in force, and gather incidents; when the database is
        away, the next second will do.
        """
        try:
            await self._orders.follow(self._detector, self._clock())
            await self._orders.gather_incidents(self._detector.parameters.incident, self._clock())
        except Unavailable as error:
            log.debug("orders wait: %s", error)

    def _judge(self, connection: Connection, messages: list[Message]) -> _Judged:
        """Decode and judge a batch."""
        decoded = self._decoder.decode(messages, self._clock.hear(messages))
        now_ms = self._clock()
        newest_ms = int(decoded.fixes.time_ms.max()) if len(decoded.fixes) else None
        self._listening.heard(newest_ms, now_ms)
        findings = self._detector.detect(decoded.fixes, decoded.received_ms)
        findings = replace(findings, changes=self._sift(findings.changes))
        return _Judged(connection, messages, decoded, findings, now_ms)

    def _sift(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """The changes that may be told now, see ``withholding``."""
        return self._withheld.sift(changes, caught_up=self._listening.caught_up(self._clock()))

    def _keep(self, judged: _Judged) -> None:
        """Begin to commit what the detector has judged, after all that it judged before.

        The detector has moved on with it, so the commit must succeed whatever happens to the connection
        meanwhile: it is a task of its own, and waited for by all who need what is stored.
        """
        self._keeping = asyncio.create_task(self._finish(judged, self._keeping), name="commit")

    async def _kept(self) -> None:
        """Wait until all that was judged is committed."""
        if self._keeping is not None:
            await asyncio.shield(self._keeping)

    async def _finish(self, judged: _Judged, before: asyncio.Task[None] | None) -> None:
        """Commit, then acknowledge and tell."""
        if before is not None:
            await before
        batch = Batch(
            judged.decoded.fixes, judged.findings.quality, judged.now_ms, judged.decoded.rejects,
            judged.findings.changes, judged.findings.moved_m, judged.decoded.received_ms,
        )  # fmt: skip
        receipt = await persist(lambda: self._committer.commit(batch), on_failure=self._stalled)
        judged.connection.acknowledge(judged.messages)
        self._frame.stalled = None
        self._frame.add(judged.decoded.fixes, judged.findings)
        self.tell(receipt.changes)
        for row, oldest_ms in receipt.late.items():
            self._note_late(row, oldest_ms)
        self.counts.messages += len(judged.messages)
        self.counts.committed += receipt.committed
        self.counts.duplicates += receipt.duplicates
        self.counts.rejected.update(reject.reason.value for reject in judged.decoded.rejects)
        if self._keeping is asyncio.current_task():  # nothing newer is judged and not committed
            self._listening.listen(self._clock())

    def _note_late(self, row: int, oldest_ms: int) -> None:
        self._late[row] = min(oldest_ms, self._late.get(row, oldest_ms))
        self._late_came.set()

    async def _judge_late_fixes(self) -> None:
        """Judge a bus anew when fixes of it came late, a burst of them once; and those whose silence was
        withheld, when we have caught up.
        """
        while True:
            await self._late_came.wait()
            await asyncio.sleep(LATE_S)
            async with self._with_detector():
                await self._kept()
                if self._listening.caught_up(self._clock()):
                    for row, since_ms in self._withheld.release().items():
                        self._note_late(row, since_ms)
                if not self._late:  # judged with what a lost connection had left
                    self._late_came.clear()
                    continue
                self._listening.heard(None, self._clock())
                judge = partial(self._judge_anew, self._late)
                self._anew = asyncio.create_task(persist(judge, self._stalled), name="anew")
                await self._finish_anew(self._anew)
                self._listening.listen(self._clock())

    async def _finish_anew(self, anew: asyncio.Task[tuple[Change, ...]]) -> None:
        """Wait until buses are judged anew and that is committed, then tell; shielded as a commit."""
        self.tell(await asyncio.shield(anew))
        self._anew = None
        self._late.clear()
        self._late_came.clear()

    @asynccontextmanager
    async def _with_detector(self) -> AsyncIterator[None]:
        """Hold the detector alone; what a lost connection interrupted is finished first."""
        async with self._detecting:
            if self._anew is not None:
                await self._finish_anew(self._anew)
            yield

    async def _judge_anew(self, buses: Mapping[int, int | None]) -> tuple[Change, ...]:
        return await self._rejudging.judge(buses, self._clock(), self._sift)

    def _stalled(self, error: Unavailable) -> None:
        self._frame.stalled = str(error)

    async def _tell_changes(self, connection: Connection) -> None:
        """Publish alert changes in their order, each as soon as it is committed."""
        while True:
            while self._untold:
                told = list(islice(self._untold, TOLD_AT_ONCE))
                await asyncio.gather(*(self._publish(connection, change) for change in told))
                for _ in told:
                    self._untold.popleft()
                if len(self._untold) < MOST_UNTOLD:
                    self._few_untold.set()
            self._changed.clear()
            await self._changed.wait()

    async def _publish(self, connection: Connection, change: Change) -> None:
        payload = msgspec.json.encode(change_to_wire(change, self._zone))
        await connection.publish(alert_topic(change.alert.bus_id), payload, qos=1)

    async def _send_frames(self, connection: Connection, subscribed: asyncio.Task[None]) -> None:
        """A frame every second, once we listen: frames are what tells the world that we do."""
        await subscribed
        while True:
            now_ms = self._clock()
            await asyncio.sleep((SECOND_MS - now_ms % SECOND_MS) / SECOND_MS)
            await connection.publish(LIVE, self._frame.encode(self._clock()), qos=0)
