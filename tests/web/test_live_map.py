"""The live map: what is drawn where, what may be hidden, and the bus that is looked at."""

import re
import threading
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import cos, degrees, log, pi, radians, sin, tan
from struct import pack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from api.guards import content_policy
from tests.web.test_page import FLIGHT_MS, OpenRoom, api, find_bus, panel

pytestmark = [pytest.mark.timeout(240)]

Place = tuple[float, float]
MARK_M = 90.0
"""Half a side of the green square that the tiles show round one place."""


def gcj02(place: Place) -> Place:
    """Where GCJ-02 has a WGS-84 place, by the published formula."""
    x, y = place[0] - 105, place[1] - 35
    wave = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * abs(x) ** 0.5 + wave
    north += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * abs(x) ** 0.5 + wave
    east += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    lat = radians(place[1])
    bent = 1 - 0.00669342162296594323 * sin(lat) ** 2
    metres_a_radian = 6_378_245.0 * (1 - 0.00669342162296594323) / bent**1.5
    return (
        place[0] + degrees(east / (6_378_245.0 / bent**0.5 * cos(lat))),
        place[1] + degrees(north / metres_a_radian),
    )


def world_pixel(place: Place, zoom: int) -> Place:
    """Where a place lies among all pixels of a zoom, in tiles of 256."""
    size = 256 * 2**zoom
    lat = radians(place[1])
    return size * (place[0] + 180) / 360, size * (1 - log(tan(lat) + 1 / cos(lat)) / pi) / 2


def picture(rows: list[bytes]) -> bytes:
    """A PNG of rows of red, green and blue, 256 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


class Tiles(ThreadingHTTPServer):
    """A server of magenta tiles on an origin of its own, with a green square round one place."""

    def __init__(self) -> None:
        self.asked = 0
        self.marked: Place = (0.0, 0.0)
        """In the coordinates of the tiles."""
        super().__init__(("127.0.0.1", 0), _Tile)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def tile(self, zoom: int, column: int, row: int) -> bytes:
        x, y = world_pixel(self.marked, zoom)
        reach = MARK_M / (40_075_017 * cos(radians(self.marked[1])) / (256 * 2**zoom))
        left, right = (min(256, max(0, round(x + side * reach - 256 * column))) for side in (-1, 1))
        plain, green = b"\xe6\x00\xe6", b"\x00\xe6\x00"
        crossing = plain * left + green * (right - left) + plain * (256 - right)
        return picture([crossing if abs(256 * row + at - y) <= reach else plain * 256 for at in range(256)])


class _Tile(BaseHTTPRequestHandler):
    server: Tiles

    def do_GET(self) -> None:
        zoom, column, row = (int(part) for part in re.findall(r"\d+", self.path))
        self.server.asked += 1
        body = self.server.tile(zoom, column, row)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def tiles() -> Iterator[Tiles]:
    with Tiles() as server:
        yield server
        server.shutdown()


def with_base(host: str, coordinates: str, allowed: list[str]) -> Callable[[Page], None]:
    """Has the page find a base map configured, under the very policy that the API sends then."""
    base = {
        "tiles": [f"http://{host}/{{z}}/{{x}}/{{y}}.png"],
        "kind": "raster",
        "attribution": "测试底图 审图号 1",
        "max_zoom": 18,
        "coordinates": coordinates,
    }

    def guard(route: Route) -> None:
        answer = route.fetch()
        headers = answer.headers | {"content-security-policy": content_policy(allowed)}
        route.fulfill(response=answer, headers=headers)

    def prepare(page: Page) -> None:
        page.route("**/api/v1/map", lambda route: route.fulfill(json={"base": base}))
        page.route(lambda url: url.endswith("/") or ".js" in url, guard)

    return prepare


def pointed(page: Page, x: float, y: float) -> Place:
    """The WGS-84 place that the map says is under a pixel."""
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    lon, lat = page.get_by_test_id("pointed").inner_text().split(", ")
    return float(lon), float(lat)


def metres(a: Place, b: Place) -> float:
    return float((((a[0] - b[0]) * 0.861) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 * 111_320)


def chosen_middle(page: Page) -> Place:
    """The pixel to which the map flies with a bus: the middle of what the panel leaves."""
    box, aside = page.get_by_test_id("map").bounding_box(), panel(page).bounding_box()
    assert box is not None
    assert aside is not None
    return box["x"] + box["width"] / 2 + aside["width"] / 2, box["y"] + box["height"] / 2


def standing_bus(page: Page) -> tuple[str, Place]:
    """A bus that stays where it is, and where that is."""
    frame = api(page, "/positions")
    bus, state, lon, lat = (frame["columns"].index(name) for name in ("bus", "state", "lon", "lat"))
    row = next(row for row in frame["rows"] if row[state] == "off_trip")
    return row[bus], (row[lon], row[lat])


def is_green(page: Page, x: float, y: float) -> bool:
    """Whether the tile under a pixel of the page is green there; the theme may have dimmed it."""
    shot = b64encode(page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})).decode()
    red, green = page.evaluate(
        """async (shot) => {
            const bytes = Uint8Array.from(atob(shot), (letter) => letter.charCodeAt(0));
            const pen = new OffscreenCanvas(1, 1).getContext("2d");
            pen.drawImage(await createImageBitmap(new Blob([bytes], { type: "image/png" })), 0, 0);
            return [...pen.getImageData(0, 0, 1, 1).data];
        }""",
        shot,
    )[:2]
    return bool(green > red)


def test_the_two_systems_lie_hundreds_of_metres_apart_in_the_city() -> None:
    assert 19 < metres((114.3, 30.59), gcj02((114.3, 30.59))) < 700
    assert metres((116.397325, 39.908735), gcj02((116.391083, 39.907333))) < 3


@pytest.mark.parametrize("coordinates", ["wgs84", "gcj02"])
def test_a_bus_is_drawn_where_it_is_on_tiles_of_either_system(
    open_room: OpenRoom, tiles: Tiles, coordinates: str
) -> None:
    page = open_room(tiles=tiles.host, before=with_base(tiles.host, coordinates, [f"http://{tiles.host}"]))
    expect(page.get_by_test_id("attribution")).to_have_text("测试底图 审图号 1")
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")
    bus, place = standing_bus(page)
    tiles.marked = place if coordinates == "wgs84" else gcj02(place)
    find_bus(page, bus)
    expect(panel(page)).to_be_visible()
    page.wait_for_timeout(2 * FLIGHT_MS)
    x, y = chosen_middle(page)
    # What is under the pointer is told in WGS-84 whatever the tiles are drawn in.
    assert metres(pointed(page, x, y), place) < 15
    expect(page.get_by_test_id("hint")).to_contain_text(api(page, f"/buses/{bus}")["plate"])
    assert is_green(page, x + 24, y + 24)
    assert is_green(page, x - 24, y - 24)
    # Away from it the tile is not green, though a bus that passes may be.
    assert not all(is_green(page, x + dx, y + dy) for dx in (-120, 120) for dy in (-70, 70))


def test_a_host_that_the_policy_does_not_name_is_not_asked(open_room: OpenRoom, tiles: Tiles) -> None:
    page = open_room(may_complain=True, tiles=tiles.host, before=with_base(tiles.host, "wgs84", []))
    expect(page.get_by_test_id("attribution")).to_contain_text("底图无法载入")
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")
    assert tiles.asked == 0


def layer(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name="图例").get_by_role("checkbox", name=name)


def map_picture(page: Page) -> bytes:
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    return page.screenshot(clip={"x": box["x"] + 300, "y": box["y"] + 60, "width": 380, "height": 400})


def test_areas_can_be_hidden_and_the_browser_remembers_it(open_room: OpenRoom) -> None:
    page = open_room()
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")
    page.get_by_role("button", name="图例").click()
    page.locator("canvas.fleet").evaluate("canvas => canvas.style.visibility = 'hidden'")
    page.wait_for_timeout(FLIGHT_MS)
    with_zones = map_picture(page)
    layer(page, "限速区域").uncheck()
    page.wait_for_timeout(500)
    assert map_picture(page) != with_zones
    page.reload()
    expect(layer(page, "限速区域")).not_to_be_checked()
    expect(layer(page, "天气警示")).to_be_checked()


def test_far_away_buses_are_gathered_and_one_click_goes_nearer(open_room: OpenRoom) -> None:
    page = open_room()
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")
    page.wait_for_timeout(FLIGHT_MS)
    for _ in range(3):
        page.get_by_role("button", name="缩小").click()
        page.wait_for_timeout(400)
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    hint = page.get_by_test_id("hint")
    gathered = re.compile(r"^\d+ 辆")
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    places = [(middle[0] + dx, middle[1] + dy) for dx in range(-70, 71, 14) for dy in range(-70, 71, 14)]
    for x, y in places:
        page.mouse.move(x, y)
        if hint.count() and gathered.search(hint.inner_text()):
            break
    expect(hint).to_have_text(gathered)
    expect(hint).to_contain_text("按线行驶")
    before = page.locator(".maplibregl-ctrl-scale").inner_text()
    page.mouse.click(x, y)
    expect(page.locator(".maplibregl-ctrl-scale")).not_to_have_text(before)


def test_a_silent_bus_is_told_from_one_whose_fix_is_old(open_room: OpenRoom) -> None:
    page = open_room()
    silent = [one for one in api(page, "/alerts?rule=silent&limit=500")["items"] if one["ended_at"] is None]
    if not silent:
        pytest.skip("no bus is silent in this city now")
    expect(page.locator('.census [data-state="silent"] b')).to_have_text(str(len(silent)))
    find_bus(page, silent[0]["bus_id"])
    expect(panel(page).locator("header")).to_contain_text("失联")
    expect(panel(page).get_by_text(re.compile(r"定位时间 \d+ (分|小时|天)前|定位时间 从未"))).to_be_visible()


def test_the_panel_shows_the_last_minutes_the_stops_and_a_link_to_the_track(open_room: OpenRoom) -> None:
    page = open_room()
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")
    frame = api(page, "/positions")
    bus, state = frame["columns"].index("bus"), frame["columns"].index("state")
    driving = next(row[bus] for row in frame["rows"] if row[state] == "on_route")
    find_bus(page, driving)
    speed = panel(page).get_by_role("img", name=re.compile("车速走势"))
    off = panel(page).get_by_role("img", name=re.compile("偏离走势"))
    expect(speed.locator("path.value")).to_have_attribute("d", re.compile(r"M.*L"))
    expect(off.locator("path.allowed")).to_have_attribute("d", re.compile("M"))
    trip = api(page, f"/buses/{driving}/trip")["trip"]
    assert trip is not None
    seen = [stop for stop in trip["stops"] if stop["reached_at"]]
    expect(panel(page).get_by_test_id("stops").locator("tbody tr")).to_have_count(min(4, len(trip["stops"])))
    if seen:
        row = panel(page).get_by_test_id("stops").locator("tbody tr").filter(has_text=seen[-1]["name"])
        expect(row).to_contain_text(seen[-1]["due_at"][11:16])
        expect(row).to_contain_text(seen[-1]["reached_at"][11:16])
    link = urlsplit(panel(page).get_by_test_id("review").get_attribute("href") or "")
    path, _, query = link.fragment.partition("?")
    asked = parse_qs(query)
    assert path == "/review"
    assert asked["bus"] == [driving]
    assert asked["from"][0] < asked["to"][0]


def test_an_alert_of_the_day_is_opened_from_the_panel(open_room: OpenRoom) -> None:
    page = open_room()
    alert = api(page, "/alerts?limit=1")["items"][0]
    find_bus(page, alert["bus_id"])
    panel(page).get_by_role("button", name=re.compile(alert["started_at"][11:16])).first.click()
    row = page.locator(f'[data-alert^="{alert["bus_id"]}."]').first
    expect(row.get_by_role("group", name="告警详情")).to_be_visible()


def test_the_panel_needs_no_scrolling_on_an_office_pc(open_room: OpenRoom) -> None:
    page = open_room()
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")
    frame = api(page, "/positions")
    bus, state = frame["columns"].index("bus"), frame["columns"].index("state")
    find_bus(page, next(row[bus] for row in frame["rows"] if row[state] == "on_route"))
    expect(panel(page).get_by_test_id("stops")).to_be_visible()
    for button in ("Switch to English", "切换到中文"):
        page.get_by_role("button", name=button).click()
        assert panel(page).evaluate("panel => panel.scrollHeight <= panel.clientHeight + 1")
        assert panel(page).evaluate("panel => panel.scrollWidth <= panel.clientWidth")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_status_bar_is_one_row_on_every_screen(open_room: OpenRoom, language: str, theme: str) -> None:
    kept = "".join(
        f"localStorage.setItem('buswatch.{what}', '{value}');"
        for what, value in (("language", language), ("theme", theme))
    )
    page = open_room(operator="欧阳晓明", before=lambda page: page.add_init_script(kept))
    expect(page.locator(".census [data-state]")).to_have_count(7)
    expect(page.get_by_test_id("fix-rate").locator("b")).to_have_text(re.compile(r"\d+"))
    for width, height in ((1366, 768), (1920, 1080), (2560, 1440), (3840, 2160)):
        page.set_viewport_size({"width": width, "height": height})
        boxes = (
            page.locator("#app header")
            .first.locator("> *")
            .evaluate_all("parts => parts.map((part) => part.getBoundingClientRect().toJSON())")
        )
        middles = [box["top"] + box["height"] / 2 for box in boxes]
        assert max(middles) - min(middles) < 4, f"{width}: wrapped"
        assert max(box["right"] for box in boxes) <= width, f"{width}: beyond the edge"
