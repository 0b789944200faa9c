"""The short form of ``make faults``: five faults of different kinds under load, and a full account."""

from __future__ import annotations

from buswatch.embedded_broker import broker_kinds
from tests.faults.load import Fleet
from tests.faults.plan import Kind
from tests.faults.run import Options, run

KINDS: tuple[Kind, ...] = ("kill_monitor", "kill_database", "hang_database", "stop_broker", "cut_network")


async def test_every_fix_and_every_alert_is_accounted_for_after_faults_of_every_part() -> None:
    options = Options(
        fleet=Fleet.at(rate=300, buses=None),
        faults=len(KINDS),
        seed=3,
        postgres="embedded",
        broker=broker_kinds()[0],
        kinds=KINDS,
        pauses_s=(0.5, 2.0),
    )
    said: list[str] = []
    report = await run(options, said.append)
    assert report.passed, "\n".join([*said, str(report)])
    assert sum(report.faults.values()) == len(KINDS)
    assert report.rejected > 0
    assert report.alerts_expected >= 5, "the scene is too calm to show anything"
