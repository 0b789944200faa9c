"""The built control-room page, from memory: small, packed once, with the right types and caching."""

from __future__ import annotations

import gzip
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

log = logging.getLogger(__name__)

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",  # MapLibre's; the system's own table may not know it
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".webp": "image/webp",
}
_PACKED = {".html", ".js", ".mjs", ".css", ".json", ".map", ".svg", ".txt"}
_NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>Buswatch</title>
<h1>页面尚未构建 · The control-room page is not built</h1>
<p>请运行 <code>make install</code>，然后刷新。 Run <code>make install</code>, then reload.</p>
<p>API: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p></html>"""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    media_type: str
    tag: str
    cache: str


class Page:
    """The files of a page's folder. They are read again when its index.html is built anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built_ns = 0
        self._files: dict[str, _File] = {}

    def file(self, path: str) -> _File | None:
        """The file at a path below the folder; the folder's index for the empty path."""
        try:
            built_ns = (self._folder / "index.html").stat().st_mtime_ns
        except OSError:
            built_ns = 0
        if built_ns != self._built_ns:
            self._files = _read(self._folder) if built_ns else {}
            self._built_ns = built_ns
        return self._files.get(path or "index.html")


def page_routes(folder: Path) -> APIRouter:
    """The page at ``/`` and its files. Comes last: it answers every path that nothing else does."""
    router = APIRouter(include_in_schema=False)
    page = Page(folder)

    @router.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        found = page.file(path)
        if found is None and path == "":
            return Response(_NOT_BUILT, 503, media_type="text/html; charset=utf-8")
        if found is None:
            raise HTTPException(404, f"there is nothing at /{path}")
        return _respond(request, found)

    return router


def _respond(request: Request, found: _File) -> Response:
    headers = {"ETag": found.tag, "Cache-Control": found.cache, "Vary": "Accept-Encoding"}
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, 200, headers, found.media_type)
    return Response(found.body, 200, headers, found.media_type)


def _read(folder: Path) -> dict[str, _File]:
    files = {}
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        name, body = path.relative_to(folder).as_posix(), path.read_bytes()
        # Vite puts a digest of the content into the names below assets/.
        lasting = name.startswith("assets/")
        files[name] = _File(
            body,
            gzip.compress(body, 9, mtime=0) if path.suffix in _PACKED else None,
            _TYPES.get(path.suffix, "application/octet-stream"),
            f'"{hashlib.sha256(body).hexdigest()[:20]}"',
            "public, max-age=31536000, immutable" if lasting else "no-cache",
        )
    log.info("read the control-room page: %d files of %s", len(files), folder)
    return files
