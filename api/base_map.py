"""The base map under everything: whose tiles, and the one foreign host that the page may then load from.

Without a setting the page draws the roads on record and asks nobody. 地图管理条例 article 34 has map data
that is served in China stay on servers in China, and most of those draw in GCJ-02: which one a provider
uses is part of the setting, and the page shifts what it draws accordingly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import Response

from api import schemas
from api.answers import Json
from fleet.errors import BadSetting

TileKind = Literal["raster", "vector"]
Coordinates = Literal["wgs84", "gcj02"]

_HOST = re.compile(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+|\[[0-9a-f:.]+\]")
_UNSAFE = re.compile(r"[\s\"'<>;,\\^`|]|[^\x20-\x7e]")
_PLACES = ("{z}", "{x}", "{y}")
_EXAMPLE = "https://tiles.example.cn/{z}/{x}/{y}.png"


@dataclass(frozen=True, slots=True)
class BaseMap:
    """Tiles to draw under roads and buses."""

    tiles: tuple[str, ...]
    """Addresses with ``{z}``, ``{x}`` and ``{y}``, drawn one over the other in this order."""
    kind: TileKind = "raster"
    attribution: str = ""
    """What the provider wants to read on the map; in China the map's approval number (审图号) too."""
    max_zoom: int = 18
    """The tiles end here; nearer, those of this zoom are drawn larger."""
    coordinates: Coordinates = "wgs84"
    """What the tiles are drawn in. Tianditu's CGCS2000 is ``wgs84`` to a few centimetres."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Scheme and host of each server of tiles, none for tiles of our own: what the page may ask."""
        found = (_origin(address) for address in self.tiles)
        return tuple(dict.fromkeys(origin for origin in found if origin is not None))


def read_base_map(
    addresses: str, kind: TileKind, attribution: str, max_zoom: int, coordinates: Coordinates
) -> BaseMap | None:
    """The base map that the settings name, None for no address; ``BadSetting`` says what is wrong with one.

    ``addresses``: separated by spaces, each an address of http(s) or a path of this server.
    """
    tiles = tuple(addresses.split())
    for address in tiles:
        _check(address)
    if kind == "vector" and len(tiles) > 1:
        raise BadSetting("map_tiles names several addresses, and map_kind is 'vector': give one")
    return BaseMap(tiles, kind, attribution, max_zoom, coordinates) if tiles else None


def base_map_routes(base_map: BaseMap | None) -> APIRouter:
    """What the page draws under everything."""
    router = APIRouter(tags=["routes"])

    @router.get("/map", summary="The base map that is configured", response_model=schemas.MapSetting)
    async def map_setting() -> Response:
        return Json({"base": None if base_map is None else _wire(base_map)})

    return router


def _wire(base_map: BaseMap) -> dict[str, Any]:
    return {
        "tiles": base_map.tiles,
        "kind": base_map.kind,
        "attribution": base_map.attribution,
        "max_zoom": base_map.max_zoom,
        "coordinates": base_map.coordinates,
    }


def _check(address: str) -> None:
    """The host goes into a header that guards the page: what could say more than a host there is refused."""
    missing = [place for place in _PLACES if place not in address]
    if missing:
        raise _bad(address, f"it has no {' and no '.join(missing)}")
    if _UNSAFE.search(address):
        raise _bad(address, "write every other character than letters, digits and marks as %XX")
    if address.startswith("/") and not address.startswith("//"):
        return
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise _bad(address, str(error)) from error
    if parts.scheme not in {"http", "https"}:
        raise _bad(address, "it must begin with https://, http:// or, for tiles of this server, /")
    if parts.username is not None or parts.password is not None:
        raise _bad(address, "a name and password would be shown to every page")
    if (
        _HOST.fullmatch(parts.netloc.lower().rpartition(":")[0] if parts.port else parts.netloc.lower())
        is None
    ):
        raise _bad(address, "its host must be one name, without placeholders (of t0 to t7 take t0)")


def _origin(address: str) -> str | None:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.lower()}" if parts.netloc else None


def _bad(address: str, why: str) -> BadSetting:
    return BadSetting(f"map_tiles is {address!r}: {why}; write it as {_EXAMPLE}")
