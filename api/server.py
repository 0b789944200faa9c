"""uvicorn for this application: a server that ends its live streams when it is asked to stop."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from api.live import LiveHub


class ApiServer(uvicorn.Server):
    """Serves the application. uvicorn alone waits for open streams, which never end by themselves."""

    def __init__(self, app: FastAPI, hub: LiveHub, *, host: str, port: int) -> None:
        """``port`` 0 takes a free one; ``addresses`` says which."""
        super().__init__(
            uvicorn.Config(
                app, host=host, port=port, lifespan="off", log_config=None, access_log=False,
                server_header=False, timeout_graceful_shutdown=5,
            )
        )  # fmt: skip
        self._hub = hub

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listening socket, once ``started``."""
        return [sock.getsockname()[:2] for server in self.servers for sock in server.sockets]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the live streams, then stop as uvicorn does."""
        self._hub.close()
        await super().shutdown(sockets)
