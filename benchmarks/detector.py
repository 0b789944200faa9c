"""How fast the whole detector is on lines of 300 to 1,500 vertices, beside other ways of asking.

Run it with `make bench`, on a quiet machine: one core, one run, fresh fixes throughout. Each size of
batch begins with a new detector; the first seconds, in which no bus is under way yet, are not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from statistics import median
from time import perf_counter

import numpy as np
import psycopg

from alerts.detector import Detector, in_order
from benchmarks.fleet import START_MS, Lines, drive, make_lines, make_registry
from benchmarks.peers import Peers
from fleet.clock import SECOND_MS
from fleet.fixes import Fixes
from fleet.registry import Registry

WARM_S = 25
"""Seconds until every bus is under way."""
PEER_FIXES = 50_000
_REPEATS = 3


def main() -> None:
    """Print fixes a second and ratios."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--buses", type=_numbers, default=[1_058, 50_000], help="fleets (1058,50000)")
    options.add_argument("--batches", type=_numbers, default=[100, 1_000, 10_000])
    options.add_argument("--fixes", type=int, default=1_000_000, help="timed in each run (1,000,000)")
    options.add_argument("--postgis-url", help="a database with PostGIS to compare with")
    options.add_argument("--json", action="store_true")
    options.add_argument("--profile", action="store_true", help="where the time goes, at batches of 1,000")
    chosen = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    told: list[dict[str, object]] = []
    for buses in chosen.buses:
        lines = make_lines(buses)
        registry = make_registry(lines)
        fixes = drive(lines, WARM_S + max(chosen.fixes // buses, 5))
        told += measure(registry, lines, fixes, buses, chosen)
    if chosen.json:
        print(json.dumps(told))
        return
    print(f"one core of {os.cpu_count()}, {platform.machine()}, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "shapely", "pyproj")))
    for row in told:
        print(f"{row['what']!s:<58}" + "".join(f"{value!s:>14}" for value in row["values"]))  # type: ignore[attr-defined]


def measure(
    registry: Registry, lines: Lines, fixes: Fixes, buses: int, chosen: argparse.Namespace
) -> list[dict[str, object]]:
    """A row for each way of asking: what, and its fixes/s and ratio to the Shapely loop."""
    vertices = len(lines.x) / buses
    detector = Detector(registry)
    of_bus, of_lines = detector.nbytes
    rows: list[dict[str, object]] = [
        {
            "what": f"{buses:,} buses, lines of {vertices:,.0f} vertices on average",
            "values": ["fixes/s", "ratio"],
        },
        {
            "what": "memory a bus: engine, line",
            "values": [f"{of_bus / buses:,.0f} B", f"{of_lines / buses:,.0f} B"],
        },
    ]
    peers = Peers(lines, fixes.take(np.arange(len(fixes) - PEER_FIXES, len(fixes))), detector.plane)
    loop = peers.loop()
    rates = {"a Shapely loop, the distance alone": loop}
    rates["shapely.distance on columns"] = peers.distance()
    rates["shapely.dwithin on columns, prepared lines"] = peers.dwithin()
    if chosen.postgis_url:
        try:
            rates["PostGIS ST_DWithin in one statement"] = peers.postgis(chosen.postgis_url)
        except psycopg.Error as error:
            rows.append({"what": f"PostGIS: {error}", "values": ["-", "-"]})
    else:
        rows.append({"what": "PostGIS: not asked (--postgis-url)", "values": ["-", "-"]})
    fences = peers.tile38()
    if fences is None:
        rows.append({"what": "Tile38: no tile38-server on the PATH", "values": ["-", "-"]})
    else:
        rates["Tile38, a corridor as a fence for each of 1,058 buses"] = fences
    for size in chosen.batches:
        rates[f"the whole detector, batches of {size:,}"] = median(
            timed(registry, fixes, buses, size) for _ in range(_REPEATS if buses < 10_000 else 1)
        )
    rows += [{"what": what, "values": [f"{rate:,.0f}", f"{rate / loop:.1f}"]} for what, rate in rates.items()]
    if chosen.profile:
        rows += profile(registry, fixes, buses)
    return rows


def timed(registry: Registry, fixes: Fixes, buses: int, size: int) -> float:
    """Fixes a second through project, screen, match, limits, trips and all rules."""
    detector = Detector(registry)
    now_ms = START_MS + len(fixes) // buses * SECOND_MS
    for batch in cut(fixes.take(np.arange(WARM_S * buses)), 10_000):
        detector.detect(batch, now_ms)
    batches = list(cut(fixes.take(np.arange(WARM_S * buses, len(fixes))), size))
    began = perf_counter()
    for batch in batches:
        detector.detect(batch, now_ms)
    return sum(map(len, batches)) / (perf_counter() - began)


def profile(registry: Registry, fixes: Fixes, buses: int) -> list[dict[str, object]]:
    """Microseconds a fix of each stage, at batches of 1,000."""
    detector = Detector(registry)
    now_ms = START_MS + len(fixes) // buses * SECOND_MS
    for batch in cut(fixes.take(np.arange(WARM_S * buses)), 10_000):
        detector.detect(batch, now_ms)
    spent = dict.fromkeys(("order of a bus's fixes", "projection", "screen", "match, trips and rules"), 0.0)
    rest = list(cut(fixes.take(np.arange(WARM_S * buses, len(fixes))), 1_000))
    newest = np.zeros(buses, np.int64)
    for batch in rest:
        marks = [perf_counter()]
        in_order(batch, newest)
        marks.append(perf_counter())
        x, y = detector.plane.to_metres(batch.lon, batch.lat)
        marks.append(perf_counter())
        received_ms = np.full(len(batch), now_ms)
        screened = detector.screen.screen(batch, x, y, received_ms)
        marks.append(perf_counter())
        detector.judge.judge(batch, x, y, screened, received_ms)
        marks.append(perf_counter())
        for stage, seconds in zip(spent, np.diff(marks).tolist(), strict=True):
            spent[stage] += seconds
    count = sum(map(len, rest))
    return [{"what": f"  {stage}", "values": [f"{s / count * 1e6:.3f} µs", ""]} for stage, s in spent.items()]


def cut(fixes: Fixes, size: int) -> Iterator[Fixes]:
    """The stream in batches."""
    for start in range(0, len(fixes), size):
        yield fixes.take(np.arange(start, min(start + size, len(fixes))))


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
