"""Fixtures of real servers, shared by every test module that needs one.

A plugin of the root conftest. Every test that asks for a database runs on each PostgreSQL that users run:
the embedded one, and PostgreSQL 17 with TimescaleDB. One server of each kind serves the whole run; each test
gets its own database, cloned from one that was migrated once, which takes about 50 ms.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate

_TEMPLATE = "template_migrated"
_numbers = itertools.count(1)
_TIMESCALE = Path(__file__).parents[1] / ".timescale/root/usr/lib/postgresql/17/bin"
_TIMESCALE_SETTINGS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    # No worker may sit in the database that the others are cloned from.
    "timescaledb.max_background_workers": "0",
}
POSTGRES_KINDS = ("embedded", "timescale")


def has_postgres(kind: str) -> bool:
    """Whether a server of the kind can be had on this machine."""
    return kind == "embedded" or _TIMESCALE.exists()


def new_postgres(kind: str, data_dir: Path, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """A server of a kind, not yet started. Where TimescaleDB could not be had the test is left out, or fails
    where nothing may be.
    """
    if kind == "embedded":
        return EmbeddedPostgres(data_dir, settings=settings)
    if not has_postgres(kind):
        leave_out = pytest.fail if "BUSWATCH_TESTS_MAY_NOT_SKIP" in os.environ else pytest.skip
        leave_out("no TimescaleDB: tests/install_timescale says why")
    return EmbeddedPostgres(
        data_dir, programs=_TIMESCALE, settings={**_TIMESCALE_SETTINGS, **(settings or {})}
    )


@pytest.fixture(scope="session", params=POSTGRES_KINDS)
def postgres(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """Each kind of PostgreSQL in turn, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="bw-"))
    try:
        with new_postgres(request.param, folder / "pg") as server:
            # Nobody pulls the plug on these databases; those who do start their own server.
            _execute(server, sql.SQL("ALTER SYSTEM SET fsync = off").format())
            _execute(server, sql.SQL("SELECT pg_reload_conf()").format())
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of a new database without any table."""
    yield from _database(postgres, "template1")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """The address of a new database with the whole schema and no rows."""
    yield from _database(postgres, migrated_template)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool on a new database with the whole schema and no rows."""
    async with Database(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """The name of the migrated database that the others are cloned from."""

    async def build() -> None:
        async with Database(postgres.dsn_of(_TEMPLATE)) as opened:
            await migrate(opened)

    _execute(postgres, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
    asyncio.run(build())
    return _TEMPLATE


def _database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    names = sql.Identifier(name), sql.Identifier(template)
    _execute(postgres, sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(*names))
    yield postgres.dsn_of(name)
    _execute(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(postgres: EmbeddedPostgres, statement: sql.Composed) -> None:
    with psycopg.connect(postgres.dsn_of("postgres"), autocommit=True) as connection:
        connection.execute(statement)
