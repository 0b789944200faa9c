"""The record of the authorities in the database: replaced whole, read whole."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from fleet.errors import BadInput, NotFound
from fleet.registry import (
    Approval,
    Assignment,
    Bus,
    Driver,
    LimitStretch,
    LonLat,
    Registry,
    Stop,
    check_registry,
)
from storage.database import Connection, Database
from storage.named import queries

_SQL = queries("registry")


async def import_registry(database: Database, registry: Registry) -> None:
    """Replace the record by ``registry`` in one transaction.

    A bus that was known before keeps its key and its positions; one that is no longer on record
    keeps them too, out of sight. Raises ``BadRegistry`` when the registry contradicts itself.
    """
    check_registry(registry)
    try:
        async with database.transaction() as connection:
            await connection.execute(_SQL["lock_registry"])
            for step in ("clear_assignments", "clear_drivers", "clear_approvals", "take_buses_off_record"):
                await connection.execute(_SQL[step])
            await _put(connection, registry)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise BadInput(f"the database refuses the registry: {error}") from error


async def load_registry(database: Database) -> tuple[Registry, NDArray[np.int32]]:
    """The registry on record, equal to the one imported, and the ``bus_key`` of each of its buses.

    The keys have shape (buses,): ``keys[row]`` is the key of the bus in that row of the registry.
    Raises ``NotFound`` when none was imported.
    """
    async with database.transaction() as connection:
        # One snapshot for all tables, so that an import meanwhile cannot mix two registries.
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        rows = {
            noun: await (await connection.execute(_SQL[f"get_{noun}"])).fetchall()
            for noun in ("meta", "buses", "drivers", "approvals", "assignments")
        }
    if not rows["meta"]:
        raise NotFound("no registry was imported yet; run `buswatch import`")
    city, zone, version = rows["meta"][0]
    registry = Registry(
        buses=tuple(_bus(*row) for row in rows["buses"]),
        drivers=tuple(Driver(*row) for row in rows["drivers"]),
        approvals=tuple(_approval(*row) for row in rows["approvals"]),
        assignments=tuple(_assignment(*row) for row in rows["assignments"]),
        city=city,
        zone=zone,
        version=version,
    )
    return registry, np.array([row[0] for row in rows["buses"]], np.int32)


async def save_base_map(database: Database, roads: bytes) -> None:
    """Keep ``roads``, a GeoJSON FeatureCollection, as the base map; ``BadInput`` when it is none."""
    try:
        found = msgspec.json.decode(roads)
    except msgspec.MsgspecError as error:
        raise BadInput(f"the base map is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("type") != "FeatureCollection":
        raise BadInput("the base map must be a GeoJSON FeatureCollection")
    async with database.connection() as connection:
        await connection.execute(_SQL["put_base_map"], [roads.decode()])


async def load_base_map(database: Database) -> bytes | None:
    """The base map as GeoJSON, or None when none was imported."""
    async with database.connection() as connection:
        row = await (await connection.execute(_SQL["get_base_map"])).fetchone()
    return None if row is None else row[0].encode()


async def _put(connection: Connection, registry: Registry) -> None:
    tables: dict[str, list[tuple[object, ...]]] = {
        "put_bus": [
            (row, b.bus_id, b.plate, b.sign_number, b.sign_expires, b.inspection_expires,
             b.operator, b.school, b.seats, *b.depot, b.state)
            for row, b in enumerate(registry.buses)
        ],
        "put_driver": [
            (row, d.driver_id, d.name, d.phone, d.qualified_until) for row, d in enumerate(registry.drivers)
        ],
        "put_approval": [
            (row, a.approval_id, a.route_id, a.version, a.number, a.name, a.school, a.direction,
             _json(a.line), a.corridor_m, _json(a.stops), _json(a.limits), a.valid_from, a.valid_to)
            for row, a in enumerate(registry.approvals)
        ],
        "put_assignment": [
            (row, a.assignment_id, a.bus_id, a.driver_id, a.route_id, list(a.weekdays), a.starts, a.ends)
            for row, a in enumerate(registry.assignments)
        ],
    }  # fmt: skip
    async with connection.cursor() as cursor:
        for statement, values in tables.items():
            await cursor.executemany(_SQL[statement], values)
        await cursor.execute(_SQL["put_meta"], [registry.city, registry.zone, registry.version])


def _bus(_bus_key: int, *columns: Any) -> Bus:
    *stated, depot_lon, depot_lat, state = columns
    return Bus(*stated, (depot_lon, depot_lat), state)


def _approval(*columns: Any) -> Approval:
    *stated, line, corridor_m, stops, limits, valid_from, valid_to = columns
    return Approval(
        *stated,
        msgspec.json.decode(line, type=tuple[LonLat, ...]),
        corridor_m,
        msgspec.json.decode(stops, type=tuple[Stop, ...]),
        msgspec.json.decode(limits, type=tuple[LimitStretch, ...]),
        valid_from,
        valid_to,
    )


def _assignment(*columns: Any) -> Assignment:
    *stated, weekdays, starts, ends = columns
    return Assignment(*stated, tuple(weekdays), starts, ends)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
