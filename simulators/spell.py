"""What a scenario has for a time: tables of its file that say when something begins, how long, and where."""

from __future__ import annotations

from typing import Annotated

import msgspec

from fleet.clock import SECOND_MS

Metres = Annotated[float, msgspec.Meta(gt=0)]


class Spell(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"from_s": "begins", "lasts_s": "lasts"},
):
    """Something that begins so many seconds after a scenario's start, and lasts so many."""

    from_s: Annotated[int, msgspec.Meta(ge=0)]
    lasts_s: Annotated[int, msgspec.Meta(gt=0)]

    def span_ms(self, start_ms: int) -> tuple[int, int]:
        """From then (included) to then (not included), of a scenario that starts at ``start_ms``; epoch
        milliseconds.
        """
        from_ms = start_ms + self.from_s * SECOND_MS
        return from_ms, from_ms + self.lasts_s * SECOND_MS


class LocalSpell(Spell, frozen=True, kw_only=True):
    """One that is near a place, by metres east and north of the city's centre."""

    east_m: float = 0.0
    north_m: float = 0.0
    radius_m: Metres
