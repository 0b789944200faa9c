"""What an undisturbed run makes of the same messages, and what is on file instead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alerts.detector import Detector
from alerts.episodes import Alert
from fleet.fixes import Fixes
from fleet.registry import Registry
from ingest.decode import Decoder
from ingest.mqtt import Message
from simulators.payload import Outgoing
from storage.alerts import AlertBook
from storage.database import Database
from storage.positions import Tracks, fixes_since
from storage.registry import load_registry
from storage.rejects import RejectShelf

_BATCH = 50_000
_MOST_ALERTS = 1_000_000


class Calm:
    """The distinct fixes of all messages in the order of event time, and the alerts that they give."""

    def __init__(self, registry: Registry, topics: Sequence[str], published: Sequence[Outgoing]) -> None:
        """``topics``: of the buses by their row in ``Outgoing.bus``."""
        messages = [Message(topics[m.bus], m.payload, 0, 1) for m in published]
        decoder, fixes = Decoder(registry), Fixes.empty()
        newest_ms = max((m.due_ms for m in published), default=0)
        self.messages = len(messages)
        self.rejected = 0
        """Bad messages; each is another."""
        for start in range(0, len(messages), _BATCH):
            decoded = decoder.decode(messages[start : start + _BATCH], newest_ms)
            fixes = Fixes.concat([fixes, decoded.fixes])
            self.rejected += len(decoded.rejects)
        _, first = np.unique(np.column_stack((fixes.time_ms, fixes.bus)), axis=0, return_index=True)
        self.fixes = fixes.take(first)
        self._detector = Detector(registry)
        self._alerts: dict[str, Alert] = {}
        for start in range(0, len(self.fixes), _BATCH):
            batch = self.fixes.take(np.arange(start, min(start + _BATCH, len(self.fixes))))
            for change in self._detector.detect(batch, int(batch.time_ms[-1])).changes:
                self._alerts[change.alert.alert_id] = change.alert

    def alerts(self, now_ms: int) -> list[Alert]:
        """The alerts, with those that time alone has brought by now. Ask in the order of time."""
        for change in self._detector.tick(now_ms):
            self._alerts[change.alert.alert_id] = change.alert
        return list(self._alerts.values())


async def accounted(database: Database) -> int:
    """How many fixes are committed or rejected."""
    return await Tracks(database).count() + sum((await RejectShelf(database).counts()).values())


async def alerts_on_file(database: Database) -> list[Alert]:
    return await AlertBook(database).page(limit=_MOST_ALERTS)


async def lost_and_unknown(database: Database, calm: Calm) -> tuple[int, int]:
    """How many of the fixes published are not stored, and how many are stored that nobody published."""
    _, bus_keys = await load_registry(database)
    stored = (await fixes_since(database, bus_keys, 0)).fixes
    published, kept = _keys(calm.fixes), _keys(stored)
    return int((~np.isin(published, kept)).sum()), int((~np.isin(kept, published)).sum())


def _keys(fixes: Fixes) -> NDArray[np.int64]:
    """One number for each bus and event time; milliseconds need 41 bits in this century."""
    return (fixes.bus.astype(np.int64) << 44) + fixes.time_ms
