"""What the screen found about a fix that is kept all the same.

A fix with any mark is stored with it and shown, but neither opens nor closes an episode.
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
