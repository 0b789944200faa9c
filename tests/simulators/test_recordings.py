"""Recordings in every form that people have them in, each as the same messages."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from google.transit import gtfs_realtime_pb2

from fleet.clock import parse_time
from fleet.errors import BadInput
from fleet.fixes import Fixes
from simulators.recordings.files import form_of, open_recording
from simulators.recordings.mqtt_dump import write_line
from simulators.recordings.recording import FixRecording, Message, Recording, shifted
from simulators.recordings.traces import Traces

ZONE = ZoneInfo("Asia/Shanghai")
START = "2026-09-01T07:30:00+08:00"
START_MS = parse_time(START)


def opened(path: Path, **how: object) -> Recording:
    recording, left_out = open_recording(path, ZONE, **how)  # type: ignore[arg-type]
    assert left_out == ""
    return recording


def said(recording: Recording) -> list[tuple[int, str, dict[str, object]]]:
    return [(m.at_ms - START_MS, m.topic, json.loads(m.payload)) for m in recording.messages(0)]


def fix(second: int, **more: float) -> dict[str, float]:
    return {"time": START_MS + second * 1_000, "lon": 114.3, "lat": 30.6, **more}


def test_csv_in_any_order_comes_in_the_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    path.write_text(
        "bus,time,lon,lat,speed_kmh,satellites\n"
        "B2,2026-09-01T07:30:02,114.3,30.6,,9\nB1,2026-09-01T07:30:00,114.3,30.6,36.5,\n"
    )
    recording = opened(path)
    assert (recording.first_ms, recording.last_ms, recording.exact) == (START_MS, START_MS + 2_000, False)
    assert said(recording) == [
        (0, "buswatch/v1/B1/position", fix(0, speed_kmh=36.5)),
        (2_000, "buswatch/v1/B2/position", fix(2, satellites=9)),
    ]
    assert [m.at_ms for m in recording.messages(START_MS + 1)] == [START_MS + 2_000]


def test_json_lines_with_our_own_names(tmp_path: Path) -> None:
    path = tmp_path / "fixes.jsonl"
    lines = [{"bus": "B1", **fix(0, heading=90.0)}, {"bus": 7, "time": START, "lon": 114.3, "lat": 30.6}]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert said(opened(path)) == [
        (0, "buswatch/v1/7/position", fix(0)),
        (0, "buswatch/v1/B1/position", fix(0, heading=90.0)),
    ]


OWNTRACKS = {
    "_type": "location", "tst": START_MS // 1_000, "lat": 30.6, "lon": 114.3, "vel": 36, "cog": 90, "acc": 5,
    "tid": "b1", "topic": "owntracks/fleet/B1",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(OWNTRACKS),
        json.dumps([OWNTRACKS]),
        json.dumps({"count": 1, "data": [OWNTRACKS]}),
        json.dumps(OWNTRACKS) + "\n" + json.dumps({"_type": "lwt", "tst": 1}) + "\n",
        f'{START}\t*                 \t{json.dumps(OWNTRACKS)}\n{START}\tlwt\t{{"_type":"lwt"}}\n',
    ],
)
def test_owntracks_from_the_app_the_recorder_and_its_store(tmp_path: Path, text: str) -> None:
    path = tmp_path / "B1.rec"
    path.write_text(text)
    assert said(opened(path)) == [
        (0, "buswatch/v1/B1/position", fix(0, speed_kmh=36.0, heading=90.0, accuracy_m=5.0))
    ]


def test_gpx_speeds_are_metres_a_second_and_may_stand_in_an_extension(tmp_path: Path) -> None:
    path = tmp_path / "ride.gpx"
    path.write_text(
        '<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"'
        ' xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v2"><trk><name>B1</name><trkseg>'
        '<trkpt lat="30.6" lon="114.3"><time>2026-08-31T23:30:00Z</time><extensions><x:TrackPointExtension>'
        "<x:speed>10</x:speed><x:course>90</x:course></x:TrackPointExtension></extensions></trkpt>"
        '<trkpt lat="30.6" lon="114.3"><time>2026-08-31T23:30:01Z</time><sat>7</sat></trkpt>'
        "</trkseg></trk></gpx>"
    )
    assert said(opened(path)) == [
        (0, "buswatch/v1/B1/position", fix(0, speed_kmh=36.0, heading=90.0)),
        (1_000, "buswatch/v1/B1/position", fix(1, satellites=7)),
    ]


def test_gtfs_realtime_polled_into_a_folder_is_one_recording(tmp_path: Path) -> None:
    for poll in range(2):
        feed = gtfs_realtime_pb2.FeedMessage()
        feed.header.gtfs_realtime_version = "2.0"
        feed.header.timestamp = START_MS // 1_000 + 30 * poll
        for name, seconds in (("B1", 0), ("B2", 30 * poll)):  # B1 has not reported since the first poll
            entity = feed.entity.add()
            entity.id = name
            entity.vehicle.vehicle.id = name
            entity.vehicle.timestamp = START_MS // 1_000 + seconds
            entity.vehicle.position.latitude, entity.vehicle.position.longitude = 30.5, 114.25
            entity.vehicle.position.speed = 10
        (tmp_path / f"{poll}.pb").write_bytes(feed.SerializeToString())
    found = said(opened(tmp_path))
    assert [(at, topic) for at, topic, _ in found] == [
        (0, "buswatch/v1/B1/position"), (0, "buswatch/v1/B2/position"), (30_000, "buswatch/v1/B2/position"),
    ]  # fmt: skip
    assert found[0][2] == {"time": START_MS, "lon": 114.25, "lat": 30.5, "speed_kmh": 36.0}


PAYLOADS = [b'{"time":1,"lon":1,"lat":2}', b"not JSON at all", b"\xff\x00garbage", b"", b'"text"', b"[1, 2]"]


def test_what_was_written_comes_back_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    messages = [
        Message(START_MS + n, f"buswatch/v1/B{n}/position", payload) for n, payload in enumerate(PAYLOADS)
    ]
    path.write_bytes(b"".join(map(write_line, messages)))
    recording = opened(path)
    assert list(recording.messages(0)) == messages
    assert list(recording.messages(START_MS + 4)) == messages[4:]
    assert (recording.first_ms, recording.last_ms, recording.exact) == (START_MS, START_MS + 5, True)


def test_what_mosquitto_sub_prints_is_read(tmp_path: Path) -> None:
    payload = json.dumps(fix(5))
    as_json = {"tst": "2026-08-31T23:30:01.500000Z+0000", "topic": "a/b", "qos": 1, "retain": 0}
    path = tmp_path / "dump.txt"
    path.write_text(
        f"buswatch/v1/B1/position {payload}\n"
        "buswatch/v1/B1/position no time in it\n"
        + json.dumps({**as_json, "payload": "x"}) + "\n" + json.dumps({**as_json, "payload": {"n": 1}}) + "\n"
        + json.dumps({**as_json, "tst": START_MS / 1_000 + 9, "payload": "y"}) + "\n"
    )  # fmt: skip
    found = [(m.at_ms - START_MS, m.payload.decode()) for m in opened(path).messages(0)]
    assert found == [
        (5_000, payload),
        (5_000, "no time in it"),
        (5_000, "x"),
        (5_000, '{"n": 1}'),
        (9_000, "y"),
    ]


def test_event_times_are_moved_whatever_way_they_are_written() -> None:
    assert json.loads(shifted(json.dumps(fix(0)).encode(), 1_500))["time"] == START_MS + 1_500
    moved = json.loads(shifted(json.dumps([{"time": START, "lon": 1, "extra": "kept"}]).encode(), 1_500))
    assert moved == [{"time": "2026-08-31T23:30:01.500Z", "lon": 1, "extra": "kept"}]
    for payload in PAYLOADS[1:5]:
        assert shifted(payload, 1_500) == payload


def test_places_keep_their_digits() -> None:
    fixes = Fixes.of(bus=[0], time_ms=[START_MS], lon=[114.123456789], lat=[30.987654321], speed_kmh=[33.3])
    (message,) = FixRecording(Traces(("B1",), fixes)).messages(0)
    assert (
        message.payload == b'{"time":%d,"lon":114.123456789,"lat":30.987654321,"speed_kmh":33.3}' % START_MS
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.csv", "bus,time\n", "no column lon nor lat"),
        ("x.csv", "bus,time,lon,lat\n", "not a single fix"),
        ("x.jsonl", '{"bus":"B1","time":1}\n{"bus":"B1"}\n', "line 1: .*lon"),
        ("x.jsonl", '{"bus":', "is not JSON"),
        ("x.gpx", "<gpx", "is no GPX|is not GPX"),
        ("x.pb", "\x07\x07", "no GTFS-Realtime"),
        ("x.log", 'a/b {}\nnonsense\n{"topic": 3}\n', "line 3, is no message"),
        ("x.bin", "whatever", "what is it\\? Say so with --format"),
        ("x.jsonl", "", "what is it"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_how_to_mend_it(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=told):
        list(open_recording(tmp_path / name, ZONE)[0].messages(0))


def test_bad_rows_are_left_out_when_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"bus": "B1", **fix(0)}) + "\n{}\n")
    recording, left_out = open_recording(path, ZONE, skip_bad=True)
    assert len(list(recording.messages(0))) == 1
    assert "line 2" in left_out


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        form_of(tmp_path / "nothing.jsonl")


def test_a_column_recording_is_encoded_in_pieces_without_a_seam() -> None:
    n = 12_345
    fixes = Fixes.of(bus=np.zeros(n, np.int32), time_ms=np.arange(n) + START_MS, lon=[1.0] * n, lat=[2.0] * n)
    recording = FixRecording(Traces(("B1",), fixes))
    assert [m.at_ms - START_MS for m in recording.messages(START_MS + 4_999)] == list(range(4_999, n))
