"""Fixes in columns: how positions travel through Buswatch from decoding to commit.

A fix is one position report of one bus. A batch of them is one ``Fixes``: eight NumPy arrays of
equal length, never a list of objects, because every later stage works on whole columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.number)

UNKNOWN_SATELLITES = -1
"""What ``Fixes.satellites`` holds when the report did not say; the float columns hold NaN."""


@dataclass(frozen=True, slots=True, eq=False)
class Fixes:
    """A batch of fixes. All arrays have shape (n,); row i of each belongs to the same fix."""

    bus: NDArray[np.int32]
    """Row of the bus in ``Registry.buses``."""
    time_ms: NDArray[np.int64]
    """Event time, epoch milliseconds UTC."""
    lon: NDArray[np.float64]
    """WGS-84 longitude, degrees."""
    lat: NDArray[np.float64]
    """WGS-84 latitude, degrees."""
    speed_kmh: NDArray[np.float32]
    """Reported speed over ground, km/h; NaN when not reported."""
    heading_deg: NDArray[np.float32]
    """Reported course over ground, degrees clockwise from north; NaN when not reported."""
    accuracy_m: NDArray[np.float32]
    """Reported horizontal accuracy, metres; NaN when not reported."""
    satellites: NDArray[np.int16]
    """Satellites used; ``UNKNOWN_SATELLITES`` when not reported."""

    def __len__(self) -> int:
        return len(self.bus)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Fixes:
        """The fixes at ``rows`` (indices, a mask of length n, or a slice), in that order."""
        return Fixes(
            self.bus[rows], self.time_ms[rows], self.lon[rows], self.lat[rows], self.speed_kmh[rows],
            self.heading_deg[rows], self.accuracy_m[rows], self.satellites[rows],
        )  # fmt: skip

    @staticmethod
    def empty() -> Fixes:
        """A batch of no fixes."""
        return Fixes.of(bus=[], time_ms=[], lon=[], lat=[])

    @staticmethod
    def concat(batches: Sequence[Fixes]) -> Fixes:
        """One batch of all fixes of ``batches``, in their order."""
        if not batches:
            return Fixes.empty()
        return Fixes(
            *(np.concatenate([getattr(batch, column.name) for batch in batches]) for column in fields(Fixes))
        )

    @staticmethod
    def of(
        *,
        bus: Sequence[int] | NDArray[np.int32],
        time_ms: Sequence[int] | NDArray[np.int64],
        lon: Sequence[float] | NDArray[np.float64],
        lat: Sequence[float] | NDArray[np.float64],
        speed_kmh: Sequence[float] | NDArray[np.float32] | None = None,
        heading_deg: Sequence[float] | NDArray[np.float32] | None = None,
        accuracy_m: Sequence[float] | NDArray[np.float32] | None = None,
        satellites: Sequence[int] | NDArray[np.int16] | None = None,
    ) -> Fixes:
        """A batch from any sequences; columns left out are filled as "not reported".

        Raises ``ValueError`` when the columns differ in length.
        """
        n = len(bus)
        return Fixes(
            bus=_column(n, bus, np.int32, 0),
            time_ms=_column(n, time_ms, np.int64, 0),
            lon=_column(n, lon, np.float64, np.nan),
            lat=_column(n, lat, np.float64, np.nan),
            speed_kmh=_column(n, speed_kmh, np.float32, np.nan),
            heading_deg=_column(n, heading_deg, np.float32, np.nan),
            accuracy_m=_column(n, accuracy_m, np.float32, np.nan),
            satellites=_column(n, satellites, np.int16, UNKNOWN_SATELLITES),
        )


def _column(n: int, values: object, dtype: type[Number], missing: float) -> NDArray[Number]:
    array = np.full(n, missing, dtype) if values is None else np.asarray(values, dtype)
    if array.shape != (n,):
        raise ValueError(f"a column has shape {array.shape}, the batch has {n} fixes")
    return array
