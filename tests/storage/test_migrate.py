"""Migrations are applied once, in order, and refuse what they cannot answer for."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from fleet.errors import BadSetting
from storage.database import Database
from storage.migrate import FOLDER, migrate, read_migrations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


async def test_a_second_run_applies_nothing(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        applied = await migrate(database)
        assert [migration.version for migration in applied] == list(range(1, len(applied) + 1))
        assert await migrate(database) == []


async def test_processes_that_migrate_at_once_apply_each_step_once(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        applied = await asyncio.gather(*(migrate(database) for _ in range(4)))
    assert sorted(len(steps) for steps in applied) == [0, 0, 0, len(read_migrations())]


async def test_a_changed_file_is_refused(database: Database, folder: Path) -> None:
    with (folder / "0001_registry.sql").open("a") as file:
        file.write("-- an afterthought\n")
    with pytest.raises(BadSetting, match=r"0001 \(registry\) is not the text that was applied"):
        await migrate(database, folder)


async def test_a_database_of_a_newer_release_is_refused(database: Database, folder: Path) -> None:
    newest = len(read_migrations(folder)) + 1
    (folder / f"{newest:04d}_tomorrow.sql").write_text("CREATE TABLE tomorrow (day date);")
    assert [step.name for step in await migrate(database, folder)] == ["tomorrow"]
    with pytest.raises(BadSetting, match=r"tomorrow.*which this release does not know"):
        await migrate(database)


async def test_a_step_that_fails_leaves_nothing_behind(database: Database, folder: Path) -> None:
    newest = len(read_migrations(folder)) + 1
    path = folder / f"{newest:04d}_halfway.sql"
    path.write_text("CREATE TABLE halfway (n int); SELECT 1 / 0;")
    with pytest.raises(Exception, match="division by zero"):
        await migrate(database, folder)
    path.write_text("CREATE TABLE halfway (n int);")
    assert [step.name for step in await migrate(database, folder)] == ["halfway"]


def test_a_gap_in_the_numbers_is_refused(folder: Path) -> None:
    (folder / "0002_positions.sql").unlink()
    with pytest.raises(BadSetting, match=r"0003_alerts\.sql should be numbered 0002"):
        read_migrations(folder)


@pytest.mark.parametrize("had", range(2, len(read_migrations())))
async def test_from_every_earlier_schema_comes_the_same_as_from_none(
    empty_database_url: str, database: Database, folder: Path, had: int
) -> None:
    keep_first(had, folder)
    async with Database(empty_database_url) as earlier:
        assert len(await migrate(earlier, folder)) == had
        assert len(await migrate(earlier)) == len(read_migrations()) - had
        assert await schema_of(earlier) == await schema_of(database)


def keep_first(count: int, folder: Path) -> None:
    """Leave the first so many steps; positions, which TimescaleDB wants, are the second."""
    for path in sorted(folder.glob("*.sql"))[count:]:
        path.unlink()


async def schema_of(database: Database) -> list[object]:
    """Columns and indexes of all tables of ours."""
    async with database.connection() as connection:
        columns = await connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        indexes = await connection.execute(
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
        )
        return [*await columns.fetchall(), *await indexes.fetchall()]
