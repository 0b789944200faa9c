"""A page's work, frame by frame, read off Chromium's trace of its main thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    """Milliseconds of work that made each frame but the first, by the clock."""
    processor_ms: list[float]
    """The same as the thread's own processor time: without waiting for a core that another has, such as the
    one that draws WebGL where there is no graphics card."""
    busy: float
    """The part of the time between the first and the last of them that was work, by the clock."""
    frames_a_second: float


def read_work(events: Iterable[Mapping[str, Any]]) -> Work:
    """The work of the renderer that made most frames; nested events count once."""
    events = list(events)
    thread = _busiest(events)
    own = [event for event in events if (event["pid"], event["tid"]) == thread]
    frames = sorted(event["ts"] for event in own if event["name"] == FRAME and event["ph"] == "X")
    clock, processor = ([0.0] * max(len(frames) - 1, 0) for _ in range(2))
    at = 0
    for event in _outermost(event for event in own if event["name"] in WORK and event.get("ph") == "X"):
        while at < len(clock) and frames[at + 1] <= event["ts"]:
            at += 1
        if at < len(clock) and event["ts"] >= frames[0]:
            took = event.get("dur", 0.0)
            clock[at] += took / 1_000
            processor[at] += event.get("tdur", took) / 1_000
    seconds = max(frames[-1] - frames[0], 1.0) / 1e6
    return Work(clock, processor, sum(clock) / 1_000 / seconds, len(clock) / seconds)


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


def _outermost(events: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Events of one thread that lie in no other, in order."""
    end = -1.0
    for event in sorted(events, key=lambda event: (event["ts"], -event.get("dur", 0.0))):
        if event["ts"] >= end:
            end = event["ts"] + event.get("dur", 0.0)
            yield event
