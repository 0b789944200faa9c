"""Which fault comes when, and for how long: drawn from a seed, so that a run can be had again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tests.faults.stage import Stage

Kind = Literal[
    "kill_monitor",
    "stop_database",
    "kill_database",
    "hang_database",
    "fill_disk",
    "stop_broker",
    "cut_network",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
_LASTS_S: dict[Kind, tuple[float, float]] = {
    "kill_monitor": (0.0, 2.0),
    "stop_database": (0.5, 6.0),
    "kill_database": (0.0, 3.0),
    "hang_database": (2.0, 8.0),
    "fill_disk": (1.0, 5.0),
    "stop_broker": (0.5, 6.0),
    "cut_network": (0.0, 2.0),
}


@dataclass(frozen=True)
class Fault:
    """One fault: the pause before it, and how long it lasts at least."""

    kind: Kind
    pause_s: float
    lasts_s: float


def draw(kinds: Sequence[Kind], count: int, pauses_s: tuple[float, float], seed: int) -> list[Fault]:
    """Every kind as often as any other, or once more, in an order and with times by chance."""
    chance = random.Random(seed)
    order = chance.sample(kinds, len(kinds))
    chosen = [order[i % len(order)] for i in range(count)]
    chance.shuffle(chosen)
    return [Fault(kind, chance.uniform(*pauses_s), chance.uniform(*_LASTS_S[kind])) for kind in chosen]


def left_out(stage: Stage, broker: str) -> dict[Kind, str]:
    """The kinds that cannot be had on this machine or with this broker, and why."""
    reasons: dict[Kind, str] = {}
    if stage.no_disk is not None:
        reasons["fill_disk"] = stage.no_disk
    if broker != "mosquitto":
        reasons["stop_broker"] = f"{broker} keeps its sessions in memory"
    return reasons


async def inflict(fault: Fault, stage: Stage) -> str:
    """Have a fault happen and pass; what was done, in words."""
    act = {
        "kill_monitor": stage.kill_monitor,
        "stop_database": stage.stop_database,
        "kill_database": stage.kill_database,
        "hang_database": stage.hang_database,
        "fill_disk": stage.fill_disk,
        "stop_broker": stage.stop_broker,
        "cut_network": stage.cut_network,
    }[fault.kind]
    return await act(fault.lasts_s)
