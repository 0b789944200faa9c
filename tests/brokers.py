"""Real brokers for the tests: the embedded one always, mosquitto where the machine has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from buswatch.embedded_broker import broker_kinds, start_broker
from ingest.mqtt import Broker


@pytest.fixture(params=broker_kinds())
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    """Each kind of broker in turn, started for one test."""
    child, address = await start_broker(tmp_path, request.param)
    yield address
    await child.stop()
