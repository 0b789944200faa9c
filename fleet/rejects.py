"""What could not become a fix, kept with its raw bytes and its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something was rejected. The values are stored and exported as metric labels."""

    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    WRONG_TOPIC = "wrong_topic"
    WRONG_SHAPE = "wrong_shape"
    """JSON, but not a fix: a missing field, a text where a number belongs."""
    UNKNOWN_BUS = "unknown_bus"
    BAD_TIME = "bad_time"
    FROM_FUTURE = "from_future"
    OUT_OF_RANGE = "out_of_range"
    """A number that its field cannot have: latitude 91, a negative speed, NaN."""
    NULL_ISLAND = "null_island"
    """Longitude and latitude both zero: what a receiver without a fix says."""
    REFUSED_BY_DATABASE = "refused_by_database"


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected message, or one rejected item of an array of fixes."""

    topic: str
    payload: bytes
    """The message as received, cut to ``KEPT_BYTES``."""
    item: int | None
    """Place in the array of fixes, from 0; None when the whole message is rejected."""
    reason: Reason
    detail: str
    """What is wrong, where, and how to mend it, in English."""
    received_ms: int


KEPT_BYTES = 65_536
"""How much of a rejected payload is kept: enough to mend it, too little to fill a disk."""
