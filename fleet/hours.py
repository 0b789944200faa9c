"""What buses did in an hour, in figures: of one bus for a list, of a fleet in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Hour(NamedTuple):
    """One bus in one hour in which it reported."""

    bus_id: str
    begins_ms: int
    """Epoch milliseconds, on a full hour of UTC."""
    fixes: int
    valid: int
    """Of them those with a place that can be believed."""
    top_speed_kmh: float | None
    """The highest reported speed that can be believed; None where none was reported."""
    moved_m: float
    """Metres driven. Fixes are joined by straight lines: some percent less than an odometer counts."""


class Counted(NamedTuple):
    """For what time the figures by bus and hour stand."""

    from_ms: int | None
    """From then on, older hours are still to be counted; None when there is nothing older."""
    until_ms: int | None
    """Up to then; None before anything was counted."""


@dataclass(frozen=True, slots=True, eq=False)
class BusHours:
    """The figures of many buses in many hours, in columns of shape (n,): one row a bus and hour in which it
    reported.
    """

    bus_ids: tuple[str, ...]
    bus: NDArray[np.int32]
    """Place in ``bus_ids``."""
    begins_ms: NDArray[np.int64]
    """Epoch milliseconds, on a full hour of UTC."""
    fixes: NDArray[np.int64]
    valid: NDArray[np.int64]
    """Of the fixes those with a place that can be believed."""
    jumps: NDArray[np.int64]
    """Of the fixes those farther from the one before than any bus drives."""
    frozen: NDArray[np.int64]
    """Of the fixes those that repeat an old place while the bus moves."""
    top_speed_kmh: NDArray[np.float64]
    """The highest reported speed that can be believed; NaN where none was reported."""
    moved_m: NDArray[np.float64]
    """Metres driven."""
    unseen_m: NDArray[np.float64]
    """Of them those between two believed fixes more than two minutes apart."""
    minutes: NDArray[np.int64]
    """A bit for each minute of the hour in which a fix was made, the first minute lowest."""

    @classmethod
    def of(cls, bus_ids: Sequence[str], **columns: NDArray[Any]) -> Self:
        """Columns of any numeric kind as ours."""
        kinds = {"bus": np.int32} | dict.fromkeys(("top_speed_kmh", "moved_m", "unseen_m"), np.float64)
        ours: dict[str, Any] = {
            name: column.astype(kinds.get(name, np.int64)) for name, column in columns.items()
        }
        return cls(tuple(bus_ids), **ours)

    def __len__(self) -> int:
        return len(self.bus)
