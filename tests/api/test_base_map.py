"""The base map that an operator configures, and what the page may then load."""

from __future__ import annotations

import dataclasses

import httpx
import pytest

from api import schemas
from api.app import create_app
from api.base_map import BaseMap, read_base_map
from api.context import Context
from fleet.errors import BadSetting
from tests.api.conftest import NOW_MS, Room
from tests.api.test_app import read

TIANDITU = (
    "https://t0.tianditu.gov.cn/vec_w/wmts?LAYER=vec&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=0123 "
    "https://t1.tianditu.gov.cn/cva_w/wmts?LAYER=cva&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=0123"
)


def chosen(addresses: str) -> BaseMap | None:
    return read_base_map(addresses, "raster", "© 国家基础地理信息中心", 18, "wgs84")


@pytest.mark.parametrize(
    ("addresses", "origins"),
    [
        ("https://tiles.example.cn/{z}/{x}/{y}.png", ("https://tiles.example.cn",)),
        ("http://127.0.0.1:8081/{z}/{x}/{y}.png", ("http://127.0.0.1:8081",)),
        ("http://[::1]:8081/{z}/{x}/{y}.png", ("http://[::1]:8081",)),
        ("https://Tiles.Example.CN/{z}/{x}/{y}.png", ("https://tiles.example.cn",)),
        ("/tiles/{z}/{x}/{y}.png", ()),
        (TIANDITU, ("https://t0.tianditu.gov.cn", "https://t1.tianditu.gov.cn")),
    ],
)
def test_the_page_may_ask_exactly_the_hosts_of_the_tiles(addresses: str, origins: tuple[str, ...]) -> None:
    base_map = chosen(addresses)
    assert base_map is not None
    assert base_map.origins == origins


def test_no_address_is_no_base_map() -> None:
    assert chosen("") is None


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://tiles.example.cn/", r"no \{z\} and no \{x\} and no \{y\}"),
        ("https://tiles.example.cn/{z}/{x}.png", r"no \{y\}"),
        ("ftp://tiles.example.cn/{z}/{x}/{y}", "https://"),
        ("//tiles.example.cn/{z}/{x}/{y}", "https://"),
        ("tiles.example.cn/{z}/{x}/{y}", "https://"),
        ("https://user:secret@tiles.example.cn/{z}/{x}/{y}", "password"),
        ("https://t{s}.example.cn/{z}/{x}/{y}", "host"),
        ("https://*.example.cn/{z}/{x}/{y}", "host"),
        ("https:///{z}/{x}/{y}", "host"),
        ("https://tiles.example.cn:port/{z}/{x}/{y}", "port"),
        ("https://tiles.example.cn;script-src/{z}/{x}/{y}", "%XX"),
        ("https://地图.example.cn/{z}/{x}/{y}", "%XX"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_the_reason(address: str, why: str) -> None:
    with pytest.raises(BadSetting, match=f"map_tiles is .*{why}.*write it as https://"):
        chosen(address)


def test_vector_tiles_come_from_one_address() -> None:
    with pytest.raises(BadSetting, match="several addresses"):
        read_base_map(TIANDITU, "vector", "", 14, "wgs84")


@pytest.fixture
def context(room: Room) -> Context:
    return Context(room.hub._ports, room.hub, room.hub._zone, room.announce, now_ms=lambda: NOW_MS)


def client_of(context: Context, room: Room) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(context, room.page_dir)), base_url="http://buswatch"
    )


async def test_without_one_the_page_asks_nobody(context: Context, room: Room) -> None:
    async with client_of(context, room) as client:
        assert await read(client, "/map", schemas.MapSetting) == {"base": None}
        policy = (await client.get("/")).headers["content-security-policy"]
    assert "connect-src 'self';" in policy
    assert "http" not in policy


async def test_with_one_the_page_is_told_and_may_ask_it_and_nobody_else(context: Context, room: Room) -> None:
    configured = dataclasses.replace(context, base_map=chosen(TIANDITU))
    async with client_of(configured, room) as client:
        base = (await read(client, "/map", schemas.MapSetting))["base"]
        policy = (await client.get("/")).headers["content-security-policy"]
    assert base["tiles"] == TIANDITU.split()
    assert (base["kind"], base["max_zoom"], base["coordinates"]) == ("raster", 18, "wgs84")
    assert "connect-src 'self' https://t0.tianditu.gov.cn https://t1.tianditu.gov.cn;" in policy
    assert policy.count("http") == 2
