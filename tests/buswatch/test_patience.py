"""Patience: pauses grow, differ, have an end, and begin anew after a long good stretch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from buswatch import patience
from buswatch.patience import FIRST_PAUSE_S, LONGEST_PAUSE_S, persist
from fleet.errors import BadInput, Unavailable


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses made, none of which takes time."""
    made: list[float] = []

    async def pass_over(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pass_over)
    return made


def failing(times: int) -> Callable[[], Awaitable[str]]:
    """An act that fails so many times and then gives its result."""
    left = [times]

    async def act() -> str:
        if left[0]:
            left[0] -= 1
            raise Unavailable(f"away, {left[0]} to go")
        return "done"

    return act


async def test_what_succeeds_at_once_gives_its_result_without_a_pause(pauses: list[float]) -> None:
    assert await persist(failing(0)) == "done"
    assert pauses == []


async def test_pauses_double_up_to_the_longest_and_each_is_half_to_all_of_itself(
    pauses: list[float],
) -> None:
    assert await persist(failing(12)) == "done"
    whole = [min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in range(12)]
    assert whole[-1] == LONGEST_PAUSE_S
    assert all(full / 2 <= pause <= full for pause, full in zip(pauses, whole, strict=True))


async def test_two_processes_do_not_come_back_at_the_same_instants(pauses: list[float]) -> None:
    await persist(failing(6))
    await persist(failing(6))
    assert len(pauses) == 12
    assert pauses[:6] != pauses[6:]


async def test_every_failure_is_told(pauses: list[float]) -> None:
    told: list[str] = []
    await persist(failing(3), lambda error: told.append(str(error)))
    assert told == ["away, 2 to go", "away, 1 to go", "away, 0 to go"]
    assert len(pauses) == 3


async def test_an_act_that_had_worked_for_long_begins_with_the_shortest_pause_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_PAUSE_S", 0.02)
    made: list[float] = []
    sleep = asyncio.sleep
    fails = failing(7)
    acts = iter(range(8))

    async def act() -> str:
        if next(acts) == 6:
            await sleep(0.05)  # it works for longer than the longest pause
        return await fails()

    async def note(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    assert await persist(act) == "done"
    assert made[5] >= 0.01, "it had come to the longest pauses"
    assert made[6] <= 0.001


async def test_only_what_may_pass_is_tried_again(pauses: list[float]) -> None:
    async def act() -> None:
        raise BadInput("no retry mends it")

    with pytest.raises(BadInput):
        await persist(act)
    assert pauses == []
