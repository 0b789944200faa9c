"""A track taken away as a file is read back by those who read such files, with every fix and every mark."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import gpxpy
import httpx
import numpy as np
import pytest

from api.exports import PAGE
from fleet.clock import to_ms
from fleet.fixes import Fixes
from fleet.quality import Quality
from simulators.recordings.files import read_traces
from storage.commit import Batch
from tests.api.conftest import NOW_MS, Room
from tests.scenes import START_MS, track

ZONE = ZoneInfo("Asia/Shanghai")
SPAN = "from=2026-09-01T07:00:00%2B08:00&to=2026-09-01T09:00:00%2B08:00"
DOUBTFUL = Quality.JUMP | Quality.SPEED_CONTRADICTED


async def put(room: Room, fixes: Fixes, quality: dict[int, int] | None = None) -> Fixes:
    marks = np.zeros(len(fixes), np.int16)
    for row, mark in (quality or {}).items():
        marks[row] = mark
    await room.committer.commit(Batch(fixes, marks, NOW_MS))
    return fixes


@pytest.fixture
async def drive(room: Room) -> Fixes:
    """Ten fixes with a gap of two minutes after the fourth; the third is doubtful, the first has no speed."""
    speeds = [np.nan, *np.linspace(30.1, 38.9, 9)]
    times = np.array([0, 1, 2, 3, 124, 125, 126, 127, 128, 129]) * 1_000
    fixes = track(range(0, 100, 10), speed_kmh=speeds)
    fixes.time_ms[:] = START_MS + times
    fixes.heading_deg[1:] = 90.5
    fixes.satellites[2] = 9
    return await put(room, fixes, {2: DOUBTFUL})


async def fetch(client: httpx.AsyncClient, form: str, span: str = SPAN) -> httpx.Response:
    answer = await client.get(f"/api/v1/buses/B1/track.{form}?{span}&by=王秀英")
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("form", "media"),
    [
        ("geojson", "application/geo+json"),
        ("gpx", "application/gpx+xml"),
        ("csv", "text/csv; charset=utf-8; header=present"),
    ],
)
async def test_a_file_has_its_media_type_and_a_name(
    client: httpx.AsyncClient, drive: Fixes, form: str, media: str
) -> None:
    answer = await fetch(client, form)
    assert answer.headers["content-type"] == media
    name = f"B1_20260901T070000_20260901T090000.{form}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert len(drive) == 10


async def test_geojson_has_a_point_for_each_fix(client: httpx.AsyncClient, drive: Fixes) -> None:
    found = json.loads((await fetch(client, "geojson")).content)
    assert (found["type"], found["bus"], found["plate"]) == ("FeatureCollection", "B1", "鄂A·X0001")
    assert [f["geometry"]["coordinates"] for f in found["features"]] == [
        list(place) for place in zip(drive.lon.tolist(), drive.lat.tolist(), strict=True)
    ]
    assert found["features"][2]["properties"] == {
        "time": "2026-09-01T07:00:02.000+08:00", "speed_kmh": 31.2, "heading": 90.5, "accuracy_m": 5.0,
        "satellites": 9, "quality": 6, "marks": "jump speed_contradicted",
    }  # fmt: skip
    assert found["features"][0]["properties"]["speed_kmh"] is None


async def test_gpx_is_read_by_gpxpy_with_a_segment_for_each_stretch(
    client: httpx.AsyncClient, drive: Fixes
) -> None:
    (way,) = gpxpy.parse((await fetch(client, "gpx")).text).tracks
    assert (way.name, way.description) == ("B1", "鄂A·X0001")
    assert [len(segment.points) for segment in way.segments] == [4, 6]
    points = [point for segment in way.segments for point in segment.points]
    assert [to_ms(point.time) for point in points if point.time] == drive.time_ms.tolist()
    assert [point.longitude for point in points] == drive.lon.tolist()
    ours = {element.tag: element.text for element in points[2].extensions}
    assert ours["{urn:buswatch:track:1}quality"] == "6"
    assert ours["{urn:buswatch:track:1}marks"] == "jump speed_contradicted"


@pytest.mark.parametrize("form", ["csv", "gpx"])
async def test_replay_reads_it_back(
    client: httpx.AsyncClient, drive: Fixes, form: str, tmp_path: Path
) -> None:
    path = tmp_path / f"track.{form}"
    path.write_bytes((await fetch(client, form)).content)
    traces = read_traces(path, ZONE)
    assert traces.bus_ids == ("B1",)
    for name in ("time_ms", "lon", "lat", "heading_deg", "satellites"):
        assert np.array_equal(getattr(traces.fixes, name), getattr(drive, name), equal_nan=True), name
    assert np.allclose(traces.fixes.speed_kmh, drive.speed_kmh, atol=0.002, equal_nan=True)


async def test_csv_is_what_a_chinese_excel_opens(client: httpx.AsyncClient, drive: Fixes) -> None:
    content = (await fetch(client, "csv")).content
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n") == len(drive) + 1
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[2] == {
        "bus": "B1", "time": "2026-09-01T07:00:02.000+08:00", "lon": repr(drive.lon[2].item()),
        "lat": repr(drive.lat[2].item()), "speed_kmh": "31.2", "heading": "90.5", "accuracy_m": "5.0",
        "satellites": "9", "quality": "6", "marks": "jump speed_contradicted", "plate": "鄂A·X0001",
    }  # fmt: skip
    assert (rows[0]["speed_kmh"], rows[0]["satellites"], rows[0]["marks"]) == ("", "", "")


async def test_what_does_not_fit_a_page_is_written_without_a_seam(
    client: httpx.AsyncClient, room: Room
) -> None:
    fixes = await put(room, track(np.arange(2 * PAGE + 1)))
    span = "from=2026-09-01T07:00:00%2B08:00&to=2026-09-01T23:00:00%2B08:00"
    features = json.loads((await fetch(client, "geojson", span)).content)["features"]
    assert len(features) == len(fixes)
    (way,) = gpxpy.parse((await fetch(client, "gpx", span)).text).tracks
    assert [len(segment.points) for segment in way.segments] == [len(fixes)]
    rows = list(csv.DictReader(io.StringIO((await fetch(client, "csv", span)).content.decode("utf-8-sig"))))
    assert len({row["time"] for row in rows}) == len(fixes)


@pytest.mark.usefixtures("room")
async def test_a_span_without_fixes_is_an_empty_file_and_still_one(client: httpx.AsyncClient) -> None:
    assert json.loads((await fetch(client, "geojson")).content)["features"] == []
    assert [way.segments for way in gpxpy.parse((await fetch(client, "gpx")).text).tracks] == [[]]
    assert (await fetch(client, "csv")).text.count("\r\n") == 1


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/buses/B9/track.csv", 404, "no bus 'B9'"),
        ("/buses/B1/track.xlsx", 422, "geojson"),
        (
            "/buses/B1/track.csv?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z",
            422,
            "31 days",
        ),
        ("/buses/B1/track.csv?by=%00", 422, "query.by"),
    ],
)
async def test_a_file_that_cannot_be_had_says_why(
    client: httpx.AsyncClient, path: str, status: int, told: str
) -> None:
    answer = await client.get(f"/api/v1{path}")
    assert (answer.status_code, told in answer.json()["detail"]) == (status, True), answer.text
