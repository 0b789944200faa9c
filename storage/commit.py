"""The one transaction in which a batch becomes durable: positions, rejects and alert changes.

Only after ``Committer.commit`` has returned may the broker be told that the messages arrived.
Committing the same batch again is harmless: the key (bus, event time) drops the fixes, the digest
finds the rejects, and an alert's identity and event times drop its changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from weakref import WeakSet

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from alerts.episodes import Change
from alerts.handling import Deadlines
from fleet.clock import from_ms, to_ms
from fleet.fixes import Fixes
from fleet.quality import Quality
from fleet.rejects import KEPT_BYTES, Reason, Reject
from fleet.topics import alert_topic, position_topic
from storage.changes import lock_changes, record_judgement
from storage.columns import pack
from storage.database import Connection, Database
from storage.hours import mark_late_hours
from storage.named import queries
from storage.waivers import under_waivers

log = logging.getLogger(__name__)

_SQL = queries("commit")

REFUSALS = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
"""What PostgreSQL raises about a value; trying again cannot help."""
_MAY_BE_THERE = Quality.LATE | Quality.DUPLICATE
"""Marks of a fix that may be stored already; others are new, unless a restart has forgotten them."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one micro-batch leaves to be kept."""

    fixes: Fixes
    quality: NDArray[np.int16]
    """``fleet.quality.Quality`` of each fix, shape (n,)."""
    now_ms: int
    """When it was judged."""
    rejects: Sequence[Reject] = ()
    changes: Sequence[Change] = ()
    moved_m: NDArray[np.float32] | None = None
    """Metres driven that each fix adds, shape (n,); None where nobody measured."""
    received_ms: NDArray[np.int64] | None = None
    """When each fix was received, shape (n,); None: when the batch was judged."""

    def take(self, rows: NDArray[np.intp]) -> Batch:
        """The batch with its fixes at ``rows`` alone."""
        moved_m = None if self.moved_m is None else self.moved_m[rows]
        received_ms = None if self.received_ms is None else self.received_ms[rows]
        return replace(
            self, fixes=self.fixes.take(rows), quality=self.quality[rows], moved_m=moved_m,
            received_ms=received_ms,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a commit did. ``committed + duplicates + refused`` is the number of the batch's fixes."""

    committed: int
    """Fixes that were not there before."""
    duplicates: int
    """Fixes whose bus and event time were there already."""
    refused: int
    """Fixes that the database refused and that are among the rejected now."""
    rejected: int
    """Rows that are new among the rejected, the refused ones included."""
    changes: tuple[Change, ...]
    """The alert changes that took effect, as stored, with their seq."""
    late: Mapping[int, int] = field(default_factory=dict)
    """Of the new fixes those marked late: each bus's row and the event time of its oldest."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a COPY of positions did: how many are new, and the late ones as in ``Receipt``."""

    new: int
    late: dict[int, int]

    def and_also(self, other: _Stored) -> _Stored:
        late = dict(self.late)
        for row, oldest in other.late.items():
            late[row] = min(oldest, late.get(row, oldest))
        return _Stored(self.new + other.new, late)


class Committer:
    """Commits batches. ``bus_keys[row]`` is the key of the bus in that row of the registry.

    New alerts are due by ``deadlines``, counted from the batch's ``now_ms``; never where there are none.
    """

    def __init__(
        self, database: Database, bus_keys: NDArray[np.int32], deadlines: Deadlines | None = None
    ) -> None:
        self._database = database
        self._bus_keys = bus_keys
        self._deadlines = deadlines
        self._rows = {key: row for row, key in enumerate(bus_keys.tolist())}
        self._staged: WeakSet[Connection] = WeakSet()

    async def commit(self, batch: Batch) -> Receipt:
        """Keep the batch, whole, or raise ``Unavailable`` with nothing kept.

        When the database refuses a value, the good rows are kept all the same and the bad ones go
        to the rejected with ``Reason.REFUSED_BY_DATABASE``.
        """
        try:
            async with self._transaction() as connection:
                stored = await self._put_positions(connection, batch)
                await mark_late_hours(connection, self._bus_keys[batch.fixes.bus], batch.fixes.time_ms)
                rejected = await _put_rejects(connection, batch.rejects)
                changes = await self._record(connection, batch, batch.changes)
        except REFUSALS as error:
            log.warning(
                "the database refuses a row of a batch, which is now committed in parts: %s",
                error.diag.message_primary,
            )
            return await self._commit_in_parts(batch)
        return Receipt(stored.new, len(batch.fixes) - stored.new, 0, rejected, changes, stored.late)

    async def set_moved(self, fixes: Fixes, moved_m: NDArray[np.float32]) -> None:
        """Set right the metres driven of stored fixes; shape (n,). Raises ``Unavailable``."""
        if not len(fixes):
            return
        keys, times = self._bus_keys[fixes.bus].tolist(), [from_ms(ms) for ms in fixes.time_ms.tolist()]
        parameters = [keys, times, moved_m.tolist(), min(times), max(times)]
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["set_moved"], parameters)
            await mark_late_hours(connection, self._bus_keys[fixes.bus], fixes.time_ms)

    async def _commit_in_parts(self, batch: Batch) -> Receipt:
        """The same transaction with a savepoint round every part that may be refused."""
        async with self._transaction() as connection:
            rows = np.arange(len(batch.fixes))
            stored, refused = await self._put_good_positions(connection, batch, rows)
            await mark_late_hours(connection, self._bus_keys[batch.fixes.bus], batch.fixes.time_ms)
            changes, refused_changes = await self._record_good_changes(connection, batch)
            rejected = await _put_rejects(connection, [*batch.rejects, *refused, *refused_changes])
        duplicates = len(batch.fixes) - stored.new - len(refused)
        return Receipt(stored.new, duplicates, len(refused), rejected, changes, stored.late)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        """A transaction on a connection that has the staging table."""
        async with self._database.connection() as connection:
            if connection not in self._staged:
                await connection.execute(_SQL["make_staging"])
                self._staged.add(connection)
            async with connection.transaction():
                yield connection

    async def _record(
        self, connection: Connection, batch: Batch, changes: Sequence[Change]
    ) -> tuple[Change, ...]:
        """Write the engine's changes, marked by the waivers in force, with when they are due."""
        if not changes:
            return ()
        await lock_changes(connection)
        marked = await under_waivers(connection, changes)
        if self._deadlines is not None:
            marked = [_due(change, self._deadlines, batch.now_ms) for change in marked]
        return await record_judgement(connection, marked)

    async def _record_good_changes(
        self, connection: Connection, batch: Batch
    ) -> tuple[tuple[Change, ...], list[Reject]]:
        """Record the changes one by one; those refused come back as rejects."""
        recorded: list[Change] = []
        refused = []
        for change in batch.changes:
            try:
                async with connection.transaction():
                    recorded += await self._record(connection, batch, [change])
            except REFUSALS as error:
                topic, payload = alert_topic(change.alert.bus_id), msgspec.json.encode(change)
                reason = Reason.REFUSED_BY_DATABASE
                refused.append(Reject(topic, payload[:KEPT_BYTES], None, reason, str(error), batch.now_ms))
        return tuple(recorded), refused

    async def _put_positions(self, connection: Connection, batch: Batch) -> _Stored:
        """Put the fixes that are not there yet; of two with one key in the batch the first received."""
        rows = _first_of_each_key(batch.fixes)
        if not len(rows):
            return _Stored(0, {})
        part = batch.take(rows)
        moved_m = np.full(len(rows), np.nan, np.float32) if part.moved_m is None else part.moved_m
        received_ms = np.full(len(rows), part.now_ms if part.received_ms is None else part.received_ms)
        stream = pack(part.fixes, part.quality, moved_m, self._bus_keys, received_ms)
        if not (part.quality & _MAY_BE_THERE).any():
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                async with connection.transaction():
                    await _copy(connection, "copy_positions", stream)
                return _Stored(len(rows), {})
        await _copy(connection, "copy_staging", stream)
        cursor = await connection.execute(_SQL["put_positions"])
        new, keys, oldest = await cursor.fetchone() or (0, None, None)
        late = zip(keys or (), oldest or (), strict=True)
        return _Stored(new, {self._rows[key]: to_ms(moment) for key, moment in late})

    async def _put_good_positions(
        self, connection: Connection, batch: Batch, rows: NDArray[np.intp]
    ) -> tuple[_Stored, list[Reject]]:
        """Put the fixes at ``rows`` by halving down to each one that is refused."""
        part = batch.take(rows)
        try:
            async with connection.transaction():
                await connection.execute(_SQL["empty_staging"])
                return await self._put_positions(connection, part), []
        except REFUSALS as error:
            if len(rows) == 1:
                return _Stored(0, {}), [await self._refused_fix(connection, part, error)]
        middle = len(rows) // 2
        one, refused = await self._put_good_positions(connection, batch, rows[:middle])
        other, refused_after = await self._put_good_positions(connection, batch, rows[middle:])
        return one.and_also(other), refused + refused_after

    async def _refused_fix(self, connection: Connection, part: Batch, error: psycopg.Error) -> Reject:
        """The one fix of ``part`` as a reject: its message is gone, so it is written anew."""
        fix = {column.name: getattr(part.fixes, column.name)[0].item() for column in fields(Fixes)}
        key = int(self._bus_keys[fix.pop("bus")])
        row = await (await connection.execute(_SQL["bus_of_key"], [key])).fetchone()
        topic = position_topic(row[0] if row else str(key))
        payload = msgspec.json.encode(fix)
        return Reject(topic, payload, None, Reason.REFUSED_BY_DATABASE, str(error), part.now_ms)


def _first_of_each_key(fixes: Fixes) -> NDArray[np.intp]:
    """Rows of the first fix of each bus and event time, in their order: what writers lock, all lock in one
    order.
    """
    order = np.lexsort((fixes.time_ms, fixes.bus))
    bus, time_ms = fixes.bus[order], fixes.time_ms[order]
    again = (bus[1:] == bus[:-1]) & (time_ms[1:] == time_ms[:-1])
    return order[~np.concatenate(([False], again))] if len(order) else order


async def _copy(connection: Connection, statement: str, stream: bytes) -> None:
    async with connection.cursor() as cursor, cursor.copy(_SQL[statement]) as copy:
        await copy.write(stream)


def _due(change: Change, deadlines: Deadlines, now_ms: int) -> Change:
    """A change of the engine with when its alert is due by it."""
    alert = msgspec.structs.replace(change.alert, due_ms=deadlines.due_ms(change, now_ms))
    return msgspec.structs.replace(change, alert=alert)


async def _put_rejects(connection: Connection, rejects: Sequence[Reject]) -> int:
    """Keep the rejects, one row for each distinct one; returns how many rows are new."""
    distinct: dict[bytes, list[Reject]] = {}
    for reject in rejects:
        distinct.setdefault(_digest(reject), []).append(reject)
    if not distinct:
        return 0
    # Sorted, so that two writers cannot lock each other out.
    rows = [
        (digest, _text(same[0].topic), same[0].payload, same[0].item, same[0].reason.value,
         _text(same[0].detail), from_ms(min(r.received_ms for r in same)),
         from_ms(max(r.received_ms for r in same)), len(same))
        for digest, same in sorted(distinct.items())
    ]  # fmt: skip
    columns = [list(column) for column in zip(*rows, strict=True)]
    cursor = await connection.execute(_SQL["put_rejects"], columns)
    return sum(new for (new,) in await cursor.fetchall())


def _digest(reject: Reject) -> bytes:
    """What tells one reject from another: topic, payload and place in it, however often it comes."""
    return hashlib.sha256(msgspec.msgpack.encode((_text(reject.topic), reject.payload, reject.item))).digest()


def _text(text: str) -> str:
    """The text without what PostgreSQL cannot keep: NUL and lone surrogates."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
