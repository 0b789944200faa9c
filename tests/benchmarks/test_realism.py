"""The comparison as it is printed, from files of the forms that people have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.realism import main

FLEET = ["--buses", "6", "--seconds", "120"]


def traces(path: Path, *, speeds: bool) -> Path:
    rows = [
        f"B{bus},{1_788_246_000 + second},{114.3 + second * 1e-4:.6f},{30.6 + bus / 100}{',34.5' * speeds}"
        for bus in range(2)
        for second in range(0, 300, 5)
    ]
    path.write_text("\n".join(["bus,time,lon,lat" + ",speed_kmh" * speeds, *rows]))
    return path


def test_the_fleet_is_sampled_as_the_traces_were(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(traces(tmp_path / "a.csv", speeds=True)), "--json", *FLEET])

    found = json.loads(capsys.readouterr().out)
    assert found["sampled_s"] == 5
    assert found["reported_speed"]
    assert found["fixes"][0] == 120
    assert found["interval_s"]["p50"] == [5, 5, 5]
    assert found["speed_kmh"]["p50"][0] == pytest.approx(34.5)


def test_without_speeds_all_three_take_them_from_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(traces(tmp_path / "a.csv", speeds=False)), *FLEET])

    table = capsys.readouterr().out
    assert "speed: from places; the fleet sampled every 5 s" in table
    assert "acceleration, m/s²" in table


def test_a_line_gives_the_distance_from_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = tmp_path / "line.geojson"
    line.write_text(
        json.dumps({"type": "LineString", "coordinates": [[114.29, 30.6], [114.35, 30.6]]}), "utf-8"
    )
    main([str(traces(tmp_path / "a.csv", speeds=True)), "--line", str(line), "--json", *FLEET])

    off = json.loads(capsys.readouterr().out)["off_m"]
    assert off["values"][0] == 120
    assert off["p95"][0] == pytest.approx(1_109, abs=5)
    assert off["p95"][2] < 1


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="cannot be read"):
        main([str(tmp_path / "none.csv"), *FLEET])
    (tmp_path / "a.geojson").write_text('{"type": "Point", "coordinates": [1, 2]}')
    with pytest.raises(SystemExit, match="no LineString"):
        main([str(traces(tmp_path / "a.csv", speeds=True)), "--line", str(tmp_path / "a.geojson"), *FLEET])
