"""The truth beside a simulated run: every fault that was put into it, as JSON Lines.

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
Harmless = Literal["depot_way", "at_terminal", "crossing", "canyon_drift", "overtaking", "waived_detour"]
"""What is no fault, and must not alarm: the way between depot and stops; standing at an end of the line;
driving within the corridor on the way to or from it; a run between tall buildings; a burst of speed too short
to be speeding; a detour that a waiver covers, which is a deviation all the same and stays a warning."""

HARMLESS: tuple[Harmless, ...] = get_args(Harmless)


class Fault(msgspec.Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    """One fault as it truly was, from ``from_ms`` to ``to_ms`` (epoch milliseconds, both included)."""

    bus: str
    rule: DrivingFault | ConductFault | LinkFault | DeviceFault | Harmless
    from_ms: int
    to_ms: int
    size: float
    """The greatest of the interval, by rule: km/h over the limit for speeding, km/h for unapproved, off-hours
    and sentinel, metres for deviation, wrong way and jump, seconds for dropout, delay, disorder, silent, long
    stop, frozen, jammed and skew, messages for duplicate and garbage. Stops skipped: how many certainly were.
    Overtaking: as speeding; waived detour: as deviation; what else is harmless: seconds."""
    lon: float
    """Where it began, WGS-84."""
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
