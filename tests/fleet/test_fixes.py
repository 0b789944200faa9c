"""Fixes in columns."""

import numpy as np
import pytest

from fleet.fixes import UNKNOWN_SATELLITES, Fixes


def test_columns_left_out_are_not_reported() -> None:
    fixes = Fixes.of(bus=[0, 1], time_ms=[1, 2], lon=[1.0, 2.0], lat=[3.0, 4.0])
    assert np.isnan(fixes.speed_kmh).all()
    assert np.isnan(fixes.heading_deg).all()
    assert np.isnan(fixes.accuracy_m).all()
    assert (fixes.satellites == UNKNOWN_SATELLITES).all()


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="the batch has 2 fixes"):
        Fixes.of(bus=[0, 1], time_ms=[1], lon=[1.0, 2.0], lat=[3.0, 4.0])


def test_rows_can_be_taken_by_place_and_by_mask_and_joined_again() -> None:
    fixes = Fixes.of(bus=[0, 1, 2], time_ms=[1, 2, 3], lon=[1.0, 2.0, 3.0], lat=[4.0, 5.0, 6.0])
    assert fixes.take(np.array([2, 0])).time_ms.tolist() == [3, 1]
    assert fixes.take(np.array([True, False, True])).bus.tolist() == [0, 2]
    assert Fixes.concat([fixes.take(np.array([0])), fixes.take(np.array([1, 2]))]).lat.tolist() == [
        4.0,
        5.0,
        6.0,
    ]


def test_a_batch_of_nothing_has_the_columns_all_the_same() -> None:
    assert len(Fixes.empty()) == len(Fixes.concat([])) == 0
    assert Fixes.empty().lon.dtype == np.float64
