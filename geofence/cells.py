"""Squares of the plane, by which areas and beginnings of lines are found."""

from __future__ import annotations

import math

from geofence.compiled import compiled

CELL_M = 500.0
"""Side of a square, metres."""


@compiled
def column_of(metres: float) -> int:
    """Column of an x, or row of a y."""
    return math.floor(metres / CELL_M)


@compiled
def cell_key(column: int, row: int) -> int:
    """One number for a square; squares reach 500,000 km either way."""
    return (column + 1_000_000) * 4_000_000 + row + 1_000_000
