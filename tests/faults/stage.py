"""The real parts on the stage: database, broker, network and monitor, each with its ways to fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

import psutil

from buswatch.children import Child
from buswatch.embedded_broker import answers, free_port, mosquitto_path, start_broker
from fleet.registry import Registry
from simulators.mqtt import Broker
from storage.database import Database
from storage.migrate import migrate
from storage.registry import import_registry
from tests.faults.disk import Disk
from tests.faults.proxy import Proxy
from tests.servers import new_postgres

_MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
user root
persistence true
persistence_location {folder}/
autosave_interval 30
max_inflight_messages 0
max_queued_messages 0
log_type error
log_type warning
"""
"""Sessions and what waits for them outlive the broker. It stays root where it is, to write there."""
_SMALL_WAL = {"max_wal_size": "192MB", "min_wal_size": "80MB"}
_FULL = "No space left"
_FELT_WITHIN_S = 20.0


class Stage:
    """The parts, started by ``open`` and ended with it, in a folder of their own."""

    def __init__(self, folder: Path, postgres: str, broker: str) -> None:
        self._folder = folder
        self._broker_kind = broker
        self._broker_port = free_port()
        self._broker: Child | None = None
        self._proxy = Proxy(self._broker_port)
        self._monitor: Child | None = None
        self._disk = Disk(folder / "disk")
        self._postgres_kind = postgres
        self.no_disk: str | None = None
        """Why the disk cannot be filled; None where it can. Known once open."""
        self.crashes = 0
        """How often the monitor was found to have ended by itself."""

    @contextlib.asynccontextmanager
    async def open(self, registry: Registry) -> AsyncIterator[Database]:
        """Start everything with ``registry`` on record; the database, to look into."""
        async with AsyncExitStack() as stack:
            self.no_disk = self._disk.mount()
            if self.no_disk is None:
                stack.callback(self._disk.unmount)
            self._data = (self._folder if self.no_disk else self._disk.folder) / "pg"
            self._postgres = new_postgres(self._postgres_kind, self._data, _SMALL_WAL)
            stack.push_async_callback(to_its_end, self._postgres.stop)
            await to_its_end(self._postgres.start)
            async with Database(self._postgres.dsn) as database:
                await migrate(database)
                await import_registry(database, registry)
            stack.push_async_callback(self._proxy.close)
            await self._proxy.start()
            stack.push_async_callback(self._end_children)
            await self.start_broker()
            await self.start_monitor()
            await self._subscribed()
            yield await stack.enter_async_context(Database(self._postgres.dsn, max_connections=2))

    @property
    def broker(self) -> Broker:
        """Where the fleet finds the broker: not through the network that is cut."""
        return Broker(port=self._broker_port)

    async def start_monitor(self) -> None:
        env = {
            "BUSWATCH_DATABASE_URL": self._postgres.dsn,
            "BUSWATCH_MQTT_URL": f"mqtt://127.0.0.1:{self._proxy.port}",
        }
        self._monitor = await Child.start_buswatch("monitor", ["monitor"], self._folder, env)

    async def look_after_monitor(self) -> None:
        """Start it again, as a supervisor would, when it has ended by itself; that is counted."""
        if self._monitor is not None and not self._monitor.running:
            self.crashes += 1
            await self.start_monitor()

    async def kill_monitor(self, for_s: float) -> str:
        assert self._monitor is not None
        self._monitor.kill()
        await self._monitor.wait()
        await asyncio.sleep(for_s)
        await self.start_monitor()
        return f"monitor killed, a new one started after {for_s:.1f} s"

    async def stop_database(self, for_s: float) -> str:
        await to_its_end(self._postgres.stop)
        await asyncio.sleep(for_s)
        return f"database stopped for {for_s:.1f} s, {await self._start_database()}"

    async def kill_database(self, for_s: float) -> str:
        os.kill(self._postmaster(), signal.SIGKILL)
        await asyncio.sleep(for_s)
        return f"database killed, {for_s:.1f} s later {await self._start_database()}"

    async def hang_database(self, for_s: float) -> str:
        postmaster = psutil.Process(self._postmaster())
        postmaster.suspend()
        hung = [postmaster, *postmaster.children()]
        try:
            for process in hung[1:]:
                process.suspend()
            await asyncio.sleep(for_s)
        finally:
            for process in hung:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
        return f"database hung for {for_s:.1f} s ({len(hung)} processes)"

    async def fill_disk(self, for_s: float) -> str:
        """Fill the database's disk, and give room again once that was felt for a while."""
        heard, began = self._said(_FULL), monotonic()
        self._disk.fill()
        try:
            felt = await self._says_more(_FULL, heard, _FELT_WITHIN_S)
            await asyncio.sleep(for_s)
        finally:
            self._disk.empty()
        took_s = monotonic() - began
        how = "as the monitor said" if felt else "which the monitor did not say"
        return f"disk full for {took_s:.1f} s, {how}; database {await self._start_database()}"

    async def stop_broker(self, for_s: float) -> str:
        assert self._broker is not None
        await self._broker.stop()
        await asyncio.sleep(for_s)
        await self.start_broker()
        return f"broker stopped for {for_s:.1f} s"

    async def cut_network(self, for_s: float) -> str:
        self._proxy.cut()
        await asyncio.sleep(for_s)
        self._proxy.mend()
        return f"monitor cut off the broker for {for_s:.1f} s"

    async def start_broker(self) -> None:
        if self._broker_kind != "mosquitto":
            self._broker, _ = await start_broker(self._folder, self._broker_kind, self._broker_port)
            return
        folder = self._folder / "broker"
        folder.mkdir(exist_ok=True)
        conf = folder / "mosquitto.conf"
        conf.write_text(_MOSQUITTO_CONF.format(port=self._broker_port, folder=folder))
        self._broker = await Child.start("broker", [mosquitto_path() or "", "-c", str(conf)], folder)
        await self._broker.wait_until(lambda: answers("127.0.0.1", self._broker_port), 20)

    async def _start_database(self) -> str:
        began = monotonic()
        await to_its_end(self._postgres.start)
        return f"up within {monotonic() - began:.1f} s"

    def _postmaster(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    async def _subscribed(self) -> None:
        async def is_so() -> bool:
            return self._said("subscribed to") > 0

        assert self._monitor is not None
        await self._monitor.wait_until(is_so, 60)

    def _said(self, words: str) -> int:
        """How often the monitor has said so."""
        assert self._monitor is not None
        return self._monitor.log.read_text(errors="replace").count(words)

    async def _says_more(self, words: str, than: int, within_s: float) -> bool:
        """Whether the monitor says so oftener than a number of times, within some seconds."""
        deadline = monotonic() + within_s
        while self._said(words) == than:
            if monotonic() > deadline:
                return False
            await asyncio.sleep(0.1)
        return True

    @property
    def tracebacks(self) -> int:
        return self._said("Traceback")

    async def _end_children(self) -> None:
        for child in (self._monitor, self._broker):
            if child is not None:
                await child.stop()


async def to_its_end(call: Callable[[], object]) -> None:
    """Run a blocking call in a thread, and wait for its end even when we are told to stop."""
    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
