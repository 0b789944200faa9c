"""How real the simulator is: recorded traces beside a simulated fleet that is sampled as they were.

    python -m benchmarks.realism TRACES... [--seeds 1 --buses 60 --seconds 1800 --interval auto]

Three columns: the traces, the fleet as its receivers report it, and the fleet as it truly drove. Where the
traces say no speed, all three take it from places. Docs: docs/realism.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from benchmarks.tracks import WANDER_LAGS_S, Floats, Sample, Tracks, ks_distance, off_line, sample_of
from fleet.clock import SECOND_MS, parse_time
from fleet.errors import BadInput
from fleet.fixes import Fixes
from simulators import FaultRates, Scenario, Simulation
from simulators.drive import Activity
from simulators.plane import CityPlane
from simulators.receiver import NOISES, Noise, Receivers
from simulators.recordings.files import read_traces

_START_MS = parse_time("2026-09-01T07:30:00+08:00")
_LEAST_REPORTED = 0.8
"""So much of the traces must say how fast they are, or the places do."""
_QUANTITIES: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("interval_s", "interval, s", (5, 50, 95)),
    ("speed_kmh", "speed of what moves, km/h", (5, 25, 50, 75, 95, 99)),
    ("acceleration_ms2", "acceleration, m/s²", (1, 5, 50, 95, 99)),
    ("stand_s", "a stand, s", (25, 50, 75, 95)),
    ("between_stands_m", "between two stands, m", (25, 50, 75, 95)),
    ("turn_deg_s", "turn, °/s", (50, 95, 99)),
    ("aside_m", "beside its neighbours, m", (50, 95, 99)),
    ("off_m", "off the line, m", (50, 95, 99)),
)


class Simulated(NamedTuple):
    """A fleet as it was reported and as it drove."""

    reported: Tracks
    driven: Tracks


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the comparison; exit status 1 for traces that cannot be read or compared."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument(
        "traces", type=Path, nargs="+", help="CSV, GPX, JSON lines, OwnTracks, GTFS-Realtime"
    )
    options.add_argument("--seeds", type=_numbers, default=[1], help="a fleet for each (1)")
    options.add_argument("--buses", type=int, default=60)
    options.add_argument("--seconds", type=int, default=1_800)
    options.add_argument("--interval", default="auto", help="seconds between fixes; auto: as in the traces")
    options.add_argument("--speed", choices=("auto", "reported", "places"), default="auto")
    options.add_argument("--noise", choices=NOISES, default="city")
    options.add_argument("--line", type=Path, help="GeoJSON of the lines that the traces kept to")
    options.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("UTC"), help="of times without one (UTC)")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args(arguments)
    try:
        real = read(chosen.traces, chosen.zone, chosen.line)
        interval = real.interval_s if chosen.interval == "auto" else float(chosen.interval)
        interval_s = int(min(max(round(interval), 1), 60))
        known = float(np.isfinite(real.speed_ms).mean())
        reported = known >= _LEAST_REPORTED if chosen.speed == "auto" else chosen.speed == "reported"
        fleets = [
            simulate(seed, chosen.buses, chosen.seconds, interval_s, chosen.noise) for seed in chosen.seeds
        ]
        samples = [
            sample_of(tracks, reported=reported)
            for tracks in (
                real,
                _together([fleet.reported for fleet in fleets]),
                _together([fleet.driven for fleet in fleets]),
            )
        ]
    except (BadInput, ValueError) as error:
        sys.exit(f"{options.prog}: {error}")
    found = _compared(samples)
    if chosen.json:
        print(json.dumps({"reported_speed": reported, "sampled_s": interval_s, **found}))
        return
    print(f"speed: {'reported' if reported else 'from places'}; the fleet sampled every {interval_s} s")
    for line in _table(found):
        print(line)


def read(paths: Sequence[Path], zone: ZoneInfo, line: Path | None = None) -> Tracks:
    """The tracks in some files, a vehicle of one file being no vehicle of another; ``BadInput``."""
    batches, vehicles = [], 0
    for path in paths:
        traces = read_traces(path, zone, skip_bad=True)
        if traces.left_out:
            print(traces.left_out, file=sys.stderr)
        fixes = traces.fixes.take(np.isfinite(traces.fixes.lon) & np.isfinite(traces.fixes.lat))
        batches.append((fixes, fixes.bus.astype(np.int64) + vehicles))
        vehicles += len(traces.bus_ids)
    fixes = Fixes.concat([batch for batch, _ in batches])
    if not len(fixes):
        raise BadInput("there is not a single fix to compare with")
    plane = CityPlane(float(np.median(fixes.lon)), float(np.median(fixes.lat)))
    x, y = plane.to_metres(fixes.lon, fixes.lat)
    off = None if line is None else off_line(_lines(line, plane), x, y)
    vehicle = np.concatenate([numbers for _, numbers in batches])
    return Tracks.of(
        vehicle, fixes.time_ms / SECOND_MS, x, y, np.asarray(fixes.speed_kmh, np.float64) / 3.6, off
    )


def simulate(seed: int, buses: int, seconds: int, interval_s: int, noise: Noise) -> Simulated:
    """A fleet without faults, a fix every ``interval_s`` seconds. Parked buses are left out: their devices
    are switched off. Runs with pupils aboard have a line.
    """
    scenario = Scenario(_START_MS, seed=seed, buses=buses, history_s=0, faults=FaultRates.none())
    simulation = Simulation(scenario)
    city, drive = simulation.city, simulation.drive
    receivers = Receivers(seed, buses, city.sites, noise)
    fixes, driven, routes = [], [], []
    ways: dict[str, int] = {}
    lines: list[Floats] = []
    for second in range(seconds):
        state = drive.step()
        if second % interval_s:
            continue
        seen = receivers.observe(state, state.activity != Activity.PARKED)
        rows = seen.bus
        route = np.full(len(rows), -1)
        for place in np.flatnonzero(state.activity[rows] == Activity.RUN).tolist():
            version = drive.run_of(int(rows[place])).route
            if version.approval_id not in ways:
                ways[version.approval_id] = len(lines)
                lines.append(city.network.line_of(version.way))
            route[place] = ways[version.approval_id]
        lon, lat = city.sites.to_degrees(rows, state.x[rows], state.y[rows])
        fixes.append(seen)
        driven.append((lon, lat, state.speed_ms[rows]))
        routes.append(route)
    reported = Fixes.concat(fixes)
    true_lon, true_lat, true_ms = (np.concatenate(column) for column in zip(*driven, strict=True))
    plane = CityPlane(float(np.median(true_lon)), float(np.median(true_lat)))
    route = np.concatenate(routes)
    tracks = []
    for lon, lat, speed_ms in (
        (reported.lon, reported.lat, np.asarray(reported.speed_kmh, np.float64) / 3.6),
        (true_lon, true_lat, true_ms),
    ):
        x, y = plane.to_metres(lon, lat)
        off = np.full(len(x), np.nan)
        for number, line in enumerate(lines):
            on = route == number
            ends = city.sites.to_degrees(np.zeros(len(line), np.int64), *line.T)
            off[on] = off_line(shapely.LineString(np.column_stack(plane.to_metres(*ends))), x[on], y[on])
        vehicle = reported.bus.astype(np.int64) + seed * buses
        tracks.append(Tracks.of(vehicle, reported.time_ms / SECOND_MS, x, y, speed_ms, off))
    return Simulated(*tracks)


def _together(parts: Sequence[Tracks]) -> Tracks:
    columns = ("vehicle", "time_s", "x", "y", "speed_ms", "off_m")
    return Tracks(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))


def _lines(path: Path, plane: CityPlane) -> shapely.MultiLineString:
    """The LineStrings of a GeoJSON file in plane metres; ``BadInput`` when there is none."""
    try:
        whole = shapely.from_geojson(path.read_text("utf-8"))
    except (OSError, ValueError, shapely.GEOSException) as error:
        raise BadInput(f"{path} cannot be read as GeoJSON: {error}") from error
    parts = [part for part in shapely.get_parts(shapely.get_parts(whole)) if part.geom_type == "LineString"]
    if not parts:
        raise BadInput(f"{path} has no LineString")
    return shapely.MultiLineString(
        [np.column_stack(plane.to_metres(*shapely.get_coordinates(part).T)) for part in parts]
    )


def _compared(samples: Sequence[Sample]) -> dict[str, Any]:
    """The comparison as plain values, each a list of three: traces, simulated, driven."""
    found: dict[str, Any] = {
        name: [getattr(sample, name) for sample in samples]
        for name in ("fixes", "vehicles", "standing", "jumps", "stale", "off_tau_s")
    }
    found["wander_m"] = {lag: [sample.wander_m[lag] for sample in samples] for lag in WANDER_LAGS_S}
    for name, _, parts in _QUANTITIES:
        values = [getattr(sample, name) for sample in samples]
        found[name] = {
            "values": [len(each) for each in values],
            **{f"p{part}": [_percentile(each, part) for each in values] for part in parts},
            "ks": [None, *(ks_distance(values[0], each) for each in values[1:])],
        }
    return found


def _table(found: dict[str, Any]) -> Iterator[str]:
    """The comparison as lines of text; the ratios are to the traces, of counts there is none."""
    yield f"{'':<34}{'traces':>10}{'simulated':>11}{'ratio':>7}{'driven':>11}{'ratio':>7}"
    yield _row("fixes", found["fixes"])
    yield _row("vehicles", found["vehicles"])
    yield _row("standing, %", [100 * part for part in found["standing"]])
    for name, title, parts in _QUANTITIES:
        if not any(found[name]["values"]):
            continue
        _, simulated, driven = found[name]["ks"]
        yield f"{title:<34}{'KS':>10}{_figure(simulated):>11}{'':>7}{_figure(driven):>11}"
        yield _row("  values", found[name]["values"])
        for part in parts:
            yield _row(f"  p{part}", found[name][f"p{part}"])
    for lag, metres in found["wander_m"].items():
        yield _row(f"standing, moved in {lag} s, rms m", metres)
    yield _row("jumps, in 1,000 steps", [1_000 * part for part in found["jumps"]])
    yield _row("repeated places, in 1,000 steps", [1_000 * part for part in found["stale"]])
    yield _row("off the line, correlated for s", found["off_tau_s"])


def _row(name: str, values: Sequence[float]) -> str:
    real, simulated, driven = values
    ratios = [
        f"{value / real:.2f}" if real and math.isfinite(value / real) and not isinstance(real, int) else ""
        for value in (simulated, driven)
    ]
    return (
        f"{name:<34}{_figure(real):>10}{_figure(simulated):>11}{ratios[0]:>7}"
        f"{_figure(driven):>11}{ratios[1]:>7}"
    )


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _percentile(values: Floats, part: int) -> float:
    return float(np.percentile(values, part)) if len(values) else math.nan


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
