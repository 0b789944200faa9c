"""The one place that knows Numba: plain Python loops over columns, compiled on first use.

A rule or a search along a line is a loop with a memory. Written as one, a reader can follow it and
a test can step through it (``NUMBA_DISABLE_JIT=1``); compiled, it is faster than the same thing
spelled in array operations (see docs/decisions/0004-compiled-loops.md).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

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


AHEAD = 16
"""Fixes whose rows of memory are read together before they are judged one after the other."""

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
