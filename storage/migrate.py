"""Bring the schema of a database to what this release needs: forward only, each step once.

A step is a file ``migrations/NNNN_name.sql``. Files are append-only: the digest of each applied one
is on record, and a file that changed afterwards is refused, as is a database that a newer release
has migrated.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from fleet.errors import BadSetting
from storage.database import Connection, Database
from storage.editions import edition_of

log = logging.getLogger(__name__)

FOLDER = Path(__file__).with_name("migrations")
_TIMESCALE = Path(__file__).with_name("timescale")
_LOCK = 0x62757377617463
"""Key of the advisory lock that keeps two migrating processes apart."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, with its place in the order and the digest of its text."""

    version: int
    name: str
    statements: str = field(repr=False)

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.statements.encode()).hexdigest()


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The steps in ``folder`` in their order; ``BadSetting`` when their numbers have a gap."""
    migrations = []
    for expected, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        number, _, name = path.stem.partition("_")
        if number != f"{expected:04d}":
            raise BadSetting(f"migration {path.name} should be numbered {expected:04d}")
        migrations.append(Migration(expected, name, path.read_text(encoding="utf-8")))
    return migrations


async def migrate(database: Database, folder: Path = FOLDER) -> list[Migration]:
    """Apply the steps that are missing, each in its transaction, and return them. Idempotent.

    Any number of processes may call it at once: the others wait for the first. Raises
    ``BadSetting`` when an applied file has changed or the database is of a newer release, and
    ``Unavailable`` when the database does not answer.
    """
    known = read_migrations(folder)
    async with database.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            missing = known[await _count_applied(connection, known) :]
            for migration in missing:
                await _apply(connection, migration)
            await _use_timescale(connection)
        finally:
            if not connection.closed:
                await connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    return missing


async def _count_applied(connection: Connection, known: list[Migration]) -> int:
    """How many steps the database has had, all of them checked against the files."""
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (version int PRIMARY KEY, name text NOT NULL,"
        " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    cursor = await connection.execute("SELECT version, name, checksum FROM schema_migration ORDER BY version")
    applied = await cursor.fetchall()
    for version, name, checksum in applied:
        if version > len(known):
            raise BadSetting(
                f"the database has had migration {version:04d} ({name}), which this release does not know;"
                " run the release that applied it, or a newer one"
            )
        if checksum != known[version - 1].checksum:
            raise BadSetting(
                f"migration {version:04d} ({name}) is not the text that was applied to this database;"
                " put the file back as it was, and make the change in a new migration"
            )
    return len(applied)


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.statements.encode())
        await connection.execute(
            "INSERT INTO schema_migration (version, name, checksum) VALUES (%s, %s, %s)",
            [migration.version, migration.name, migration.checksum],
        )
    log.info("applied migration %04d (%s)", migration.version, migration.name)


async def _use_timescale(connection: Connection) -> None:
    """Make ``position`` a hypertable where TimescaleDB can be had; say which it is."""
    cursor = await connection.execute(
        "SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'"
    )
    available = await cursor.fetchone()
    if available is None:
        log.info("positions are in an ordinary table: this PostgreSQL has no TimescaleDB")
        return
    try:
        async with connection.transaction():
            await connection.execute((_TIMESCALE / "hypertable.sql").read_bytes())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState) as error:
        log.warning("positions are in an ordinary table: TimescaleDB cannot be used here: %s", error)
        return
    edition = await edition_of(connection)
    if edition == "community":
        await connection.execute((_TIMESCALE / "community.sql").read_bytes())
    log.info("positions are in a hypertable of TimescaleDB %s, %s edition", available[0], edition)
