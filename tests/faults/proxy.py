"""A stretch of network between the monitor and the broker that can be cut."""

from __future__ import annotations

import asyncio
import contextlib

_READ_BYTES = 65_536


class Proxy:
    """Hands bytes on, both ways, between who connects to ``port`` and the broker behind."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._cut = False
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._link, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Drop every connection without a goodbye, and every new one until ``mend``."""
        self._cut = True
        for writers in self._links.values():
            for writer in writers:
                writer.transport.abort()

    def mend(self) -> None:
        self._cut = False

    async def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end is gone."""
        task = asyncio.current_task()
        assert task is not None
        self._links[task] = [writer]
        try:
            if self._cut:
                return
            with contextlib.suppress(OSError):
                there_reader, there = await asyncio.open_connection("127.0.0.1", self._broker_port)
                self._links[task].append(there)
                ways = [asyncio.ensure_future(_pump(reader, there))]
                ways.append(asyncio.ensure_future(_pump(there_reader, writer)))
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            for end in self._links.pop(task):
                end.transport.abort() if self._cut else end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand bytes on one way, no faster than they are taken."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_READ_BYTES):
            writer.write(chunk)
            await writer.drain()
