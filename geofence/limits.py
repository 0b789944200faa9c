"""The speed limit in force along an approved line: overlapping stretches made into plain pieces.

The limit in force is the lowest of the legal cap of the road class, the posted limit of the
stretch and the hazard stretch (article 35 of 校车安全管理条例).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fleet.registry import ROAD_CAP_KMH, Approval, LimitReason, LimitStretch

REASONS: tuple[LimitReason, ...] = ("legal_cap", "posted", "hazard", "school_zone", "weather")
"""The reasons by the code under which columns hold them."""


class LimitPiece(NamedTuple):
    """From ``from_m`` up to the next piece's, one limit is in force, for one reason."""

    from_m: float
    limit_kmh: float
    reason: int
    """Index in ``REASONS``."""


def limit_pieces(approval: Approval, in_zones: Sequence[LimitStretch] = ()) -> list[LimitPiece]:
    """The limit in force along a line, as pieces in order; the first begins at 0. ``in_zones`` are the
    stretches of the line that lie in zones with a limit of their own.

    Where a stretch of reason ``legal_cap`` covers the line its cap replaces the ordinary
    ``ROAD_CAP_KMH``; of all that apply, the lowest counts.
    """
    stretches = (*approval.limits, *in_zones)
    cuts = sorted({0.0, *(s.from_m for s in stretches), *(s.to_m for s in stretches)})
    pieces: list[LimitPiece] = []
    for cut in cuts:
        here = [s for s in stretches if s.from_m <= cut < s.to_m]
        caps = [(s.limit_kmh, REASONS.index(s.reason)) for s in here if s.reason == "legal_cap"]
        others = [(s.limit_kmh, REASONS.index(s.reason)) for s in here if s.reason != "legal_cap"]
        limit, reason = min([*(caps or [(ROAD_CAP_KMH, 0)]), *others])
        if cut >= 0 and (not pieces or (limit, reason) != pieces[-1][1:]):
            pieces.append(LimitPiece(cut, limit, reason))
    return pieces


def highest_cap(approval: Approval) -> float:
    """The highest legal cap that any road of the approval has, km/h.

    It is what a bus off its line is held to: which road it is on is not known, and the lower cap
    would raise false alarms on a motorway.
    """
    return max([ROAD_CAP_KMH, *(s.limit_kmh for s in approval.limits if s.reason == "legal_cap")])
