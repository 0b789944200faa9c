"""The link: how fixes get from the bus to the broker, and what goes wrong on the way.

A link falls silent and delivers later what the device kept, sends a message twice, swaps two
neighbours; and a receiver's single wild fix is counted here as well, being no drift.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from fleet.clock import SECOND_MS
from fleet.fixes import Fixes
from simulators.legs import Flags
from simulators.truth import Fault, LinkFault

LONGEST_BACKFILL = 200
"""Fixes in one message of a backfill at most."""
_DROPOUT_S = (10, 180)
_SLOW_S, _DELAY_S = (30, 180), (2, 20)
"""How long a slow link stays slow, and how late it then delivers."""
_JUMP_M = (400, 6_000)
_METRES_PER_DEGREE = 111_320.0
LINK_FAULTS: tuple[LinkFault, ...] = get_args(LinkFault)


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """What the fleet sends in one second, in the order of sending; row i of each belongs together."""

    fixes: Fixes
    due_ms: NDArray[np.int64]
    """When each is due to be sent: its own event time, or that of the fix after which it is late."""
    message: NDArray[np.int64]
    """Number of the message that carries the fix, counted from 0 within the second; not falling.
    Fixes of one message are a backfill and lie side by side."""
    repeat: NDArray[np.bool_]
    """True for the copy of a fix that has been sent before."""
    garbage: NDArray[np.bool_] | None = None
    """True for a fix whose message is damaged on its way; None: none is."""


@dataclass(slots=True)
class _Slow:
    """A link that delivers late until a moment."""

    until_ms: int
    delay_ms: int
    held: list[Fixes]


class Links:
    """The links of a fleet, one a bus, with what each holds back."""

    def __init__(self, seed: int, bus_ids: list[str], per_bus_hour: dict[LinkFault, float]) -> None:
        self._rng = np.random.default_rng([seed, 8])
        self._bus_ids = bus_ids
        self._rate = {rule: per_bus_hour.get(rule, 0.0) * len(bus_ids) / 3_600 for rule in LINK_FAULTS}
        self._down_until_ms = np.zeros(len(bus_ids), np.int64)
        self._kept: dict[int, list[Fixes]] = {}
        self._swapped: dict[int, Fixes] = {}
        self._slow: dict[int, _Slow] = {}
        self._closed: list[Fault] = []

    @property
    def truth(self) -> list[Fault]:
        """The faults that are over."""
        return self._closed

    def send(self, fixes: Fixes, spared: Flags) -> Sent:
        """What is sent when ``fixes``, one a reporting bus, are observed within a second.

        Buses that are ``spared``, shape (buses,), get no new fault.
        """
        if not len(fixes):
            return _gather([])
        within_ms = (fixes.time_ms - fixes.time_ms.min()).astype(np.uint16)  # of 16 bits: sorted in one pass
        fixes = fixes.take(np.argsort(within_ms, kind="stable"))
        drawn = self._draw(fixes, spared)
        if drawn["jump"]:
            fixes = self._jump(fixes, drawn["jump"])
        for row in drawn["dropout"]:
            seconds = self._rng.uniform(*_DROPOUT_S)
            self._down_until_ms[fixes.bus[row]] = fixes.time_ms[row] + int(seconds * SECOND_MS)
            self._kept[int(fixes.bus[row])] = []
        down = set(np.flatnonzero(np.isin(fixes.bus, list(self._kept))).tolist()) if self._kept else set()
        for row in drawn["delay"]:
            self._slow_down(fixes, row)
        held = [*self._swapped, *self._slow]
        late = set(np.flatnonzero(np.isin(fixes.bus, held)).tolist()) if held else set()
        special = sorted(down | late | set(drawn["duplicate"]) | set(drawn["disorder"]))
        parts: list[tuple[Fixes, int | None]] = []
        copies = []
        begin = 0
        for row in special:
            parts.append((fixes.take(slice(begin, row)), None))
            if row in drawn["duplicate"]:
                copies.append(len(parts) + 1)
            parts += self._send_one(fixes.take(np.array([row])), row, drawn)
            begin = row + 1
        parts.append((fixes.take(slice(begin, None)), None))
        return _gather(parts, copies)

    def _draw(self, fixes: Fixes, spared: Flags) -> dict[LinkFault, list[int]]:
        """The rows of ``fixes`` that begin each kind of fault; a row begins one at most."""
        held = np.zeros(len(self._bus_ids), np.bool_)
        held[[*self._kept, *self._swapped, *self._slow]] = True
        free = np.flatnonzero(~(spared | held)[fixes.bus])
        counts = {rule: int(self._rng.poisson(self._rate[rule])) for rule in LINK_FAULTS}
        chosen = self._rng.permutation(free)[: sum(counts.values())].tolist() if any(counts.values()) else []
        drawn: dict[LinkFault, list[int]] = {}
        for rule, count in counts.items():
            drawn[rule], chosen = chosen[:count], chosen[count:]
        return drawn

    def _send_one(
        self, fix: Fixes, row: int, drawn: dict[LinkFault, list[int]]
    ) -> list[tuple[Fixes, int | None]]:
        """The messages that go out at the moment of one fix of a link in trouble."""
        bus, now = int(fix.bus[0]), int(fix.time_ms[0])
        if bus in self._kept:
            if now < self._down_until_ms[bus]:
                self._kept[bus].append(fix)
                return []
            return [*self._backfill(bus, now), (fix, None)]
        if bus in self._slow:
            return self._send_slowly(fix, bus, now)
        if bus in self._swapped:
            earlier = self._swapped.pop(bus)
            self._note(earlier, "disorder", now, (now - int(earlier.time_ms[0])) / SECOND_MS)
            return [(fix, None), (earlier, now)]
        if row in drawn["disorder"]:
            self._swapped[bus] = fix
            return []
        self._note(fix, "duplicate", now, 2)
        return [(fix, None), (fix, now)]

    def _backfill(self, bus: int, now: int) -> list[tuple[Fixes, int | None]]:
        """What a link hands in that is there again."""
        kept = Fixes.concat(self._kept.pop(bus))
        if not len(kept):
            return []
        first = kept.take(slice(1))
        self._note(first, "dropout", now, (now - int(first.time_ms[0])) / SECOND_MS)
        chunks = range(0, len(kept), LONGEST_BACKFILL)
        return [(kept.take(slice(i, i + LONGEST_BACKFILL)), now) for i in chunks]

    def _slow_down(self, fixes: Fixes, row: int) -> None:
        """Have a link deliver late for a while."""
        until_ms = int(fixes.time_ms[row] + self._rng.uniform(*_SLOW_S) * SECOND_MS)
        delay_ms = int(self._rng.uniform(*_DELAY_S) * SECOND_MS)
        self._slow[int(fixes.bus[row])] = _Slow(until_ms, delay_ms, [])
        self._note(fixes.take(slice(row, row + 1)), "delay", until_ms, delay_ms / SECOND_MS)

    def _send_slowly(self, fix: Fixes, bus: int, now: int) -> list[tuple[Fixes, int | None]]:
        """What a slow link delivers at the moment of a fix: what is old enough, at its end all it holds."""
        slow = self._slow[bus]
        slow.held.append(fix)
        over = now >= slow.until_ms
        due = [held for held in slow.held if over or int(held.time_ms[0]) + slow.delay_ms <= now]
        del slow.held[: len(due)]
        if over:
            del self._slow[bus]
        return [(held, now) for held in due]

    def _jump(self, fixes: Fixes, rows: list[int]) -> Fixes:
        """``fixes`` with the places of ``rows`` thrown far off; their speeds stay as they were."""
        lon, lat = fixes.lon.copy(), fixes.lat.copy()
        for row in rows:
            far, course = self._rng.uniform(*_JUMP_M), self._rng.uniform(0, 2 * np.pi)
            self._note(fixes.take(slice(row, row + 1)), "jump", int(fixes.time_ms[row]), far)
            lat[row] = round(lat[row] + far * np.cos(course) / _METRES_PER_DEGREE, 6)
            lon[row] = round(
                lon[row] + far * np.sin(course) / _METRES_PER_DEGREE / np.cos(np.radians(lat[row])), 6
            )
        return Fixes(
            fixes.bus,
            fixes.time_ms,
            lon,
            lat,
            fixes.speed_kmh,
            fixes.heading_deg,
            fixes.accuracy_m,
            fixes.satellites,
        )

    def _note(self, fix: Fixes, rule: LinkFault, to_ms: int, size: float) -> None:
        self._closed.append(
            Fault(
                bus=self._bus_ids[int(fix.bus[0])],
                rule=rule,
                from_ms=int(fix.time_ms[0]),
                to_ms=to_ms,
                size=round(size, 1),
                lon=float(fix.lon[0]),
                lat=float(fix.lat[0]),
            )
        )


def _gather(parts: list[tuple[Fixes, int | None]], copies: Collection[int] = ()) -> Sent:
    """Parts in the order of sending: single fixes due at their own time, or one message due at another.

    ``copies`` are the places among ``parts`` of what repeats the part before.
    """
    dues, messages, repeats, count = [], [], [], 0
    for place, (fixes, due) in enumerate(parts):
        n = len(fixes)
        dues.append(fixes.time_ms if due is None else np.full(n, due, np.int64))
        messages.append(count + (np.arange(n) if due is None else np.zeros(n, np.int64)))
        repeats.append(np.full(n, place in copies))
        count += n if due is None else 1
    if not parts:
        return Sent(Fixes.empty(), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_))
    fixes = Fixes.concat([fixes for fixes, _ in parts])
    return Sent(fixes, np.concatenate(dues), np.concatenate(messages), np.concatenate(repeats))
