"""A browser, the address of a page to test, and a link to it that can be cut."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect

from tests.browsers import CHROMIUM, chromium, fake_api

WITHOUT_WEBGL = """
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
    };
"""

OpenRoom = Callable[..., Page]
DEMO_BUSES = 1_058
DEMO_STARTED_WITHIN_S = 90


def pytest_runtest_setup() -> None:
    """Leave out the tests of this folder, by name, where there is no browser for them."""
    if CHROMIUM is None:
        leave_out = pytest.fail if "BUSWATCH_TESTS_MAY_NOT_SKIP" in os.environ else pytest.skip
        leave_out("no Chromium on this machine")


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    """Where the page is served: ``BUSWATCH_PAGE_URL``, or else the made-up API of web/dev."""
    address = os.environ.get("BUSWATCH_PAGE_URL")
    if address is not None:
        yield address
        return
    with fake_api() as made_up:
        yield made_up


@pytest.fixture(scope="session")
def demo_url() -> Iterator[str]:
    """Where a demo serves its page; of the whole city, so that a bus leaves its route every half minute."""
    folder = Path(tempfile.mkdtemp(prefix="bw-"))
    said = folder / "said"
    with said.open("wb") as output, (folder / "log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "buswatch", "demo", "--port", "0", "--buses", str(DEMO_BUSES)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=log, env=os.environ | {"TMPDIR": str(folder)},
        )  # fmt: skip
    try:
        deadline = time.monotonic() + DEMO_STARTED_WITHIN_S
        while not (address := re.search(r"http://127\.0\.0\.1:\d+", said.read_text())):
            assert demo.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        yield address[0]
    finally:
        demo.send_signal(signal.SIGINT)
        status = demo.wait(60)
        told = said.read_text()
        shutil.rmtree(folder, ignore_errors=True)
    assert status == 0, told


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with chromium() as found:
        yield found


@pytest.fixture
def open_room(browser: Browser, page_url: str) -> Iterator[OpenRoom]:
    """Opens the control room; at the end, every page has kept to its origin and its console is clean."""
    strays: list[str] = []
    complaints: list[str] = []
    contexts = []

    def open_it(
        address: str = page_url,
        *,
        operator: str = "李雷",
        locale: str = "zh-CN",
        webgl: bool = True,
        may_complain: bool = False,
        tiles: str | None = None,
        before: Callable[[Page], None] = lambda _page: None,
    ) -> Page:
        """``tiles``: a host that the page may ask too; ``before``: done before it is opened."""
        size = ViewportSize(width=1366, height=768)
        context = browser.new_context(base_url=address, viewport=size, locale=locale)
        contexts.append(context)
        if operator:
            context.add_init_script(f"localStorage.setItem('buswatch.operator', '{operator}')")
        if not webgl:
            context.add_init_script(WITHOUT_WEBGL)
        allowed = {urlsplit(address).netloc, tiles}

        def watch(url: str) -> None:
            if urlsplit(url).scheme not in {"blob", "data"} and urlsplit(url).netloc not in allowed:
                strays.append(url)

        context.on("request", lambda request: watch(request.url))
        page = context.new_page()
        if not may_complain:
            page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        before(page)
        page.goto(address)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert strays == []
    assert complaints == []


def is_complaint(said: ConsoleMessage) -> bool:
    """Errors and warnings, but for those of a processor that draws WebGL."""
    return said.type == "error" or (said.type == "warning" and "GPU stall" not in said.text)


class Link:
    """A TCP way to the server that can be cut and mended, as a network is."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._port = 0
        self.mend()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def mend(self) -> None:
        self._entry = socket.create_server(("127.0.0.1", self._port))
        self._port = self._entry.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._entry,), daemon=True).start()

    def cut(self) -> None:
        self._close(self._entry)
        with self._lock:
            ends = list(self._open)
        for end in ends:
            self._close(end)

    def _accept(self, entry: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = entry.accept()
                far = socket.create_connection(self._server)
                with self._lock:
                    self._open |= {near, far}
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
        self._close(source)
        self._close(target)

    def _close(self, end: socket.socket) -> None:
        with self._lock:
            self._open.discard(end)
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
        end.close()


@contextmanager
def link_to(address: str) -> Iterator[Link]:
    """A way to a server that can be cut and mended."""
    server = urlsplit(address)
    way = Link((server.hostname or "127.0.0.1", server.port or 80))
    yield way
    way.cut()


@pytest.fixture
def link(page_url: str) -> Iterator[Link]:
    with link_to(page_url) as way:
        yield way
