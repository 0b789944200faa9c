"""The record of the authorities in the database: replaced whole, read whole."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import dict_row

from fleet.calendar import SchoolCalendar
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
    Zone,
    check_registry,
)
from storage.database import Connection, Database
from storage.named import queries

_SQL = queries("registry")
_NO_REGISTRY = "no registry was imported yet; run `buswatch import`"


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
    async with database.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        # One snapshot for all tables, so that an import meanwhile cannot mix two registries.
        await cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = {}
        for noun in ("meta", "buses", "drivers", "approvals", "assignments"):
            await cursor.execute(_SQL[f"get_{noun}"])
            found[noun] = await cursor.fetchall()
    if not found["meta"]:
        raise NotFound(_NO_REGISTRY)
    keys = np.array([row.pop("bus_key") for row in found["buses"]], np.int32)
    registry = Registry(
        buses=tuple(_bus(row) for row in found["buses"]),
        drivers=tuple(Driver(**row) for row in found["drivers"]),
        approvals=tuple(_approval(row) for row in found["approvals"]),
        assignments=tuple(_assignment(row) for row in found["assignments"]),
        **_meta(found["meta"][0]),
    )
    return registry, keys


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


class Record:
    """The record as the API reads it: loaded once for each import, looked for anew at every use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._edition: int | None = None
        self._registry: Registry | None = None

    async def registry(self) -> tuple[int, Registry]:
        """The registry on record and the number of its import; ``NotFound`` before the first."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["edition"])).fetchone()
        if row is None:
            raise NotFound(_NO_REGISTRY)
        if self._registry is None or row[0] != self._edition:
            # Read after its number: an import in between is noticed at the next use.
            self._registry, _ = await load_registry(self._database)
            self._edition = row[0]
        return row[0], self._registry

    async def base_map(self) -> bytes | None:
        """The base map as GeoJSON, or None when none was imported."""
        return await load_base_map(self._database)


async def _put(connection: Connection, registry: Registry) -> None:
    tables: dict[str, list[tuple[object, ...]]] = {
        "put_bus": [
            (row, b.bus_id, b.plate, b.sign_number, b.sign_expires, b.inspection_expires,
             b.operator, b.school, b.seats, *b.depot, b.state, b.district)
            for row, b in enumerate(registry.buses)
        ],
        "put_driver": [
            (row, d.driver_id, d.name, d.phone, d.qualified_until) for row, d in enumerate(registry.drivers)
        ],
        "put_approval": [
            (row, a.approval_id, a.route_id, a.version, a.number, a.name, a.school, a.direction,
             _json(a.line), a.corridor_m, _json(a.stops), _json(a.limits), a.valid_from, a.valid_to,
             _json(a.parameters), _json(a.gaps))
            for row, a in enumerate(registry.approvals)
        ],
        "put_assignment": [
            (row, a.assignment_id, a.bus_id, a.driver_id, a.route_id, list(a.weekdays), a.starts, a.ends,
             list(a.stop_times))
            for row, a in enumerate(registry.assignments)
        ],
    }  # fmt: skip
    async with connection.cursor() as cursor:
        for statement, values in tables.items():
            await cursor.executemany(_SQL[statement], values)
        meta = [
            registry.city,
            registry.zone,
            registry.version,
            _json(registry.zones),
            _json(registry.parameters),
            _json(registry.calendar),
        ]
        await cursor.execute(_SQL["put_meta"], meta)


def _bus(row: dict[str, Any]) -> Bus:
    depot = row.pop("depot_lon"), row.pop("depot_lat")
    return Bus(depot=depot, **row)


def _approval(row: dict[str, Any]) -> Approval:
    line = msgspec.json.decode(row.pop("line"), type=tuple[LonLat, ...])
    stops = msgspec.json.decode(row.pop("stops"), type=tuple[Stop, ...])
    limits = msgspec.json.decode(row.pop("limits"), type=tuple[LimitStretch, ...])
    parameters = msgspec.json.decode(row.pop("parameters"), type=dict[str, float])
    gaps = msgspec.json.decode(row.pop("gaps"), type=tuple[int, ...])
    return Approval(line=line, stops=stops, limits=limits, parameters=parameters, gaps=gaps, **row)


def _meta(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "zones": msgspec.json.decode(row["zones"], type=tuple[Zone, ...]),
        "parameters": msgspec.json.decode(row["parameters"], type=dict[str, float]),
        "calendar": msgspec.json.decode(row["calendar"], type=SchoolCalendar),
    }


def _assignment(row: dict[str, Any]) -> Assignment:
    weekdays, stop_times = tuple(row.pop("weekdays")), tuple(row.pop("stop_times"))
    return Assignment(weekdays=weekdays, stop_times=stop_times, **row)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
