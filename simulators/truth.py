"""The truth beside a simulated run: every fault that was put into it, and what only looks like one, as JSON
Lines.

Written from the true state of the fleet, before any noise of receiver or link.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

import msgspec

from fleet.errors import BadInput

DrivingFault = Literal["speeding", "deviation"]
ConductFault = Literal[
    "wrong_way",
    "stops_skipped",
    "unapproved_operation",
    "off_hours",
    "long_stop",
    "silent",
    "trip_not_begun",
    "substitute",
]
LinkFault = Literal["dropout", "duplicate", "disorder", "jump", "delay"]
DeviceFault = Literal["frozen", "sentinel", "garbage", "skew", "jammed"]
SharedFault = Literal["incident"]
"""What is of no single bus: a road closure, round which many buses drive."""
Harmless = Literal["crossing", "at_terminal", "canyon_drift", "overtaking", "waived_detour", "depot_way"]
"""What looks like a fault and is none.

``crossing``: a bus without a trip within the corridor of its line, away from the line's ends.
``at_terminal``: standing within 300 m of an end of its line, before or after a trip, or parked.
``canyon_drift``: on a trip between tall buildings, where fixes drift, for 30 s or more.
``overtaking``: over the limit and its tolerance for too short a time to be speeding.
``depot_way``: the way between the depot and the line.
``waived_detour``: a deviation that a waiver covers (校车安全管理条例 article 30); what is told of it is a
warning that names the waiver."""
HARMLESS: tuple[Harmless, ...] = get_args(Harmless)
Lateness = Literal["late"]
"""A bus that has not left its first stop five minutes after its time, whatever kept it. That its trip has not
begun is true then, and need not be told."""
TrueRule = DrivingFault | ConductFault | LinkFault | DeviceFault | SharedFault | Harmless | Lateness


class Fault(msgspec.Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    """One fault, or what looks like one, as it truly was, from ``from_ms`` to ``to_ms`` (epoch milliseconds,
    both included).
    """

    bus: str
    """Empty for an incident."""
    rule: TrueRule
    from_ms: int
    to_ms: int
    size: float
    """The greatest of the interval, by rule: km/h over the limit for speeding and overtaking, km/h for
    unapproved, off-hours and sentinel, metres for deviation, waived detour, wrong way and jump, messages for
    duplicate and garbage, per cent of the line for substitute, buses for incident; seconds for all others.
    Stops skipped: how many certainly were."""
    lon: float
    """Where it began, WGS-84; of a trip not begun, where that should have been."""
    lat: float


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Fault)


def write_truth(path: Path, faults: Iterable[Fault]) -> None:
    """Write faults as JSON Lines in the order of their beginning."""
    ordered = sorted(faults, key=lambda fault: (fault.from_ms, fault.bus, fault.rule))
    path.write_bytes(b"".join(_encoder.encode(fault) + b"\n" for fault in ordered))


def read_truth(path: Path) -> list[Fault]:
    """The faults of a truth file; ``BadInput`` names the line that is none."""
    faults = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            faults.append(_decoder.decode(line))
        except msgspec.MsgspecError as error:
            raise BadInput(f"{path}, line {number}, is no fault: {error}") from error
    return faults
