"""Putting a registry and a base map on record."""

from __future__ import annotations

import logging
from pathlib import Path

from buswatch.settings import Settings
from fleet.errors import BadInput
from fleet.registry import decode_registry
from storage.database import Database
from storage.migrate import migrate
from storage.registry import import_registry, save_base_map

log = logging.getLogger(__name__)


async def import_files(settings: Settings, registry: Path, base_map: Path | None) -> None:
    """Replace the record by the registry in a file, and the base map where one is given.

    The schema is brought up to date first. Raises ``BadInput`` with nothing replaced when a file
    cannot be read or contradicts itself. A running monitor takes the new record at its next start.
    """
    record = decode_registry(_read(registry))
    roads = _read(base_map) if base_map else None
    async with Database(settings.required_database_url()) as database:
        await migrate(database)
        await import_registry(database, record)
        if roads is not None:
            await save_base_map(database, roads)
    log.info(
        "on record: %d buses, %d approvals, %d assignments",
        len(record.buses),
        len(record.approvals),
        len(record.assignments),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
