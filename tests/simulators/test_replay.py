"""Playing a recording: spacing under the speed, pause, seek, loop, and event times moved to now."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from simulators.recordings.recording import Message
from simulators.replay import Plan, Replay

START_MS = 1_700_000_000_000


class Ten:
    """A message of B0 and one of B1 in turn, a second apart, ten in all."""

    first_ms = START_MS
    last_ms = START_MS + 9_000
    exact = True

    def messages(self, from_ms: int) -> Iterator[Message]:
        for n in range(10):
            at_ms = START_MS + n * 1_000
            if at_ms >= from_ms:
                payload = b'{"time":%d,"n":%d}' % (at_ms, n)
                yield Message(at_ms, f"buswatch/v1/B{n % 2}/position", payload)


class Stage:
    """A replay and what it sent, each with the moment on the wall."""

    def __init__(self, plan: Plan) -> None:
        self.sent: list[tuple[float, int, Message]] = []
        self.replay = Replay(Ten(), plan, self._send)

    def _send(self, message: Message, due_ms: int) -> None:
        self.sent.append((time.time(), due_ms, message))

    @property
    def numbers(self) -> list[int]:
        return [json.loads(message.payload)["n"] for _, _, message in self.sent]


async def test_the_spacing_is_kept_under_the_speed() -> None:
    stage = Stage(Plan(speed=20))
    await stage.replay.run()
    assert stage.numbers == list(range(10))
    dues = [due for _, due, _ in stage.sent]
    assert [after - before for before, after in pairwise(dues)] == pytest.approx([50] * 9, abs=1)
    assert all(wall * 1_000 >= due - 6 for wall, due, _ in stage.sent), "nothing goes out before its time"
    assert stage.replay.position_ms == Ten.last_ms


async def test_as_fast_as_it_goes() -> None:
    stage = Stage(Plan(speed=math.inf))
    began = time.monotonic()
    await stage.replay.run()
    assert len(stage.sent) == 10
    assert time.monotonic() - began < 0.5


async def test_a_part_of_it_and_one_bus_of_it() -> None:
    stage = Stage(
        Plan(speed=1_000, from_ms=START_MS + 2_000, to_ms=START_MS + 7_000, bus_ids=frozenset({"B1"}))
    )
    await stage.replay.run()
    assert stage.numbers == [3, 5, 7]


async def test_payloads_are_the_recorded_bytes_unless_times_are_moved() -> None:
    stage = Stage(Plan(speed=1_000))
    await stage.replay.run()
    assert [m for _, _, m in stage.sent] == list(Ten().messages(0))


async def test_moved_to_now_the_last_fix_happens_when_it_is_sent_and_none_lies_ahead() -> None:
    stage = Stage(Plan(speed=20, to_now=True))
    await stage.replay.run()
    times = [json.loads(message.payload)["time"] for _, _, message in stage.sent]
    assert [after - before for before, after in pairwise(times)] == [1_000] * 9
    assert all(event <= due + 1 for event, (_, due, _) in zip(times, stage.sent, strict=True))
    assert times[-1] == pytest.approx(stage.sent[-1][1], abs=2)


async def test_pause_and_resume_shift_what_follows() -> None:
    stage = Stage(Plan(speed=20))
    run = asyncio.create_task(stage.replay.run())
    await asyncio.sleep(0.12)
    stage.replay.pause()
    await asyncio.sleep(0.3)
    held = len(stage.sent)
    position = stage.replay.position_ms
    await asyncio.sleep(0.2)
    assert len(stage.sent) == held < 10
    assert stage.replay.position_ms == position
    stage.replay.resume()
    await asyncio.wait_for(run, 3)
    assert stage.numbers == list(range(10))
    assert stage.sent[-1][1] - stage.sent[0][1] > 9 * 50 + 400


async def test_seeking_leaves_out_what_lies_between_and_backwards_plays_it_again() -> None:
    stage = Stage(Plan(speed=10))
    run = asyncio.create_task(stage.replay.run())
    await asyncio.sleep(0.05)
    stage.replay.seek(START_MS + 8_000)
    await asyncio.sleep(0.15)
    stage.replay.seek(START_MS + 7_500)
    await asyncio.wait_for(run, 3)
    assert stage.numbers[0] == 0
    assert stage.numbers[1] == 8
    assert stage.numbers[-2:] == [8, 9]


async def test_a_loop_goes_on_until_it_is_stopped() -> None:
    stage = Stage(Plan(speed=1_000, loop=True))
    run = asyncio.create_task(stage.replay.run())
    while len(stage.sent) < 35:  # noqa: ASYNC110  # what is tested sends no event
        await asyncio.sleep(0.005)
    stage.replay.stop()
    await asyncio.wait_for(run, 3)
    assert stage.numbers[:30] == list(range(10)) * 3


async def test_no_more_is_read_while_too_much_waits() -> None:
    waiting = 1_000_000
    sent: list[Message] = []
    replay = Replay(Ten(), Plan(speed=math.inf), lambda message, _: sent.append(message), lambda: waiting)
    run = asyncio.create_task(replay.run())
    await asyncio.sleep(0.1)
    assert sent == []
    waiting = 0
    await asyncio.wait_for(run, 3)
    assert len(sent) == 10
