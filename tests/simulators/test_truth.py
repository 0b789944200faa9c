"""The truth file is read as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import BadInput
from simulators.truth import Fault, read_truth, write_truth

EARLY = Fault("B0002", "speeding", 1_000, 9_000, 12.5, 114.3, 30.6)
LATE = Fault("B0001", "jump", 5_000, 5_000, 800.0, 114.3, 30.6)


def test_faults_come_back_in_the_order_of_their_beginning(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.jsonl", [LATE, EARLY])

    assert read_truth(tmp_path / "truth.jsonl") == [EARLY, LATE]


def test_a_line_has_the_keys_from_and_to(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.jsonl", [LATE])

    assert (
        (tmp_path / "truth.jsonl")
        .read_text()
        .startswith('{"bus":"B0001","rule":"jump","from":5000,"to":5000,')
    )


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text('{"bus": 1}\n')

    with pytest.raises(BadInput, match="line 1"):
        read_truth(tmp_path / "truth.jsonl")
