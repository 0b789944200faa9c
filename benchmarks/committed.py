"""The benchmark's database, and what it says was committed and when: PostgreSQL's own commit timestamps."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from time import time

import numpy as np
import psutil
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from benchmarks.load import Sending
from fleet.registry import Registry
from storage.database import Database
from storage.migrate import migrate
from storage.positions import Tracks
from storage.registry import import_registry
from tests.servers import has_postgres, new_postgres

_SETTINGS = {"track_commit_timestamp": "on"}
_DRAINED_WITHIN_S = 120
_COMMITS = b"""
SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8, count(*)::float8
FROM position GROUP BY xmin ORDER BY 1
"""
_COMMITTED_AT = b"""
SELECT bus_key::float8, extract(epoch FROM time)::float8 * 1000,
       extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8
FROM position WHERE bus_key = ANY (%s)
"""
_ALERT_CHANGES = b"SELECT count(*)::float8 FROM alert_change"


class Postgres:
    """PostgreSQL with TimescaleDB where `make test` has put it, else the embedded one."""

    def __init__(self, folder: Path) -> None:
        self.timescale = has_postgres("timescale")
        self._data = folder / "pg"
        self.server = new_postgres("timescale" if self.timescale else "embedded", self._data, _SETTINGS)
        self._numbers = itertools.count(1)

    def process(self) -> psutil.Process:
        """The postmaster."""
        return psutil.Process(int((self._data / "postmaster.pid").read_text().splitlines()[0]))

    async def new_database(self, registry: Registry) -> str:
        """The address of a new database with the registry on record."""
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self.server.dsn_of("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        dsn = self.server.dsn_of(name)
        async with Database(dsn) as database:
            await migrate(database)
            await import_registry(database, registry)
        return dsn

    def __str__(self) -> str:
        with psycopg.connect(self.server.dsn_of("postgres")) as connection:
            asked = "SELECT current_setting('server_version'), (SELECT default_version"
            asked += " FROM pg_available_extensions WHERE name = 'timescaledb')"
            row = connection.execute(asked.encode()).fetchone()
        version, extension = row or ("", None)
        with_what = f"TimescaleDB {extension}" if self.timescale else "no TimescaleDB (`make test` brings it)"
        return f"PostgreSQL {version}, {with_what}, synchronous_commit on"


def commits(dsn: str) -> NDArray[np.float64]:
    """Each commit of positions: epoch seconds, and how many fixes it holds; shape (commits, 2)."""
    return _rows(dsn, _COMMITS)


def alert_changes(dsn: str) -> int:
    """How many there were."""
    return int(_rows(dsn, _ALERT_CHANGES)[0, 0])


async def drained(database: Database, expected: int) -> int:
    """The fixes stored once all that were sent are, or after waiting long enough."""
    deadline_s = time() + _DRAINED_WITHIN_S
    while (stored := await Tracks(database).count()) < expected and time() < deadline_s:  # noqa: ASYNC110
        await asyncio.sleep(0.5)  # a database sends no event
    return stored


def sustained(commits: NDArray[np.float64], from_s: float, to_s: float) -> tuple[float, float, float]:
    """Fixes a second between the first and the last commit within a time, its seconds, fixes a commit."""
    within = commits[(commits[:, 0] >= from_s) & (commits[:, 0] <= to_s)]
    if len(within) < 2:
        raise SystemExit("too few commits to count by; is the monitor stuck? Or ask for more --seconds")
    seconds = float(within[-1, 0] - within[0, 0])
    return float(within[1:, 1].sum()) / seconds, seconds, float(within[:, 1].mean())


def latencies(dsn: str, bus_keys: NDArray[np.int32], sending: Sending, from_s: float) -> dict[str, float]:
    """Milliseconds from the socket to the commit, of the noted messages sent after the warm-up."""
    keys = bus_keys[np.unique(sending.noted_bus)].tolist()
    stored = _rows(dsn, _COMMITTED_AT, [keys])
    committed_s = {(int(key), round(ms)): moment for key, ms, moment in stored.tolist()}
    took_s = [
        committed_s[key, ms] - sent_s
        for key, ms, sent_s in zip(
            bus_keys[sending.noted_bus].tolist(),
            sending.noted_ms.tolist(),
            sending.noted_sent_s.tolist(),
            strict=True,
        )
        if sent_s >= from_s and (key, ms) in committed_s
    ]
    if not took_s:
        return {}
    return {f"p{part}": float(np.percentile(took_s, part)) * 1_000 for part in (50, 99)}


def _rows(dsn: str, query: bytes, parameters: Sequence[object] = ()) -> NDArray[np.float64]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return np.array(connection.execute(query, parameters).fetchall(), np.float64)
