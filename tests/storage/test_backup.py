"""Backup and restore as docs/operating.md tells: with PostgreSQL's own programs, into an empty database."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from storage.alerts import AlertBook
from storage.changes import AlertDesk
from storage.commit import Batch, Committer
from storage.database import Database
from storage.editions import edition_of
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.positions import Tracks, fixes_since
from storage.registry import load_registry
from tests.scenes import START_MS, track
from tests.storage.records import alert, change


def program(postgres: EmbeddedPostgres, name: str, *arguments: str) -> None:
    subprocess.run([postgres.programs / name, *arguments], check=True, timeout=60)


def sql(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def test_what_was_dumped_is_restored_and_goes_on(
    postgres: EmbeddedPostgres,
    database: Database,
    database_url: str,
    empty_database_url: str,
    committer: Committer,
    bus_keys: NDArray[np.int32],
    tmp_path: Path,
) -> None:
    fixes = track(range(600), row=1)
    batch = Batch(fixes, np.zeros(600, np.int16), START_MS, changes=[change(of=alert("B2"))])
    await committer.commit(batch)
    await AlertDesk(database).handle(
        alert("B2").alert_id, "acknowledged", by="王秀英", note="", expected_version=1, at_ms=START_MS
    )
    program(postgres, "pg_dump", "--format=custom", f"--file={tmp_path / 'dump'}", f"--dbname={database_url}")

    async with database.connection() as connection:
        timescale = await edition_of(connection) != "plain"
    if timescale:
        sql(empty_database_url, "CREATE EXTENSION timescaledb", "SELECT timescaledb_pre_restore()")
    program(postgres, "pg_restore", "--no-owner", f"--dbname={empty_database_url}", str(tmp_path / "dump"))
    if timescale:
        sql(empty_database_url, "SELECT timescaledb_post_restore()")

    async with Database(empty_database_url) as restored:
        assert await migrate(restored) == []
        async with restored.connection() as connection:
            assert (await edition_of(connection) != "plain") == timescale
        _, keys = await load_registry(restored)
        assert keys.tolist() == bus_keys.tolist()
        stored = (await fixes_since(restored, keys, 0)).fixes
        assert stored.time_ms.tolist() == fixes.time_ms.tolist()
        assert await AlertBook(restored).one(alert("B2").alert_id) == await AlertBook(database).one(
            alert("B2").alert_id
        )
        again = await Committer(restored, keys).commit(batch)
        assert (again.committed, again.duplicates, again.changes) == (0, 600, ())
        later = Batch(track(range(60), row=0), np.zeros(60, np.int16), START_MS)
        assert (await Committer(restored, keys).commit(later)).committed == 60
        assert await Tracks(restored).count() == 660
