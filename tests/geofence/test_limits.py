"""Limits along a line, made into plain pieces."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.stops_skipped import stops_passed
from fleet.registry import LimitStretch, Stop
from geofence.corridors import pack_corridors
from geofence.limits import REASONS, highest_cap, limit_pieces
from geofence.matching import limit_at
from tests.scenes import LENGTH_M, PLANE, approval


def test_pieces_carry_the_lowest_limit_and_its_reason() -> None:
    pieces = limit_pieces(
        approval(
            limits=[
                LimitStretch(0, 4_000, 80, "legal_cap"),
                LimitStretch(1_000, 6_000, 40, "posted"),
                LimitStretch(1_500, 2_000, 20, "hazard"),
            ]
        )
    )
    assert [(p.from_m, p.limit_kmh, REASONS[p.reason]) for p in pieces] == [
        (0, 80, "legal_cap"),
        (1_000, 40, "posted"),
        (1_500, 20, "hazard"),
        (2_000, 40, "posted"),
        (6_000, 60, "legal_cap"),
    ]


def test_off_its_line_a_bus_is_held_to_the_highest_cap_of_its_roads() -> None:
    assert highest_cap(approval()) == 60
    assert highest_cap(approval(limits=[LimitStretch(0, 100, 80, "legal_cap")])) == 80


@pytest.mark.parametrize(
    ("chainage", "limit"), [(980, 60), (990, 60), (1_010, 60), (1_020, 30), (1_980, 30), (1_990, 60)]
)
def test_near_a_limit_s_edge_the_higher_counts(chainage: float, limit: float) -> None:
    corridors = pack_corridors([approval(limits=[LimitStretch(1_000, 2_000, 30, "posted")])], PLANE)
    assert limit_at(corridors, 0, chainage, 15.0) == (
        limit,
        REASONS.index("posted" if limit < 60 else "legal_cap"),
    )


def test_every_chainage_of_the_line_has_a_limit() -> None:
    corridors = pack_corridors([approval(limits=[LimitStretch(5, 10, 30, "posted")])], PLANE)
    for chainage in np.linspace(-100, LENGTH_M + 100, 500):
        assert np.isfinite(limit_at(corridors, 0, chainage, 15.0)[0])


CHAINAGES = st.lists(st.integers(0, int(LENGTH_M)), min_size=1, max_size=30, unique=True).map(sorted)


@given(CHAINAGES, st.integers(0, 4), st.floats(-10, LENGTH_M + 10))
def test_piece_and_stop_are_found_however_they_are_spread(at: list[int], crowd: int, chainage: float) -> None:
    """``crowd``: they lie so many times as near to the beginning."""
    edges = [0.0, *(m * 0.1**crowd for m in at)]
    limits = [LimitStretch(a, b, 10 + k % 7, "posted") for k, (a, b) in enumerate(pairwise(edges))]
    stops = tuple(Stop("", 114.0, 30.0, m) for m in edges[1:])
    line = msgspec.structs.replace(approval(limits=limits), stops=stops)
    corridors = pack_corridors([line], PLANE)
    piece = max(int(np.searchsorted(corridors.pieces["from_m"], chainage, side="right")) - 1, 0)
    assert limit_at(corridors, 0, chainage, 0.0)[0] == corridors.pieces["limit_kmh"][piece]
    passed = np.searchsorted(corridors.stops["chainage_m"], chainage, side="right")
    assert stops_passed(corridors, 0, chainage) == passed
