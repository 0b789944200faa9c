"""Fixes as PostgreSQL's binary COPY writes and reads them, packed and unpacked a column at a time.

Every field is sent (what is not known as NaN or -1, which the statements turn into NULL), so all
records have one length and a batch is one NumPy array of records in network byte order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet.fixes import Fixes

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000-01-01."""

_FIELDS = (
    ("bus", ">i4"), ("time", ">i8"), ("lon", ">f8"), ("lat", ">f8"), ("speed_kmh", ">f4"),
    ("heading_deg", ">f4"), ("accuracy_m", ">f4"), ("satellites", ">i2"), ("quality", ">i2"),
)  # fmt: skip
"""The columns of the staging table, in their order."""

_LENGTHS = {name: np.dtype(kind).itemsize for name, kind in _FIELDS}
RECORD = np.dtype(
    [("fields", ">i2")]
    + [part for name, kind in _FIELDS for part in ((f"{name}_length", ">i4"), (name, kind))]
)


def pack(fixes: Fixes, quality: NDArray[np.int16], bus_keys: NDArray[np.int32]) -> bytes:
    """A binary COPY stream of the fixes; ``bus_keys[row]`` is the key of the bus in that row."""
    records = np.empty(len(fixes), RECORD)
    records["fields"] = len(_FIELDS)
    for name, length in _LENGTHS.items():
        records[f"{name}_length"] = length
    records["bus"] = bus_keys[fixes.bus]
    records["time"] = fixes.time_ms * 1_000 - _EPOCH_2000_US
    records["quality"] = quality
    for name in ("lon", "lat", "speed_kmh", "heading_deg", "accuracy_m", "satellites"):
        records[name] = getattr(fixes, name)
    return _HEADER + records.tobytes() + _TRAILER


def unpack(stream: bytes | bytearray) -> tuple[Fixes, NDArray[np.int16]]:
    """The fixes and their quality of a binary COPY stream whose first field is the bus's row.

    Raises ``ValueError`` when a record has another length: a query that lets a NULL through.
    """
    body = len(stream) - len(_HEADER) - len(_TRAILER)
    if body % RECORD.itemsize:
        raise ValueError("a record of the COPY stream has a field that is NULL or of another type")
    records = np.frombuffer(stream, RECORD, count=body // RECORD.itemsize, offset=len(_HEADER))
    fixes = Fixes.of(
        bus=records["bus"],
        time_ms=(records["time"].astype(np.int64) + _EPOCH_2000_US) // 1_000,
        **{name: records[name] for name, _ in _FIELDS[2:8]},
    )
    return fixes, records["quality"].astype(np.int16)
