"""The work of a page, as it is read off a trace."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.traces import FRAME, read_work

MAIN = (7, 1)


def event(name: str, at_ms: float, ms: float = 0.0, thread: tuple[int, int] = MAIN) -> dict[str, Any]:
    pid, tid = thread
    return {
        "name": name,
        "ph": "X",
        "ts": at_ms * 1_000,
        "dur": ms * 1_000,
        "pid": pid,
        "tid": tid,
        "args": {},
    }


def named(thread: tuple[int, int], name: str = "CrRendererMain") -> dict[str, Any]:
    return event("thread_name", 0, thread=thread) | {"ph": "M", "args": {"name": name}}


def test_work_is_counted_from_frame_to_frame_and_what_is_nested_once() -> None:
    trace = [
        named(MAIN),
        event(FRAME, 10),
        event("FireAnimationFrame", 11, 4) | {"tdur": 3_000.0},
        event("FunctionCall", 11.5, 3),
        event("UpdateLayoutTree", 15, 1),
        event(FRAME, 26),
        event("TimerFire", 30, 2),
        event("Paint", 33, 5),
        event(FRAME, 42),
        event("FunctionCall", 43, 9),
    ]
    work = read_work(trace)
    assert work.frames_ms == pytest.approx([5.0, 2.0])
    assert work.processor_ms == pytest.approx([4.0, 2.0]), "less the time that it waited for a core"
    assert work.busy == pytest.approx(7 / 32)
    assert work.frames_a_second == pytest.approx(2 / 0.032)


def test_the_page_is_the_renderer_that_made_most_frames() -> None:
    other = (8, 1)
    trace = [named(MAIN), named(other), named((7, 2), "Compositor")]
    trace += [event(FRAME, at, thread=MAIN) for at in (0, 16, 32)]
    trace += [
        event(FRAME, 5, thread=other),
        event("FunctionCall", 6, 100, other),
        event("FunctionCall", 20, 3, (7, 2)),
    ]
    assert read_work(trace).frames_ms == [0.0, 0.0]


def test_a_trace_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="no frame"):
        read_work([named(MAIN)])
