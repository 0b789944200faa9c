"""The one place that knows Numba: plain Python loops over columns, compiled on first use.

A rule or a search along a line is a loop with a memory. Written as one, a reader can follow it and
a test can step through it (``NUMBA_DISABLE_JIT=1``); compiled, it is faster than the same thing
spelled in array operations (see docs/decisions/0004-compiled-loops.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])

Row = Any
"""One row of a structured array, its fields as attributes: something that only compiled code has."""


def compiled(loop: Loop) -> Loop:
    """``loop`` compiled to machine code at its first call, and kept on disk for the next process.

    Floating point keeps its IEEE meaning (no fast-math), so that the same fixes give the same
    episodes to the last digit.
    """
    return cast("Loop", numba.njit(cache=True, nogil=True, error_model="numpy")(loop))
