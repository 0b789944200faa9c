"""The default city, ten minutes of all 1,058 buses: every fault found, no alert false."""

import pytest

from benchmarks.accuracy import START_MS, run
from simulators.scenario import Scenario


@pytest.mark.parametrize("seed", [1, 2])
def test_every_fault_of_the_default_city_is_found_and_no_alert_is_false(seed: int) -> None:
    result = run(Scenario(START_MS, seed=seed), 600)
    assert not result.missed
    assert not result.false
    assert all(rule.found >= 10 for rule in result.rules)
