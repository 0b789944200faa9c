"""The demo as a newcomer runs it: it counts every fix, says what it saw, and leaves nothing running."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from alerts.episodes import RULES
from buswatch.embedded_broker import broker_kinds

pytestmark = [pytest.mark.timeout(180)]

PROCESSES = {"broker", "monitor", "api", "simulator", "database", "demo"}
WITHOUT_MOSQUITTO = """
import sys
import buswatch.embedded_broker
from buswatch.cli import main

buswatch.embedded_broker.mosquitto_path = lambda: None  # as on a machine that has none
sys.exit(main())
"""


@dataclass
class Demo:
    """A demo process, its output, and everything that it started."""

    process: subprocess.Popen[bytes]
    folder: Path
    mark: str

    def said(self) -> str:
        return (self.folder / "said").read_text()

    def said_within(self, seconds: float, pattern: str) -> None:
        self.until(seconds, lambda: re.search(pattern, self.said()) is not None, pattern)

    def ended_within(self, seconds: float) -> int:
        self.until(seconds, lambda: self.process.poll() is not None, "the end")
        assert self.process.returncode is not None
        return self.process.returncode

    def until(self, seconds: float, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"{what!r} not within {seconds} s:\n{self.said()[-3000:]}"
            time.sleep(0.1)

    def report(self) -> dict[str, Any]:
        last: dict[str, Any] = json.loads(self.said().splitlines()[-1])
        return last

    def running(self) -> list[str]:
        """What runs of it: what has its mark in the environment, or its folder in the command."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            command = " ".join(process.info["cmdline"] or ())
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if process.environ().get("MARK_OF_TEST") == self.mark or str(self.folder) in command:
                    found.append(command)
        return found

    def left(self) -> list[str]:
        """The files that it left where it put its temporary ones."""
        return sorted(path.name for path in (self.folder / "tmp").iterdir())


StartDemo = Callable[..., Demo]


@pytest.fixture
def start_demo() -> Iterator[StartDemo]:
    """Starts a demo; ends whatever of it is left."""
    demos = []

    def start(*arguments: str, kind: str = broker_kinds()[0]) -> Demo:
        folder = Path(tempfile.mkdtemp(prefix="bw-"))
        (folder / "tmp").mkdir()
        mark = uuid4().hex
        program = ["-m", "buswatch"] if kind == broker_kinds()[0] else ["-c", WITHOUT_MOSQUITTO]
        with (folder / "said").open("wb") as output, (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *program, "demo", "--json", "--port", "0", *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=log,
                env=os.environ | {"MARK_OF_TEST": mark, "TMPDIR": str(folder / "tmp")},
            )  # fmt: skip
        demos.append(Demo(process, folder, mark))
        return demos[-1]

    yield start
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                demo.process.wait(20)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                whole = " ".join(process.cmdline())
                if process.environ().get("MARK_OF_TEST") == demo.mark or str(demo.folder) in whole:
                    process.kill()
        demo.process.wait(10)
        shutil.rmtree(demo.folder, ignore_errors=True)


def test_a_demo_that_ends_by_itself_accounts_for_every_fix_and_leaves_nothing(start_demo: StartDemo) -> None:
    demo = start_demo("--for", "25s", "--buses", "120")
    demo.said_within(40, r"http://127\.0\.0\.1:\d+")
    assert len(demo.running()) >= len(PROCESSES), "the marks find what runs"
    assert demo.ended_within(90) == 0, demo.said()
    report = demo.report()
    assert report["committed"] + report["rejected"] == report["published"] > 2_000
    assert report["duplicates"] >= 0
    assert set(report["alerts"]) <= set(RULES)
    assert 0 <= report["precision"] <= 1
    assert 0 <= report["recall"] <= 1
    assert set(report["latency_ms"]) == {"p50", "p99"}
    if report["alerts"]:
        assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p99"] < 5_000
    assert set(report["cpu_seconds"]) == PROCESSES
    assert all(seconds >= 0 for seconds in report["cpu_seconds"].values())
    assert report["cpu_seconds"]["monitor"] > 0
    assert demo.running() == []
    assert demo.left() == []


@pytest.mark.parametrize("kind", broker_kinds())
def test_ctrl_c_in_the_middle_stops_a_demo_cleanly_and_it_still_reports(
    start_demo: StartDemo, kind: str
) -> None:
    demo = start_demo("--buses", "40", kind=kind)
    demo.said_within(90, r"[1-9]\d* fixes committed")
    assert any("broker.mjs" in command for command in demo.running()) == (kind == "aedes")
    demo.process.send_signal(signal.SIGINT)
    assert demo.ended_within(40) == 0, demo.said()
    report = demo.report()
    assert report["committed"] + report["rejected"] == report["published"] > 0
    assert demo.running() == []
    assert demo.left() == []


def test_ctrl_c_while_the_city_is_built_leaves_nothing_either(start_demo: StartDemo) -> None:
    demo = start_demo("--buses", "400")
    demo.until(
        30, lambda: any(re.search(r"mosquitto\.conf|broker\.mjs", c) for c in demo.running()), "broker"
    )
    demo.process.send_signal(signal.SIGINT)
    assert demo.ended_within(60) == 0, demo.said()
    assert demo.running() == []


def test_ctrl_c_while_the_parts_are_started_leaves_nothing_either(start_demo: StartDemo) -> None:
    demo = start_demo("--buses", "40")
    demo.said_within(30, "starting monitor and page")
    demo.process.send_signal(signal.SIGINT)
    assert demo.ended_within(60) == 0, demo.said()
    assert demo.running() == []
    assert demo.left() == []
