"""The one place that knows Numba: plain Python loops over columns, compiled on first use.

A rule or a search along a line is a loop with a memory. Written as one, a reader can follow it;
compiled, it is faster than the same thing spelled in array operations (see
docs/decisions/0004-compiled-loops.md).
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Loop = TypeVar("Loop", bound=Callable[..., object])

Row = Any
"""One row of a structured array, its fields as attributes: something that only compiled code has."""


def _keep_by_source(house: Path) -> None:
    """Have compiled code kept in a folder named by the source of all rooms that have loops.

    Numba alone looks at the file of the outermost loop: a change of a loop that it calls, in another
    file, would go unnoticed. What was kept of other sources is removed.
    """
    rooms = [house / room for room in ("fleet", "geofence", "alerts")]
    sources = sorted(path for room in rooms for path in room.rglob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    kept = house / "geofence" / "__pycache__" / f"loops-{digest}"
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # an installation that may not be written to: Numba's own choice of place
    for old in kept.parent.glob("loops-*"):
        if old != kept:
            shutil.rmtree(old, ignore_errors=True)
    setattr(numba.config, "CACHE_DIR", str(kept))  # noqa: B010  # its settings are made at run time


if "NUMBA_CACHE_DIR" not in os.environ:
    _keep_by_source(Path(__file__).resolve().parent.parent)


TOGETHER = 16
"""Fixes whose rows are fetched together before they are judged. In a large fleet none of the rows that a fix
needs is in the processor's cache, nor is where its page lies: a fetch waits for that, and the loop with it;
many wait as long as one."""
CACHE_LINE = 64
"""Bytes that come at once."""


def row_dtype(fields: list[Any]) -> np.dtype[np.void]:
    """The dtype of a row with these fields that fills whole cache lines, for ``new_rows``."""
    plain = np.dtype(fields, align=True)
    names = plain.names or ()
    kinds = [plain.fields[name] for name in names] if plain.fields else []
    return np.dtype(
        {
            "names": list(names),
            "formats": [kind[0] for kind in kinds],
            "offsets": [kind[1] for kind in kinds],
            "itemsize": -(-plain.itemsize // CACHE_LINE) * CACHE_LINE,
        },
        align=True,
    )


def new_rows(shape: int | tuple[int, ...], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Rows of zeros, each of which begins with a cache line where its dtype fills whole ones: a row then
    touches as few of them as it can.
    """
    size = math.prod(shape if isinstance(shape, tuple) else (shape,)) * dtype.itemsize
    room = np.zeros(size + CACHE_LINE, np.uint8)
    begin = -room.ctypes.data % CACHE_LINE
    return room[begin : begin + size].view(dtype).reshape(shape)


_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(loop: Loop) -> Loop:
    """``loop`` compiled to machine code at its first call, and kept on disk for the next process.

    Floating point keeps its IEEE meaning (no fast-math), so that the same fixes give the same
    episodes to the last digit. Loops allocate nothing (``_nrt``): counting the references to the arrays
    that they are handed cost two thirds of their time.
    """
    options: dict[str, Any] = {**_OPTIONS, "cache": True}
    return cast("Loop", numba.njit(**options)(loop))


def inlined(part: Loop) -> Loop:
    """``part`` of a loop, compiled into the loops that call it.

    For what every fix goes through: handing over all arrays of the memory costs more than the work.
    """
    options: dict[str, Any] = {**_OPTIONS, "cache": True, "forceinline": True}
    return cast("Loop", numba.njit(**options)(part))


@inlined
def wide(number: Row) -> int:
    """An integer of a row as loops hold it, however narrow it is kept."""
    return np.int64(number)  # type: ignore[return-value]  # in compiled code they are one


def _fetch(_typing: Any, rows: Any, _row: Any, _offset: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        place = cgutils.get_item_pointer(
            context, builder, signature.args[0], array, [values[1]], wraparound=False, boundscheck=False
        )
        byte, number = ir.IntType(8), ir.IntType(32)
        place = builder.gep(builder.bitcast(place, byte.as_pointer()), [values[2]])
        kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), number, number, number])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        to_read, keep, data = ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)
        builder.call(prefetch, [place, to_read, keep, data])
        return context.get_dummy_value()

    return types.void(rows, types.intp, types.intp), generate


fetch = cast("Callable[[NDArray[Any], int, int], None]", intrinsic(_fetch))
"""``fetch(rows, row, offset)`` has the memory of ``rows[row]``, ``offset`` bytes into it, come into the
processor's cache while the loop goes on. A row that there is not does no harm.
"""
