"""Metrics in the text format of Prometheus."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from fleet.clock import DAY_MS
from storage.retention import Retention, delete_expired
from tests.api.conftest import NOW_MS, Room
from tests.scenes import track


async def test_metrics_tell_what_was_deleted_and_when(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(range(60)))
    later_ms = NOW_MS + 20 * DAY_MS
    await delete_expired(room.database, Retention(positions_days=10), later_ms)
    answer = await client.get("/api/v1/metrics")
    assert answer.status_code == 200
    samples = {
        (sample.name, sample.labels.get("what")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["buswatch_retention_deleted_total", "positions"] in (1, 60)
    assert samples["buswatch_retention_keep_days", "positions"] == 10
    assert samples["buswatch_retention_ran_timestamp_seconds", "alerts"] == later_ms / 1_000
