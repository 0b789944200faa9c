"""Fixes as PostgreSQL's binary formats carry them, packed and unpacked a column at a time.

In: a COPY stream. Every field is sent (what is not known as NaN or -1, which the statement turns
into NULL), so all records have one length and a batch is one NumPy array of records in network
byte order. Out: one array a column and bus, because reading a COPY stream back costs a turn of the
event loop a row: four times as long (3.9 million fixes: 8.9 s against 2.6 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncCursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.rows import TupleRow

from fleet.fixes import Fixes

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_ARRAY_HEADER_BYTES = 20
"""Dimensions, flags, element type, length and lower bound, four bytes each."""
_EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000-01-01."""

_FIELDS = (
    ("bus", ">i4"), ("time_ms", ">i8"), ("lon", ">f8"), ("lat", ">f8"), ("speed_kmh", ">f4"),
    ("heading_deg", ">f4"), ("accuracy_m", ">f4"), ("satellites", ">i2"), ("quality", ">i2"),
)  # fmt: skip
"""The columns of the staging table, in their order; all but the first come back as arrays."""
WHOLE = tuple(name for name, _ in _FIELDS[1:])
WAY = ("time_ms", "lon", "lat", "speed_kmh", "quality")
"""What a drawn track needs. An array of 86,400 elements takes the database ten milliseconds to send."""

_RECORD = np.dtype(
    [("fields", ">i2")]
    + [part for name, kind in _FIELDS for part in ((f"{name}_length", ">i4"), (name, kind))]
)


def pack(fixes: Fixes, quality: NDArray[np.int16], bus_keys: NDArray[np.int32]) -> bytes:
    """A binary COPY stream of the fixes; ``bus_keys[row]`` is the key of the bus in that row."""
    records = np.empty(len(fixes), _RECORD)
    records["fields"] = len(_FIELDS)
    for name, kind in _FIELDS:
        records[f"{name}_length"] = np.dtype(kind).itemsize
    for column in fields(Fixes):
        records[column.name] = getattr(fixes, column.name)
    records["bus"] = bus_keys[fixes.bus]
    records["time_ms"] = fixes.time_ms * 1_000 - _EPOCH_2000_US
    records["quality"] = quality
    return _HEADER + records.tobytes() + _TRAILER


def unpack(buses: Sequence[TupleRow], names: Sequence[str] = WHOLE) -> tuple[Fixes, NDArray[np.int16]]:
    """Fixes and quality from rows of (bus, one raw array for each of ``names``), in their order."""
    kinds = dict(_FIELDS)
    columns = {
        name: np.concatenate(
            [_elements(row[place], kinds[name]) for row in buses] or [np.empty(0, kinds[name])]
        )
        for place, name in enumerate(names, start=1)
    }
    lengths = [len(_elements(row[1], ">i8")) for row in buses]
    columns["bus"] = np.repeat(np.array([row[0] for row in buses], np.int32), lengths)
    columns["time_ms"] = (columns["time_ms"].astype(np.int64) + _EPOCH_2000_US) // 1_000
    quality = columns.pop("quality").astype(np.int16)
    return Fixes.of(**columns), quality


def expect_raw_arrays(cursor: AsyncCursor[TupleRow]) -> None:
    """Have the arrays of a binary cursor's rows arrive as bytes, as ``unpack`` takes them."""
    for element in ("timestamptz", "float8", "float4", "int2"):
        cursor.adapters.register_loader(cursor.adapters.types[element].array_oid, _RawLoader)


class _RawLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


def _elements(array: bytes, kind: str) -> NDArray[np.generic]:
    """The elements of a raw one-dimensional array without NULLs, each of which follows its length."""
    records = np.frombuffer(array, [("length", ">i4"), ("value", kind)], offset=_ARRAY_HEADER_BYTES)
    return records["value"]
