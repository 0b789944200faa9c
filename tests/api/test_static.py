"""The built page is served from memory with the right types, caching and guards."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import Room

SCRIPT = "console.log('bus');" * 200


@pytest.fixture
def page(room: Room) -> Path:
    assets = room.page_dir / "assets"
    assets.mkdir(parents=True)
    (room.page_dir / "index.html").write_text("<!doctype html><title>校车</title>", encoding="utf-8")
    (assets / "map-1a2b.mjs").write_text(SCRIPT)
    (assets / "icon.png").write_bytes(b"\x89PNG")
    return room.page_dir


@pytest.mark.usefixtures("page")
async def test_the_page_is_revalidated_and_its_assets_last(client: httpx.AsyncClient) -> None:
    index = await client.get("/")
    assert (index.status_code, index.headers["cache-control"]) == (200, "no-cache")
    assert "校车" in index.text
    asset = await client.get("/assets/map-1a2b.mjs")
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in asset.headers["cache-control"]
    assert (await client.get("/assets/icon.png")).headers["content-type"] == "image/png"
    again = await client.get("/", headers={"If-None-Match": index.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.usefixtures("page")
async def test_scripts_travel_packed_to_those_who_can_unpack(client: httpx.AsyncClient) -> None:
    packed = await client.send(client.build_request("GET", "/assets/map-1a2b.mjs"), stream=True)
    raw = b"".join([part async for part in packed.aiter_raw()])
    assert gzip.decompress(raw).decode() == SCRIPT
    plain = await client.get("/assets/map-1a2b.mjs", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT


@pytest.mark.usefixtures("page")
async def test_every_answer_carries_the_guards(client: httpx.AsyncClient) -> None:
    for path in ("/", "/api/v1/buses", "/nothing"):
        headers = (await client.get(path)).headers
        assert "worker-src 'self' blob:" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert (await client.get("/api/v1/buses")).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/..%2fsecret", "/assets/../../secret", "/%2e%2e/secret", "/assets"])
async def test_nothing_outside_the_page_is_served(client: httpx.AsyncClient, page: Path, path: str) -> None:
    (page.parent / "secret").write_text("secret")
    assert (await client.get(path)).status_code == 404


async def test_a_page_that_is_not_built_says_how_to_build_it(client: httpx.AsyncClient, room: Room) -> None:
    answer = await client.get("/")
    assert answer.status_code == 503
    assert "make install" in answer.text
    room.page_dir.mkdir()
    (room.page_dir / "index.html").write_text("built")
    assert (await client.get("/")).text == "built"
