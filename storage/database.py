"""The pool of connections to PostgreSQL, and the one place where its failures are translated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from fleet.errors import Unavailable

Connection = AsyncConnection[TupleRow]

_RECONNECT_S = 2.0
"""How long the pool tries to reconnect by itself, with doubling pauses, before it waits to be asked.
Short on purpose: the pauses have no upper bound, and every request after that tries at once."""


class Database:
    """PostgreSQL at ``dsn`` through a pool; connections are in autocommit and in UTC.

    Every failure that may pass (server away, refusing, shutting down, disk full, too slow, lost
    connection) becomes ``Unavailable`` with its cause; errors of data and of programming stay
    psycopg's own, for storage to handle.
    """

    def __init__(self, dsn: str, *, max_connections: int = 8, timeout_s: float = 5.0) -> None:
        self.dsn = dsn
        self._pool = AsyncConnectionPool(
            dsn,
            connection_class=AsyncConnection[TupleRow],
            kwargs={"autocommit": True, "connect_timeout": max(2, int(timeout_s))},
            min_size=1,
            max_size=max_connections,
            open=False,
            configure=_configure,
            check=AsyncConnectionPool.check_connection,
            timeout=timeout_s,
            reconnect_timeout=_RECONNECT_S,
            name="buswatch",
        )

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Open the pool. It opens even when the server is away; the first use says so."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close the pool; idempotent."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool for the block; raises ``Unavailable`` when there is none."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.errors.ProgramLimitExceeded:
            raise  # a value too large for the database: no retry mends it
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed) as error:
            raise Unavailable(f"the database does not answer: {_first_line(error)}") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: committed at the block's end, rolled back on an error."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def answers(self) -> None:
        """Return when the database answers a query, else ``Unavailable``, a hanging one included."""
        try:
            # A little more than the pool itself waits, whose error says why there is no connection.
            async with asyncio.timeout(self._pool.timeout + 1), self.connection() as connection:
                await connection.execute("SELECT 1")
        except TimeoutError as error:
            raise Unavailable("the database does not answer: it hangs") from error


async def _configure(connection: AsyncConnection[Any]) -> None:
    """UTC, and the planner told that a page found by the key costs little more than the next one: by its
    default, made for turning disks, it sorts what the key gives in order (a day's track: twice the time).
    """
    await connection.execute("SET TIME ZONE 'UTC'; SET random_page_cost = 1.1")


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
