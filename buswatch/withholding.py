"""Silences that are found while what had waited at the broker comes in: withheld until all of it has come.

After an absence a broker may hand over what it kept in another order than it came in, and what is stored at
a crash may be some of it. A gap that is filled a moment later is no bus's silence. So a silence that is
found meanwhile is not told; its bus is judged anew when we have caught up, from all of its fixes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alerts.episodes import Change


class WithheldSilences:
    """The silences withheld since we were away."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        """``rows``: of each bus its row in the registry."""
        self._rows = rows
        self._withheld: dict[str, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._withheld)

    def sift(self, changes: Sequence[Change], *, caught_up: bool) -> tuple[Change, ...]:
        """The changes that may be told now. Of a silence that is withheld none is, until it is released."""
        told = []
        for change in changes:
            alert = change.alert
            if alert.alert_id in self._withheld:
                continue
            if alert.rule == "silent" and change.kind == "opened" and not caught_up:
                self._withheld[alert.alert_id] = (self._rows[alert.bus_id], alert.started_ms)
            else:
                told.append(change)
        return tuple(told)

    def release(self) -> dict[int, int]:
        """Withhold them no longer: the rows of their buses, and from when on each is to be judged anew."""
        since_ms: dict[int, int] = {}
        for row, started_ms in self._withheld.values():
            since_ms[row] = min(started_ms, since_ms.get(row, started_ms))
        self._withheld.clear()
        return since_ms
