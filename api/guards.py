"""Guards against other sites: who may send acts, and what the page may load."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SOURCES = {
    "default-src": "'self'",
    "script-src": "'self'",
    "worker-src": "'self' blob:",  # MapLibre may make its worker from a blob
    "child-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",  # MapLibre and Svelte set style attributes
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def content_policy(tile_origins: Iterable[str] = ()) -> str:
    """What the page may load: its own, and tiles from these origins (``https://tiles.example.cn``).

    MapLibre fetches tiles, pictures too: it asks for them as connections and not as images.
    """
    sources = _SOURCES | {"connect-src": " ".join(("'self'", *tile_origins))}
    return "; ".join(f"{what} {where}" for what, where in sources.items())


async def refuse_foreign_posts(request: Request) -> None:
    """Refuse an act that another site's page could have sent in an operator's name.

    A form of another site cannot send JSON, and a script of another site says its origin.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send the act as application/json")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, f"acts are not taken from pages of another site ({origin})")


class SecurityHeaders:
    """Adds the security headers to every response; what the API answers is not kept by caches."""

    def __init__(self, app: ASGIApp, tile_origins: Iterable[str] = ()) -> None:
        self._app = app
        self._headers = {"Content-Security-Policy": content_policy(tile_origins)} | _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
