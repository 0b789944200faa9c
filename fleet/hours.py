"""What a bus did in an hour, in figures."""

from __future__ import annotations

from typing import NamedTuple


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
