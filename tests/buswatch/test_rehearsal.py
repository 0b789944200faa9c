"""Rehearsal from files, from the command line, and how episodes are laid beside alerts."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alerts.episodes import Alert, Evidence
from buswatch.rehearsal import compare
from tests.scenes import START_MS, STRAIGHT, degrees, line

ROUTE = {"route_id": "R1", "corridor_m": 50, "limit_kmh": 50}


def routes(path: Path, *parts: list[tuple[float, float]], **properties: object) -> Path:
    shape = {"type": "MultiLineString", "coordinates": [line(part) for part in parts or (STRAIGHT,)]}
    feature = {"type": "Feature", "properties": {**ROUTE, **properties}, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return path


def fixes(path: Path, x: np.ndarray, y: np.ndarray, every_s: float = 1, kmh: float | None = None) -> Path:
    rows = ["bus,time,lon,lat" + (",speed_kmh" if kmh is not None else "")]
    for k, (lon, lat) in enumerate(zip(*degrees(x, y), strict=True)):
        speed = "" if kmh is None else f",{kmh}"
        rows.append(f"B1,{START_MS / 1000 + k * every_s:.0f},{lon:.6f},{lat:.6f}{speed}")
    path.write_text("\n".join(rows), "utf-8")
    return path


def rehearse(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "buswatch", "rehearse", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(text) for text in done.stdout.splitlines()]


def detour(every_s: int) -> tuple[np.ndarray, np.ndarray]:
    """Along the line at 36 km/h, and 150 m off it for 400 m."""
    x = np.arange(500, 6_000, 10.0 * every_s)
    return x, np.where((x > 3_000) & (x <= 3_400), 150.0, 0.0)


def test_a_bus_that_lays_over_beside_an_end_of_its_line_or_of_a_part_of_it_is_not_deviating(
    tmp_path: Path,
) -> None:
    both_ways = (
        [(float(x), 0.0) for x in range(0, 6_001, 100)],
        [(float(x), 25.0) for x in range(6_000, -1, -100)],
    )
    there = np.arange(1_000, 6_001, 10.0)
    yard = np.full(900, 5_850.0), np.full(900, 160.0)
    x = np.r_[there, yard[0], there[::-1]]
    y = np.r_[np.zeros(len(there)), yard[1], np.full(len(there), 25.0)]
    given = fixes(tmp_path / "f.csv", x, y)
    way = routes(tmp_path / "r.geojson", *both_ways)
    assert lines_of(rehearse("--fixes", given, "--routes", way, "--json")) == []


@pytest.mark.parametrize("every_s", [1, 15])
def test_without_a_timetable_a_bus_is_on_its_route_from_its_first_fix_near_it(
    tmp_path: Path, every_s: int
) -> None:
    given = fixes(tmp_path / "f.csv", *detour(every_s), every_s=every_s)
    arguments = ("--fixes", given, "--routes", routes(tmp_path / "r.geojson"), "--json")
    (found,) = lines_of(rehearse(*arguments))
    assert (found["bus"], found["rule"], found["route_id"]) == ("B1", "deviation", "R1")
    assert found["peak"] == pytest.approx(150, abs=1)
    assert rehearse(*arguments).stdout == rehearse(*arguments).stdout
    assert lines_of(rehearse(*arguments, "--set", "deviation.leave_m=200")) == []


def test_out_and_back_on_both_ways_of_a_line_and_a_lay_over_raise_nothing(tmp_path: Path) -> None:
    there = list(STRAIGHT)
    back = [(x, 12.0) for x, _ in reversed(STRAIGHT)]
    x = np.r_[np.arange(0, 10_000, 12.0), np.full(300, 10_090.0), np.arange(10_000, 0, -12.0)]
    y = np.r_[np.zeros(834), np.full(300, 60.0), np.full(834, 12.0)]
    given = fixes(tmp_path / "f.csv", x, y)
    arguments = ("--fixes", given, "--routes", routes(tmp_path / "r.geojson", there, back), "--json")
    assert lines_of(rehearse(*arguments, "--rules", "deviation")) == []


def test_with_assignments_the_way_to_the_first_stop_is_no_deviation_and_driving_back_is(
    tmp_path: Path,
) -> None:
    to_first = np.linspace(3_000, 0, 200)
    x = np.r_[np.full(200, -20.0), np.arange(0, 4_000, 10.0), np.arange(4_000, 3_000, -10.0)]
    y = np.r_[to_first, np.zeros(500)]
    duty = tmp_path / "a.csv"
    duty.write_text(
        "bus,route_id,from,to\nB1,R1,2026-09-01T07:00:00+08:00,2026-09-01T09:00:00+08:00\n", "utf-8"
    )
    done = rehearse(
        "--fixes", fixes(tmp_path / "f.csv", x, y, kmh=36), "--routes", routes(tmp_path / "r.geojson"),
        "--assignments", duty, "--json",
    )  # fmt: skip
    assert [found["rule"] for found in lines_of(done)] == ["wrong_way"]


def test_a_bad_row_is_named_with_its_line_and_nothing_is_judged(tmp_path: Path) -> None:
    given = fixes(tmp_path / "f.csv", *detour(1))
    given.write_text(given.read_text("utf-8").replace("\nB1", "\nB1,yesterday,1,2\nB1", 1), "utf-8")
    routed = routes(tmp_path / "r.geojson")
    done = rehearse("--fixes", given, "--routes", routed, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 2: time is 'yesterday'" in done.stderr
    assert len(lines_of(rehearse("--fixes", given, "--routes", routed, "--json", "--skip-bad"))) == 1


@pytest.mark.parametrize(
    ("properties", "told"), [({"corridor_m": -1}, "corridor_m"), ({"route_id": None}, "route_id")]
)
def test_a_bad_route_is_named(tmp_path: Path, properties: dict[str, object], told: str) -> None:
    given = fixes(tmp_path / "f.csv", *detour(15))
    done = rehearse("--fixes", given, "--routes", routes(tmp_path / "r.geojson", **properties))
    assert done.returncode == 2
    assert "feature 1" in done.stderr
    assert told in done.stderr


def test_an_unknown_parameter_or_rule_is_refused(tmp_path: Path) -> None:
    given = ("--fixes", fixes(tmp_path / "f.csv", *detour(15)), "--routes", routes(tmp_path / "r.geojson"))
    assert "did you mean deviation.leave_m" in rehearse(*given, "--set", "deviation.leav_m=1").stderr
    assert "is no rule" in rehearse(*given, "--rules", "speding").stderr


def alert(start_s: int, end_s: int | None, severity: str = "warning", bus: str = "B1") -> Alert:
    evidence = Evidence(0, 0.0, 0.0, 3, "p", "r", off_line_m=120.0)
    return msgspec.convert(
        {
            "alert_id": f"{bus}.deviation.{start_s * 1000}", "bus_id": bus, "rule": "deviation",
            "severity": severity, "status": "open", "started_ms": start_s * 1000,
            "detected_ms": start_s * 1000,
            "ended_ms": None if end_s is None else end_s * 1000, "lon": 0.0, "lat": 0.0, "found_late": False,
            "evidence": msgspec.to_builtins(evidence),
        },
        Alert,
    )  # fmt: skip


def test_episodes_are_laid_beside_the_alerts_they_overlap() -> None:
    raised = [alert(0, 50), alert(100, 150), alert(200, None)]
    found = compare(raised, [alert(0, 50), alert(110, 160, "serious"), alert(300, 350, bus="B2")])
    assert found.same == 1
    assert [(a.started_ms, b.started_ms) for a, b in found.changed] == [(100_000, 110_000)]
    assert [a.started_ms for a in found.lost] == [200_000]
    assert [a.bus_id for a in found.gained] == ["B2"]
