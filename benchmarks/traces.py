"""A page's work, frame by frame, read off Chromium's trace of its main thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WORK = frozenset(
    {
        "EvaluateScript", "FunctionCall", "TimerFire", "FireAnimationFrame", "EventDispatch", "RunMicrotasks",
        "V8.GC_SCAVENGER", "MajorGC", "MinorGC", "HitTest",
        "UpdateLayoutTree", "Layout", "PrePaint", "ParseHTML", "ScheduleStyleRecalculation",
    }
)  # fmt: skip
"""Script, what it makes the engine do at once, styles and layout; not painting, which other threads share."""
FRAME = "Commit"
"""Where the main thread hands a frame over; what it did since the one before made this frame."""
_MAIN = "CrRendererMain"


@dataclass(frozen=True, slots=True)
class Work:
    """Of a page's main thread."""

    frames_ms: list[float]
    """Milliseconds of work that made each frame but the first."""
    busy: float
    """The part of the time between the first and the last of them that was work."""
    frames_a_second: float


def read_work(events: Iterable[Mapping[str, Any]]) -> Work:
    """The work of the renderer that made most frames; nested events count once."""
    events = list(events)
    thread = _busiest(events)
    own = [event for event in events if (event["pid"], event["tid"]) == thread]
    frames = sorted(event["ts"] for event in own if event["name"] == FRAME and event["ph"] == "X")
    spans = _united(
        (event["ts"], event["ts"] + event.get("dur", 0.0))
        for event in own
        if event["name"] in WORK and event.get("ph") == "X"
    )
    work = [0.0] * max(len(frames) - 1, 0)
    at = 0
    for begin, end in spans:
        while at < len(work) and frames[at + 1] <= begin:
            at += 1
        if at < len(work) and begin >= frames[0]:
            work[at] += (end - begin) / 1_000
    seconds = max(frames[-1] - frames[0], 1.0) / 1e6
    return Work(work, sum(work) / 1_000 / seconds, len(work) / seconds)


def _busiest(events: list[Mapping[str, Any]]) -> tuple[int, int]:
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"].get("name") == _MAIN
    }
    frames: dict[tuple[int, int], int] = dict.fromkeys(mains, 0)
    for event in events:
        thread = (event["pid"], event["tid"])
        if event["name"] == FRAME and event["ph"] == "X" and thread in frames:
            frames[thread] += 1
    if not any(frames.values()):
        raise ValueError("the trace has no frame of a page")
    return max(frames, key=lambda thread: frames[thread])


def _united(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans without those that lie in others, in order."""
    united: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if united and begin < united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((begin, end))
    return united
