"""What the screen found about a fix that is kept all the same.

A fix with any mark is stored with it and shown, counted for its bus, and neither opens nor closes an
episode by what is marked: a doubtful speed does not count, a doubtful place counts for nothing.
"""

from __future__ import annotations

from enum import IntFlag


class Quality(IntFlag):
    """Marks of a stored fix, as bits; 0 is a good fix. The numbers are stored: never renumber."""

    GOOD = 0
    LATE = 1
    """Arrived after a younger fix of the same bus had been judged."""
    JUMP = 2
    """So far from the fix before that no bus can have driven it, and not confirmed by the next."""
    SPEED_CONTRADICTED = 4
    """The reported speed disagrees with the displacement; the place is good, the speed is not."""
    NO_FIX = 8
    """No place on Earth (not a number, out of range, both zero), or no satellites: the receiver had none."""
    FROM_FUTURE = 16
    """Its event time lies after the time of its receipt."""
    FROZEN = 32
    """The very place of the fix before, while the reported speed says that the bus moved: the device
    repeats an old place."""
    DUPLICATE = 64
    """The event time of the fix before: the same report once more."""


UNBELIEVED = (
    Quality.LATE | Quality.JUMP | Quality.NO_FIX | Quality.FROM_FUTURE | Quality.FROZEN | Quality.DUPLICATE
)
"""A fix with any of these is judged by no rule and leaves no memory of where the bus is."""
