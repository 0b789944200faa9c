"""How fast the whole detector is, beside a loop that asks Shapely for the distance alone.

Run it with `make bench`, on a quiet machine: one core, one run, fresh fixes throughout. The fleet is
simulated; a stream is cut into batches of several sizes, and each size begins with a new detector.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from time import perf_counter

import numpy as np
import shapely

from alerts.detector import Detector
from fleet.clock import parse_time
from fleet.fixes import Fixes
from fleet.registry import Registry
from geofence.plane import Plane
from simulators.scenario import Scenario, Simulation

START_MS = parse_time("2026-09-01T07:30:00+08:00")
BATCHES = (100, 1_000, 10_000)
PEER_FIXES = 50_000


def main() -> None:
    """Print fixes a second and the ratio to the peer."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--buses", type=int, default=1_058)
    options.add_argument("--fixes", type=int, default=1_000_000)
    chosen = options.parse_args()
    simulation = Simulation(Scenario(start_ms=START_MS, buses=chosen.buses))
    registry = simulation.registry
    fixes = Fixes.concat([simulation.step().fixes for _ in range(chosen.fixes // chosen.buses + 1)])
    vertices = np.mean([len(approval.line) for approval in registry.approvals])
    print(f"{len(fixes):,} fixes of {chosen.buses:,} buses; lines of {vertices:.0f} vertices on average")
    peer = shapely_loop(registry, fixes.take(np.arange(min(PEER_FIXES, len(fixes)))))
    print(f"{'a Shapely loop, distance alone':<40}{peer:>12,.0f} fixes/s    1.0")
    Detector(registry).detect(fixes.take(np.arange(100)), START_MS)  # compile before timing
    for size in BATCHES:
        rate = detector(registry, fixes, size)
        print(f"{f'the detector, batches of {size:,}':<40}{rate:>12,.0f} fixes/s  {rate / peer:>5.1f}")


def detector(registry: Registry, fixes: Fixes, size: int) -> float:
    """Fixes a second through project, screen, match, limits, trips and rules."""
    judge = Detector(registry)
    batches = list(cut(fixes, size))
    began = perf_counter()
    for batch in batches:
        judge.detect(batch, START_MS)
    return len(fixes) / (perf_counter() - began)


def shapely_loop(registry: Registry, fixes: Fixes) -> float:
    """Fixes a second of asking, fix by fix, how far it is from its bus's line in metres."""
    points = np.array([p for a in registry.approvals for p in a.line], np.float64)
    plane = Plane.around(points[:, 0], points[:, 1])
    of_bus = {a.bus_id: registry.approvals_by_route[a.route_id][-1] for a in registry.assignments}
    lines = {}
    for row, bus in enumerate(registry.buses):
        if bus.bus_id in of_bus:
            degrees = np.array(of_bus[bus.bus_id].line, np.float64)
            lines[row] = shapely.LineString(np.column_stack(plane.to_metres(degrees[:, 0], degrees[:, 1])))
    x, y = plane.to_metres(fixes.lon, fixes.lat)
    places = [(lines.get(row), a, b) for row, a, b in zip(fixes.bus.tolist(), x, y, strict=True)]
    began = perf_counter()
    for line, a, b in places:
        if line is not None:
            line.distance(shapely.Point(a, b))
    return len(fixes) / (perf_counter() - began)


def cut(fixes: Fixes, size: int) -> Iterator[Fixes]:
    """The stream in batches."""
    for start in range(0, len(fixes), size):
        yield fixes.take(np.arange(start, min(start + size, len(fixes))))


if __name__ == "__main__":
    main()
