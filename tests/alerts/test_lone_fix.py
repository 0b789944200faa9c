"""One fix over the limit between two that are not: speeding where fixes are sparse, a burst where not."""

import numpy as np
import pytest

from tests.scenes import found, registry, track


def lone(every_s: int, fast_s: int) -> list[str]:
    """50 km/h along a road of 60, with a burst of 80 km/h round one fix."""
    kmh = np.full(600, 50.0)
    middle = 300 // every_s * every_s
    kmh[middle - fast_s // 2 : middle - fast_s // 2 + fast_s] = 80.0
    x = np.concatenate(([0.0], np.cumsum(kmh[1:] / 3.6)))
    at = np.arange(0, 600, every_s)
    return [a.rule for a in found(track(x[at], speed_kmh=kmh[at], every_s=every_s), registry())]


@pytest.mark.parametrize(("every_s", "fast_s", "told"), [
    (15, 12, ["speeding"]), (10, 9, ["speeding"]), (15, 4, []), (10, 4, []),
    (5, 4, []), (5, 12, ["speeding"]), (1, 12, ["speeding"]), (1, 3, []),
])  # fmt: skip
def test_a_burst_is_told_from_speeding_at_any_sampling(every_s: int, fast_s: int, told: list[str]) -> None:
    assert lone(every_s, fast_s) == told


def test_a_place_that_drifts_makes_no_speeding_of_a_burst_where_fixes_are_dense() -> None:
    kmh = np.full(120, 35.0)
    kmh[60] = 72.0
    x = np.cumsum(kmh * 5 / 3.6)
    x[60:] += 40.0
    assert found(track(x, speed_kmh=kmh, every_s=5), registry()) == []
