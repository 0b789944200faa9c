"""The command line: what it offers, and what it says to somebody who wrote something wrong."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from buswatch.arguments import duration, interval, moment, positive
from buswatch.cli import _parser
from buswatch.settings import Settings
from fleet.registry import encode_registry
from tests.scenes import START_MS, registry

COMMANDS = (
    "demo", "serve", "monitor", "api", "migrate", "import", "simulate", "replay", "record", "rehearse",
    "evaluate", "verify",
)  # fmt: skip


def buswatch(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program as an operator would, with no setting of ours."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("BUSWATCH_")}
    return subprocess.run(
        [sys.executable, "-m", "buswatch", *arguments],
        env=bare | {f"BUSWATCH_{name}": value for name, value in env.items()},
        check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def refused(*arguments: str, **env: str) -> str:
    """What is said about arguments that cannot be used; exit status 2 and no traceback."""
    done = buswatch(*arguments, **env)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def test_help_lists_every_command_and_says_what_each_is_for() -> None:
    done = buswatch("--help")
    assert done.returncode == 0
    assert re.findall(r"^    ([a-z]+)  +\w", done.stdout, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_offers_its_settings(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        _parser().parse_args([command, "--help"])
    said = capsys.readouterr().out
    assert f"usage: buswatch {command}" in said
    offered = {name for name in Settings.model_fields if f"--{name.replace('_', '-')}" in said}
    assert offered == (set() if command == "demo" else set(Settings.model_fields) - {"log_level"})


def test_no_command_at_all_is_refused_with_the_usage() -> None:
    assert "COMMAND" in refused()


def test_an_unknown_command_is_refused_with_those_there_are() -> None:
    said = refused("frobnicate")
    assert all(command in said for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["demo", "--for", "soon"], "'soon' is no duration; write 15s, 10m or 2h"),
        (["demo", "--for", "-5s"], "expected one argument"),
        (["demo", "--for=-5s"], "write 15s, 10m or 2h"),
        (["demo", "--for", "0s"], "'0s' is no duration"),
        (["demo", "--buses", "0"], "'0' is no number above 0"),
        (["demo", "--port", "99999"], "write a number from 0 to 65535"),
        (["demo", "--interval", "1.5s"], "a device reports every 1s to 60s, in whole seconds"),
        (["simulate", "--interval", "0.5"], "a device reports every 1s to 60s, in whole seconds"),
        (["simulate", "--interval", "2m"], "a device reports every 1s to 60s"),
        (["simulate", "--start", "yesterday"], "write it as 2026-09-01T07:30:00+08:00"),
        (["import"], "registry"),
        (["--log-level", "LOUD", "migrate"], "'DEBUG', 'INFO', 'WARNING', 'ERROR'"),
    ],
)
def test_a_bad_argument_is_refused_and_says_how_to_mend_it(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        _parser().parse_args(arguments)
    assert end.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_evaluating_alerts_on_file_wants_a_time_and_simulated_ones_known_words() -> None:
    assert "--from" in refused("evaluate", "truth.jsonl", "--from", "2026-09-01T07:30:00+08:00")
    assert "write some of city,open_sky,canyon,tunnel" in refused("evaluate", "--noise", "fog")
    assert "'wild' is no scenario" in refused("evaluate", "--scenarios", "calm,wild")


@pytest.mark.parametrize("command", ["serve", "monitor", "api", "migrate"])
def test_without_a_database_it_says_which_setting_names_one(command: str) -> None:
    said = refused(command)
    assert "set BUSWATCH_DATABASE_URL=postgresql://" in said


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["api", "--http-port", "abc"], {}),
        (["api", "--http-port", "99999"], {}),
        (["migrate"], {"HTTP_PORT": "abc"}),
        (["migrate"], {"LOG_LEVEL": "loud"}),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(arguments: list[str], env: dict[str, str]) -> None:
    said = refused(*arguments, **env)
    assert re.search(r"http.port|log.level", said, re.IGNORECASE)


def test_a_broker_that_cannot_be_read_is_refused(database_url: str) -> None:
    said = refused("monitor", DATABASE_URL=database_url, MQTT_URL="http://broker")
    assert "write it as mqtt://127.0.0.1:1883" in said


def test_a_setting_may_be_an_option_which_wins_over_the_environment(database_url: str) -> None:
    done = buswatch("migrate", "--database-url", database_url, DATABASE_URL="postgresql:///nowhere")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("5m", 300), ("1h", 3600), ("2.5", 2.5), ("0.5s", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0", "0s", "-1", "inf", "nan", "1d", "1 week", "1e400"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no duration; write 15s"):
        duration(text)


def test_intervals_are_whole_seconds_up_to_a_minute() -> None:
    assert [interval(text) for text in ("1", "1s", "10s", "1m")] == [1, 1, 10, 60]


@pytest.mark.parametrize("text", ["-1", "0", "1.5", "x", ""])
def test_what_is_no_number_above_zero(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="above 0"):
        positive(text)


@pytest.mark.parametrize("text", ["2026-09-01T07:00:00+08:00", "2026-08-31T23:00:00Z", str(START_MS)])
def test_moments(text: str) -> None:
    assert moment(text) == START_MS


@pytest.mark.parametrize("text", ["yesterday", "2026-09-01", "2026-09-01T07:00:00", "-5", ""])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"2026-09-01T07:30:00\+08:00"):
        moment(text)


def test_a_registry_is_put_on_record(database_url: str, tmp_path: Path) -> None:
    record = tmp_path / "registry.json"
    record.write_bytes(encode_registry(registry(buses=3)))
    done = buswatch("import", str(record), DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert "on record: 3 buses, 1 approvals, 3 assignments" in done.stderr


def test_a_registry_that_contradicts_itself_is_refused_and_the_old_one_stays(
    database_url: str, tmp_path: Path
) -> None:
    good, broken = tmp_path / "good.json", tmp_path / "broken.json"
    record = registry()
    good.write_bytes(encode_registry(record))
    broken.write_bytes(encode_registry(msgspec.structs.replace(record, buses=())))
    assert buswatch("import", str(good), DATABASE_URL=database_url).returncode == 0
    said = refused("import", str(broken), DATABASE_URL=database_url)
    assert "assignment 'A1': bus 'B1' is not on record" in said
    still = buswatch(
        "evaluate", str(tmp_path / "none"), "--from", "1", "--to", "2", DATABASE_URL=database_url
    )
    assert "the truth file" in still.stderr, "the registry is there to be read"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "the registry cannot be read"), (b"[]", "the registry cannot be read"), (None, "cannot be read")],
)
def test_a_registry_that_cannot_be_read_is_refused(
    database_url: str, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "registry.json"
    if content is not None:
        path.write_bytes(content)
    assert said in refused("import", str(path), DATABASE_URL=database_url)


def test_a_truth_that_is_missing_or_broken_is_refused_by_its_name(database_url: str, tmp_path: Path) -> None:
    record, truth = tmp_path / "registry.json", tmp_path / "truth.jsonl"
    record.write_bytes(encode_registry(registry()))
    assert buswatch("import", str(record), DATABASE_URL=database_url).returncode == 0
    window = ("--from", "2026-09-01T07:00:00+08:00", "--to", "2026-09-01T08:00:00+08:00")
    said = refused("evaluate", str(truth), *window, DATABASE_URL=database_url)
    assert f"the truth file {truth} cannot be read: No such file" in said
    truth.write_text('{"bus": "B1"}\n')
    said = refused("evaluate", str(truth), *window, DATABASE_URL=database_url)
    assert f"{truth}, line 1, is no fault" in said
    truth.write_text("")
    done = buswatch("evaluate", str(truth), *window, "--json", DATABASE_URL=database_url)
    assert done.returncode == 0
    assert msgspec.json.decode(done.stdout)["recall"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "nothing.jsonl"], "nothing.jsonl cannot be read"),
        (["replay", "x", "--speed", "fast"], "write 1, 60, 0.5 or max"),
        (["replay", "x", "--format", "excel"], "they are mqtt, csv, json, gpx, gtfs-realtime"),
        (["record", "/proc/nowhere/x.jsonl"], "cannot be written"),
        (["simulate", "--scenario", "quiet"], "is no scenario"),
        (["simulate", "--map", "nowhere.osm"], "the map nowhere.osm cannot be read: No such file"),
        (["simulate", "--scenario", "morning-peak"], "which is over: write it with --write"),
        (["simulate", "--write", "x.jsonl", "--buses", "2"], "how long? Give --for"),
    ],
)
def test_what_cannot_be_replayed_recorded_or_driven_says_why(arguments: list[str], said: str) -> None:
    assert said in refused(*arguments)


def test_a_scenario_written_to_a_file_is_replayed_to_the_byte(tmp_path: Path) -> None:
    file, truth = tmp_path / "run.jsonl", tmp_path / "truth.jsonl"
    given = ["--buses", "5", "--start", "2026-09-08T07:15:00+08:00", "--for", "30s"]
    done = buswatch(
        "simulate", "--scenario", "calm", *given, "--write", str(file), "--truth", str(truth), "--write-city",
        str(tmp_path / "city"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "city/registry.json").exists()
    assert truth.read_text() == ""
    again = buswatch("replay", str(file), "--dry-run")
    assert again.stdout == file.read_text()
    assert "messages from 2026-09-08 07:1" in again.stderr
    (bus,) = {json.loads(line)["topic"] for line in again.stdout.splitlines()[:1]}
    one = buswatch("replay", str(file), "--dry-run", "--bus", bus.split("/")[2])
    assert {json.loads(line)["topic"] for line in one.stdout.splitlines()} == {bus}
    refused = buswatch("simulate", "--scenario", "calm", *given, "--write", str(file))
    assert "is there already" in refused.stderr
