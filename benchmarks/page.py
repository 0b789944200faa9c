"""How light the control-room page is: its work a frame, its frames a second, its memory, its weight.

``python -m benchmarks.page`` opens the built page in Chromium, whose WebGL the processor draws, on the
made-up API of web/dev with a report a second from each bus; ``--url`` opens a running Buswatch instead. Work
is read off Chromium's trace of the page's main thread: script, styles and layout between two frames.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, CDPSession, Page

from benchmarks.traces import read_work
from tests.browsers import CHROMIUM, chromium, fake_api

WIDTH, HEIGHT = 1_920, 1_080
SETTLE_MS = 6_000
"""Until the page has read all and has drawn the fleet."""
FASTER = 60
"""An hour of frames in a minute."""
_MB = 1e6
_KINDS = {"js": "script", "css": "style", "svg": "picture"}
_CATEGORIES = ["-*", "devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "__metadata"]


@dataclass(frozen=True, slots=True)
class Hands:
    """What was measured while the page was left alone, dragged or zoomed."""

    what: str
    frames_a_second: float
    work_ms: dict[str, float]
    """Script, styles and layout of a frame, the page's own processor time: p50, p95, p99 and the most."""
    clock_ms: dict[str, float]
    """The same by the clock: it also waits for a core where the processor draws WebGL."""
    busy_percent: float
    """Of the time, of one core."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The heap after garbage was collected, while an hour of frames came in a minute."""

    frames: list[int]
    """Frames that had come when it was looked at."""
    heap_mb: list[float]
    nodes: list[int]
    """Nodes of the document."""


@dataclass(frozen=True, slots=True)
class Report:
    """A fleet's figures."""

    buses: int
    first_view_kb: dict[str, float]
    """Bytes over the wire of the first view from a cold cache, by kind, without tiles."""
    hands: list[Hands]
    memory: Memory | None


def main() -> None:
    """Print the figures as a table, or as JSON."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    options.add_argument("--buses", type=_numbers, default=[1_058, 10_000], help="fleets (1058,10000)")
    options.add_argument("--seconds", type=float, default=10.0, help="measured of each kind (10)")
    options.add_argument(
        "--frames", type=int, default=3_600, help="sent to see the memory (3600); 0 for none"
    )
    options.add_argument("--url", help="a running Buswatch in place of the made-up API")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    if CHROMIUM is None:
        options.error("no Chromium on this machine; name one with BUSWATCH_CHROMIUM")
    reports = []
    with chromium() as browser:
        for buses in [0] if chosen.url else chosen.buses:
            reports.append(measure(browser, buses, chosen.url, chosen.seconds, chosen.frames))
            if not chosen.json:
                _say(reports[-1])
    if chosen.json:
        print(json.dumps([asdict(report) for report in reports]))
    else:
        print(f"\n{os.cpu_count()} cores, {platform.machine()}, {WIDTH} x {HEIGHT}, WebGL by the processor")


def measure(browser: Browser, buses: int, url: str | None, seconds: float, frames: int) -> Report:
    """The figures of one fleet, on the made-up API or at ``url``."""
    with _served(buses, 1, url) as address, _opened(browser) as (page, session):
        stream = Stream(session)
        _enter(page, address, stream)
        first_view = _weigh(page, stream)
        shown = int(page.get_by_test_id("map").get_attribute("data-buses") or 0)
        hands = [
            _handle(browser, page, "left alone", lambda: page.wait_for_timeout(seconds * 1_000)),
            _handle(browser, page, "dragged", lambda: _drag(page, seconds)),
            _handle(browser, page, "zoomed", lambda: _zoom(page, seconds)),
        ]
    memory = None
    if frames and url is None:
        with _served(buses, FASTER, None) as address, _opened(browser) as (page, session):
            _enter(page, address, Stream(session))
            memory = _watch_memory(page, session, frames)
    return Report(shown, first_view, hands, memory)


def _weigh(page: Page, stream: Stream) -> dict[str, float]:
    """Kilobytes over the wire by kind and in all, headers included; of the stream the first frame."""
    found: list[tuple[str, float]] = page.evaluate(
        "() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(({ name, transferSize }) => [new URL(name).pathname, transferSize])"
    )
    kinds = {"data": stream.first_bytes / 1_000}
    for path, count in found:
        kind = "data" if path.startswith("/api/") else _KINDS.get(path.rpartition(".")[2], "page")
        kinds[kind] = kinds.get(kind, 0.0) + count / 1_000
    return kinds | {"all": sum(kinds.values())}


class Stream:
    """What came of the live stream until the fleet was on the map."""

    def __init__(self, session: CDPSession) -> None:
        self._request = ""
        self.first_bytes = 0.0
        self.counts = True
        session.on("Network.responseReceived", self._begin)
        session.on("Network.dataReceived", self._go_on)
        session.send("Network.enable")

    def _begin(self, event: dict[str, Any]) -> None:
        if event["response"]["url"].endswith("/live"):
            self._request = event["requestId"]

    def _go_on(self, event: dict[str, Any]) -> None:
        if self.counts and event["requestId"] == self._request:
            self.first_bytes += event["encodedDataLength"] or event["dataLength"]


@contextmanager
def _served(buses: int, times: int, url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with fake_api(buses, times) as address:
        yield address


@contextmanager
def _opened(browser: Browser) -> Iterator[tuple[Page, CDPSession]]:
    """A page with a cold cache, and its wire to Chromium."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    page = context.new_page()
    yield page, context.new_cdp_session(page)
    context.close()


def _enter(page: Page, address: str, stream: Stream) -> None:
    """Open the room and wait until the fleet is on the map."""
    page.goto(address)
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=map]')?.dataset.buses) > 0", timeout=60_000
    )
    stream.counts = False
    page.wait_for_timeout(SETTLE_MS)


def _handle(browser: Browser, page: Page, what: str, do: Callable[[], None]) -> Hands:
    browser.start_tracing(page=page, categories=_CATEGORIES)
    do()
    work = read_work(json.loads(browser.stop_tracing())["traceEvents"])
    spreads = _spread(work.processor_ms), _spread(work.frames_ms)
    return Hands(what, work.frames_a_second, *spreads, 100 * work.busy)


def _spread(frames_ms: list[float]) -> dict[str, float]:
    frames: NDArray[np.float64] = np.array(frames_ms or [0.0])
    p50, p95, p99 = np.percentile(frames, [50, 95, 99]).tolist()
    return {"p50": p50, "p95": p95, "p99": p99, "most": float(frames.max())}


def _middle(page: Page) -> tuple[float, float]:
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _drag(page: Page, seconds: float) -> None:
    """To and fro with the button held."""
    x, y = _middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for turn in _turns(page, seconds, 60):
        page.mouse.move(x + 220 * np.sin(2.4 * turn), y + 140 * np.sin(1.5 * turn))
    page.mouse.up()


def _zoom(page: Page, seconds: float) -> None:
    """Near and far with the wheel."""
    page.mouse.move(*_middle(page))
    for turn in _turns(page, seconds, 20):
        page.mouse.wheel(0, -60 if turn % 2 < 1 else 60)


def _turns(page: Page, seconds: float, a_second: int) -> Iterator[float]:
    """Seconds since the beginning, so many times a second or as often as the page takes it."""
    began = perf_counter()
    while (turn := perf_counter() - began) < seconds:
        yield turn
        page.wait_for_timeout(1_000 / a_second)


def _watch_memory(page: Page, session: CDPSession, frames: int) -> Memory:
    """Looks at the start, the middle and the end."""
    session.send("Performance.enable")
    memory = Memory([], [], [])
    for part in range(3):
        if part:
            page.wait_for_timeout(frames / 2 * 1_000 / FASTER)
        session.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        memory.frames.append(round(part * frames / 2))
        memory.heap_mb.append(metrics["JSHeapUsedSize"] / _MB)
        memory.nodes.append(int(metrics["Nodes"]))
    return memory


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _say(report: Report) -> None:
    print(f"\n{report.buses:,} buses, a report a second each")
    weight = ", ".join(
        f"{kind} {count:,.0f}" for kind, count in sorted(report.first_view_kb.items()) if kind != "all"
    )
    print(f"  first view, cold: {report.first_view_kb['all']:,.0f} kB ({weight})")
    columns = f"{'p50':>8}{'p95':>8}{'p99':>8}{'most':>8}{'clock p95':>11}{'frames/s':>10}{'core':>7}"
    print(f"  {'script + layout a frame, ms':<30}{columns}")
    for hands in report.hands:
        figures = "".join(f"{value:>8.1f}" for value in hands.work_ms.values())
        clock = f"{hands.clock_ms['p95']:>11.1f}"
        print(f"  {hands.what:<30}{figures}{clock}{hands.frames_a_second:>10.1f}{hands.busy_percent:>6.0f}%")
    if report.memory is not None:
        looks = zip(report.memory.frames, report.memory.heap_mb, report.memory.nodes, strict=True)
        for frames, heap_mb, nodes in looks:
            print(f"  heap after {frames:>5,} frames {heap_mb:>8.1f} MB {nodes:>8,} nodes")


if __name__ == "__main__":
    main()
