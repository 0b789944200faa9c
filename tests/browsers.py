"""The browser of this machine, and the made-up API that a page in it can talk to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from buswatch.embedded_broker import NODE

REPOSITORY = Path(__file__).parents[1]
CHROMIUM = shutil.which(os.environ.get("BUSWATCH_CHROMIUM", "chromium")) or (
    None if "BUSWATCH_CHROMIUM" in os.environ else shutil.which("/usr/bin/chromium")
)
"""The browser of this machine, if any."""
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-features=LocalNetworkAccessChecks",  # edited answers seem to come from afar
]


@contextmanager
def fake_api(buses: int = 1_058, times: float = 1.0) -> Iterator[str]:
    """The address of a made-up API and the page, with so many buses, so many times as fast as life."""
    command = [str(NODE), str(REPOSITORY / "web/dev/fake-api.mjs"), "0", str(buses), str(times)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, which draws WebGL with the processor."""
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(NODE)  # its own needs a library that a bare machine lacks
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()
