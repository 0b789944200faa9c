"""Which form a file has, and the recording in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from fleet.errors import BadInput
from simulators.recordings.csv_file import TraceReader
from simulators.recordings.gpx_file import read_gpx
from simulators.recordings.gtfs_realtime import read_gtfs_realtime
from simulators.recordings.json_file import read_json
from simulators.recordings.mqtt_dump import MqttDump
from simulators.recordings.recording import FixRecording, Recording
from simulators.recordings.traces import Traces

Form = Literal["mqtt", "csv", "json", "gpx", "gtfs-realtime"]
FORMS: tuple[Form, ...] = get_args(Form)
_LOOK_BYTES = 1 << 16


def open_recording(
    path: Path, zone: ZoneInfo, *, form: Form | None = None, skip_bad: bool = False
) -> tuple[Recording, str]:
    """The recording in a file, and what is wrong with rows that were left out (empty: none were).

    ``zone`` is that of times without an offset. Raises ``BadInput`` for a file of none of the forms.
    """
    if (form or form_of(path)) == "mqtt":
        return MqttDump(path), ""
    traces = read_traces(path, zone, form=form, skip_bad=skip_bad)
    return FixRecording(traces), traces.left_out


def read_traces(path: Path, zone: ZoneInfo, *, form: Form | None = None, skip_bad: bool = False) -> Traces:
    """The fixes in a file of any form but ``mqtt``, whose messages are whatever devices sent.

    ``zone`` is that of times without an offset. Raises ``BadInput`` for a file of none of the forms.
    """
    chosen = form or form_of(path)
    read: dict[Form, Callable[[], Traces]] = {
        "csv": lambda: _csv(path, zone, skip_bad=skip_bad),
        "json": lambda: read_json(path, zone, skip_bad=skip_bad),
        "gpx": lambda: read_gpx(path, zone, skip_bad=skip_bad),
        "gtfs-realtime": lambda: read_gtfs_realtime(path, skip_bad=skip_bad),
    }
    if chosen not in read:
        raise BadInput(
            f"{path} is a recording of messages; fixes are read from CSV, JSON, GPX or GTFS-Realtime"
        )
    return read[chosen]()


def form_of(path: Path) -> Form:
    """By its name, else by how it begins; ``BadInput`` when neither tells."""
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in (".pb", ".pbf"):
        return "gtfs-realtime"
    named: dict[str, Form] = {".csv": "csv", ".gpx": "gpx", ".rec": "json"}
    if suffix in named:
        return named[suffix]
    try:
        with path.open("rb") as file:
            head = file.read(_LOOK_BYTES).lstrip()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    line = head.partition(b"\n")[0].strip()
    if line.startswith(b"<"):
        return "gpx"
    if line.startswith((b"{", b"[")):
        return "mqtt" if _is_message(line) else "json"
    topic, _, payload = line.partition(b" ")
    if b"/" in topic and payload:
        return "mqtt"
    if b"," in line:
        return "csv"
    raise BadInput(f"{path}: what is it? Say so with --format, one of {', '.join(FORMS)}")


def _is_message(line: bytes) -> bool:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return isinstance(found, dict) and "topic" in found and bool({"payload", "payload_base64"} & found.keys())


def _csv(path: Path, zone: ZoneInfo, *, skip_bad: bool) -> Traces:
    reader = TraceReader(path, zone, skip_bad=skip_bad)
    for _ in reader.chunks():
        pass
    return reader.traces()
