"""A leg: one drive without turning off the engine, laid out metre by metre for the drive to follow.

Everything that slows a bus on its way is known beforehand: limits, bends, stops, traffic lights. It is
worked out once a leg, on a grid along it, so that a step of the whole fleet only looks it up.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from simulators.motion import ACCELERATION_MS2, BRAKING_MS2
from simulators.plane import Floats
from simulators.roads import SKIES, RoadNetwork, Way

GRID_M = 5.0
"""About the spacing of a leg's grid; each leg is divided evenly."""
_SIDEWAYS_MS2 = 1.7
"""Sideways acceleration that pupils on their seats bear in a bend."""
_BEND_M = 20.0
_SIGN_MARGIN_M = 15.0
"""Drivers are down at a lower limit so far before it, and past it so far before they speed up."""
_LOWEST_MS = 1.5
_WITHOUT_PUPILS_MS = 60 / 3.6
_BEFORE_LIGHT_M = 12.0
_MEAN_DWELL_S = 30.0
_MEAN_LIGHT_S = 8.5
"""Mean delay at a junction with lights, those found green included."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """A leg on an even grid of n points from its beginning to its end. Plane metres, metres a second."""

    way: Way
    step_m: float
    x: Floats
    y: Floats
    limit_ms: Floats
    """The limit in force at each point."""
    bend_ms: Floats
    """What bends allow, braking for them included; limits left aside."""
    cruise_ms: Floats
    """What a driver at ease drives: within limits and bends, braking for both included."""
    sky: NDArray[np.int8]
    """The place in ``SKIES`` of what is overhead at each point."""
    node_m: Floats
    """Metres along the leg of each node of ``way``."""
    stops_m: Floats
    """Where it stops for pupils between its two ends."""
    lights_m: Floats
    """Where traffic lights may stop it."""
    off_m: Floats
    """Metres from the approved line where the leg is a detour; zero all along any other."""

    @property
    def length_m(self) -> float:
        return self.step_m * (len(self.x) - 1)

    def planned_seconds(self, temper: float) -> Floats:
        """Seconds after departure at which the leg's grid points are reached, stops and lights included."""
        speed = self.cruise_ms * temper
        at = np.arange(len(speed)) * self.step_m
        for stop in (0.0, *self.stops_m.tolist(), self.length_m):
            rate = np.where(at <= stop, BRAKING_MS2, ACCELERATION_MS2)
            speed = np.minimum(speed, np.sqrt(2 * rate * np.abs(at - stop)))
        driving = self.step_m / np.maximum((speed[1:] + speed[:-1]) / 2, 0.5)
        seconds = np.concatenate([[0.0], np.cumsum(driving)])
        for place in self.stops_m.tolist():
            seconds += np.where(at > place, _MEAN_DWELL_S, 0.0)
        for place in self.lights_m.tolist():
            seconds += np.where(at > place, _MEAN_LIGHT_S, 0.0)
        return seconds


def lay_leg(
    network: RoadNetwork,
    way: Way,
    *,
    stops: Collection[int] = (),
    begin: Floats | None = None,
    end: Floats | None = None,
    pupils: bool = True,
    approved: shapely.LineString | None = None,
    away: tuple[int, int] = (0, -1),
) -> Leg:
    """The leg over ``way``, which stops at the nodes ``stops`` between its ends.

    ``begin`` and ``end`` are points off the road, shape (2,), before and after the way: a bus's place
    in its depot. Without ``pupils`` a bus keeps under 60 km/h even on the motorway. A detour names the
    line ``approved`` (plane metres), and the places in ``way`` of the nodes between which it is ``away`` from
    that: only there ``off_m`` is measured.
    """
    line = network.line_of(way)
    lead = 0.0
    if begin is not None:
        lead = float(np.hypot(*(line[0] - begin)))
        line = np.concatenate([[begin], line])
    if end is not None:
        line = np.concatenate([line, [end]])
    vertex_m = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    cells = max(2, round(vertex_m[-1] / GRID_M))
    at = np.linspace(0.0, vertex_m[-1], cells + 1)
    x, y = np.interp(at, vertex_m, line[:, 0]), np.interp(at, vertex_m, line[:, 1])
    node_m = lead + network.chainages(way)
    edge = np.clip(np.searchsorted(node_m, at, side="right") - 1, 0, len(way.edges) - 1)
    edges = [network.edges[number] for number in way.edges]
    limit = np.array([e.limit_kmh / 3.6 for e in edges])[edge]
    if not pupils or approved is not None:
        limit = np.minimum(limit, _WITHOUT_PUPILS_MS)
    step = float(at[1])
    bend = _bends(x, y)
    chainage = dict(zip(way.nodes, node_m.tolist(), strict=True))
    inner = way.nodes[1:-1]
    off = np.zeros(len(at))
    if approved is not None:
        there = (at >= node_m[away[0]]) & (at <= node_m[away[1]])
        off[there] = shapely.distance(shapely.points(x[there], y[there]), approved)
    return Leg(
        way=way,
        step_m=step,
        x=x,
        y=y,
        limit_ms=limit,
        bend_ms=_braked(bend, step),
        cruise_ms=cruised(bend, limit, step),
        sky=np.array([SKIES.index(e.sky) for e in edges], np.int8)[edge],
        node_m=node_m,
        stops_m=np.array([chainage[node] for node in inner if node in stops]),
        lights_m=np.array([chainage[node] - _BEFORE_LIGHT_M for node in inner if node in network.lights]),
        off_m=off,
    )


def cruised(bend_ms: Floats, limit_ms: Floats, step_m: float) -> Floats:
    """What a driver at ease drives between bends and limits, m/s, braking for both included."""
    return _braked(np.minimum(bend_ms, _lowest_round(limit_ms, round(_SIGN_MARGIN_M / step_m))), step_m)


def _bends(x: Floats, y: Floats) -> Floats:
    """The speed that the turning of a line allows at each of its points, m/s; without braking."""
    heading = np.unwrap(np.arctan2(np.diff(y), np.diff(x)))
    cells = round(_BEND_M / GRID_M)
    padded = np.pad(heading, (cells // 2 + 1, cells // 2), mode="edge")
    turning = np.abs(padded[cells:] - padded[:-cells])
    allowed = np.sqrt(_SIDEWAYS_MS2 * _BEND_M / np.maximum(turning, 1e-3))
    return np.asarray(np.maximum(allowed, _LOWEST_MS), np.float64)


def _lowest_round(values: Floats, cells: int) -> Floats:
    """The lowest of ``values`` within so many cells either side."""
    padded = np.pad(values, cells, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * cells + 1).min(axis=1), np.float64)


def _braked(speed: Floats, step_m: float) -> Floats:
    """``speed`` lowered where a driver must already brake for what follows; m/s on an even grid."""
    fall = 2 * BRAKING_MS2 * step_m * np.arange(len(speed))
    ahead = np.minimum.accumulate((speed**2 + fall)[::-1])[::-1]
    return np.asarray(np.sqrt(np.maximum(ahead - fall, 0.0)), np.float64)
