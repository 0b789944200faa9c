"""Trying again: growing, jittered pauses while a part we depend on is away."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fleet.errors import Unavailable

log = logging.getLogger(__name__)

Result = TypeVar("Result")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0


def _unheard(error: Unavailable) -> None:
    """For acts whose failures nobody but the log needs to hear of."""


async def persist(
    act: Callable[[], Awaitable[Result]], on_failure: Callable[[Unavailable], None] = _unheard
) -> Result:
    """``act()`` until it succeeds, for as long as it raises ``Unavailable``.

    Pauses double from ``FIRST_PAUSE_S`` to ``LONGEST_PAUSE_S``, each drawn between half and all of
    itself so that many processes do not come back at the same instant. An ``act`` that had worked
    for longer than the longest pause begins again with the shortest.
    """
    loop = asyncio.get_running_loop()
    pause_s = FIRST_PAUSE_S
    while True:
        began_s = loop.time()
        try:
            return await act()
        except Unavailable as error:
            on_failure(error)
            if loop.time() - began_s > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            wait_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, not a secret
            log.warning("%s; trying again in %.1f s", error, wait_s)
            await asyncio.sleep(wait_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
