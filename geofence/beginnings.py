"""Where lines begin: found by the square of the plane that a place lies in."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofence.cells import cell_key, column_of
from geofence.compiled import compiled
from geofence.corridors import Corridors


class Beginnings(NamedTuple):
    """The lines by the square of their first vertex, shapes (lines,)."""

    cells: NDArray[np.int64]
    """Squares, sorted."""
    line: NDArray[np.int64]


def pack_beginnings(c: Corridors) -> Beginnings:
    """The beginnings of all lines."""
    keys = [cell_key(column_of(row["x0"]), column_of(row["y0"])) for row in c.lines]
    cells = np.array(keys, np.int64)
    order = np.argsort(cells, kind="stable")
    return Beginnings(cells[order], order.astype(np.int64))


@compiled
def lines_beginning_near(
    b: Beginnings, c: Corridors, x: float, y: float, within_m: float, found: NDArray[np.int64]
) -> int:
    """Write the lines that begin within ``within_m`` of a place into ``found``, as many as it holds; returns
    how many.
    """
    count = 0
    for column in range(column_of(x - within_m), column_of(x + within_m) + 1):
        for row in range(column_of(y - within_m), column_of(y + within_m) + 1):
            key = cell_key(column, row)
            k = np.searchsorted(b.cells, key)
            while k < len(b.cells) and b.cells[k] == key and count < len(found):
                line = b.line[k]
                if math.hypot(c.lines[line].x0 - x, c.lines[line].y0 - y) <= within_m:
                    found[count] = line
                    count += 1
                k += 1
    return count
