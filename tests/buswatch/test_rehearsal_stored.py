"""A rehearsal of stored tracks beside the alerts that were raised, on a real database."""

import msgspec
import numpy as np
import pytest

from alerts.detector import Detector
from buswatch.rehearsal import rehearse_stored
from buswatch.settings import read_settings
from fleet.registry import Registry
from storage.commit import Batch, Committer
from storage.database import Database
from storage.registry import import_registry, load_registry
from tests.scenes import START_MS, drive, registry, track

STRICT = msgspec.structs.replace(registry(), parameters={"speeding.tolerance_kmh": 5.0})
END_MS = START_MS + 3_600_000


async def drive_fast(database: Database, record: Registry) -> None:
    """70 km/h for four minutes where 60 are allowed, then 36: stored and judged as a monitor does."""
    x = np.r_[drive(0, 4_600, 70), drive(4_600, 6_000, 36)]
    kmh = np.r_[np.full(len(drive(0, 4_600, 70)), 70.0), np.full(len(drive(4_600, 6_000, 36)), 36.0)]
    fixes = track(x, speed_kmh=kmh)
    await import_registry(database, record)
    _, keys = await load_registry(database)
    now_ms = int(fixes.time_ms[-1])
    findings = Detector(record).detect(fixes, now_ms)
    await Committer(database, keys).commit(Batch(fixes, findings.quality, now_ms, changes=findings.changes))


async def differences(
    url: str, to_ms: int, capsys: pytest.CaptureFixture[str], **settings: float
) -> tuple[int, int, int, int]:
    """How many alerts are gained, lost, changed and the same."""
    changed = {name.replace("__", "."): value for name, value in settings.items()}
    await rehearse_stored(read_settings(database_url=url), changed, None, START_MS, to_ms, (), as_json=True)
    found = msgspec.json.decode(capsys.readouterr().out)
    return len(found["gained"]), len(found["lost"]), len(found["changed"]), found["same"]


@pytest.mark.parametrize("to_ms", [END_MS, START_MS + 120_000])
async def test_the_same_parameters_change_nothing_also_of_what_ended_after_the_time_asked_for(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str], to_ms: int
) -> None:
    await drive_fast(database, registry())
    assert await differences(database_url, to_ms, capsys) == (0, 0, 0, 1)


async def test_a_setting_wins_over_what_the_fleet_states(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await drive_fast(database, STRICT)
    assert await differences(database_url, END_MS, capsys, speeding__tolerance_kmh=15) == (0, 1, 0, 0)
