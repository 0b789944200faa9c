"""The link: whatever goes wrong on the way, every fix arrives, and the truth tells what went wrong."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fleet.fixes import Fixes
from simulators.link import LONGEST_BACKFILL, Links, Sent
from simulators.truth import LinkFault

BUSES = ["B0001", "B0002", "B0003"]
NOBODY = np.zeros(3, np.bool_)


def run(rates: dict[LinkFault, float], seconds: int) -> tuple[list[Sent], Links]:
    links = Links(5, BUSES, rates)
    sent = []
    for second in range(seconds):
        fixes = Fixes.of(
            bus=[0, 1, 2], time_ms=[second * 1_000 + i for i in range(3)], lon=[114.3] * 3, lat=[30.5] * 3
        )
        sent.append(links.send(fixes, NOBODY))
    return sent, links


def keys(sent: list[Sent]) -> list[tuple[int, int]]:
    return [key for s in sent for key in zip(s.fixes.bus.tolist(), s.fixes.time_ms.tolist(), strict=True)]


def test_a_link_without_trouble_sends_each_fix_once_in_order_at_its_own_time() -> None:
    sent, links = run({}, 20)

    assert keys(sent) == [(bus, second * 1_000 + bus) for second in range(20) for bus in range(3)]
    assert all(np.array_equal(s.due_ms, s.fixes.time_ms) for s in sent)
    assert links.truth == []


def test_a_dropout_delivers_later_all_that_was_kept_in_order_and_before_newer_fixes() -> None:
    sent, links = run({"dropout": 60.0}, 900)

    assert len(links.truth) > 5
    for fault in links.truth:
        assert fault.rule == "dropout"
        assert 9 <= fault.size <= 182
    for bus in range(3):
        times = [time for b, time in keys(sent) if b == bus]
        assert times == sorted(set(times))


def test_a_backfill_is_an_array_of_at_most_200_fixes() -> None:
    sent, _ = run({"dropout": 60.0}, 900)

    sizes = [int(n) for s in sent for n in np.bincount(s.message) if len(s.message)]
    assert 1 < max(sizes) <= LONGEST_BACKFILL
    for s in sent:
        for number in np.unique(s.message):
            assert len(set(s.fixes.bus[s.message == number].tolist())) == 1


def test_a_duplicate_is_sent_twice_and_marked_the_second_time() -> None:
    sent, links = run({"duplicate": 200.0}, 300)

    twice = {key for key, n in Counter(keys(sent)).items() if n == 2}
    repeats = [key for s in sent for key in np.array(keys([s]))[s.repeat].tolist()]
    assert len(twice) == len(links.truth) == len(repeats) > 10
    assert {tuple(key) for key in repeats} == twice


def test_disorder_swaps_two_neighbours() -> None:
    sent, links = run({"disorder": 100.0}, 300)

    assert len(links.truth) > 5
    for bus in range(3):
        times = [time for b, time in keys(sent) if b == bus]
        backward = [i for i in range(1, len(times)) if times[i] < times[i - 1]]
        assert all(times[i] == times[i - 1] - 1_000 for i in backward)
    assert len(keys(sent)) >= 3 * 300 - 3


def test_a_jump_moves_one_fix_far_away_and_leaves_its_neighbours() -> None:
    sent, links = run({"jump": 100.0}, 300)

    fixes = Fixes.concat([s.fixes for s in sent])
    wild = np.hypot((fixes.lon - 114.3) * 95_800, (fixes.lat - 30.5) * 111_320)
    assert (wild > 300).sum() == len(links.truth) > 5
    np.testing.assert_allclose(sorted(wild[wild > 300]), sorted(f.size for f in links.truth), rtol=0.02)


def test_spared_buses_get_no_fault() -> None:
    links = Links(5, BUSES, {"jump": 3_600.0, "duplicate": 3_600.0})
    fixes = Fixes.of(bus=[0, 1, 2], time_ms=[0, 1, 2], lon=[114.3] * 3, lat=[30.5] * 3)

    assert len(links.send(fixes, np.ones(3, np.bool_)).fixes) == 3
    assert links.truth == []
