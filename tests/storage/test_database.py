"""A database that goes away is Unavailable, never a driver's error, and is found again by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import psycopg
import pytest

from fleet.errors import Unavailable
from storage.commit import Batch, Committer
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.positions import Tracks
from storage.registry import import_registry, load_registry
from tests.scenes import START_MS, registry, track


async def test_a_killed_server_keeps_what_was_committed_and_the_pool_finds_it_again(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg") as server:
        async with Database(server.dsn, timeout_s=1) as database:
            await migrate(database)
            await import_registry(database, registry())
            _, keys = await load_registry(database)
            committer = Committer(database, keys)
            fixes = track(range(500))
            zeros = np.zeros(500, np.int16)
            await committer.commit(Batch(fixes, zeros, START_MS))
            postmaster = psutil.Process(int((tmp_path / "pg" / "postmaster.pid").read_text().split()[0]))
            for process in (
                postmaster,
                *postmaster.children(),
            ):  # orphaned, they would still serve for a while
                process.kill()
            with pytest.raises(Unavailable, match="does not answer"):
                await committer.commit(Batch(track(range(500, 600), start_s=500), zeros[:100], START_MS))
            with pytest.raises(Unavailable):
                await database.answers()
            server.start()
            receipt = await committer.commit(
                Batch(track(range(600), start_s=0), np.zeros(600, np.int16), START_MS)
            )
            assert (receipt.committed, receipt.duplicates) == (100, 500)
            assert await Tracks(database).count() == 600


async def test_a_pool_opens_while_the_server_is_away_and_says_so_when_used(tmp_path: Path) -> None:
    async with Database(f"postgresql://postgres@/x?host={tmp_path}", timeout_s=0.5) as database:
        with pytest.raises(Unavailable, match="does not answer") as caught:
            await database.answers()
    assert isinstance(caught.value.__cause__, psycopg.Error)


async def test_a_lost_connection_is_unavailable_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(Unavailable, match="terminating connection"):
        async with database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    await database.answers()


async def test_errors_of_data_and_of_programming_stay_what_they_are(database: Database) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with database.transaction() as connection:
            await connection.execute("SELECT 1 / 0")


async def test_sessions_think_in_utc(database: Database) -> None:
    async with database.connection() as connection:
        row = await (await connection.execute("SHOW TIME ZONE")).fetchone()
    assert row == ("UTC",)
