"""What a monitoring system reads, in the text format of Prometheus (its own client library writes it)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.responses import Response

from api.context import Context
from api.ports import Deleted
from fleet.clock import SECOND_MS


def metric_routes(context: Context) -> APIRouter:
    """The metrics."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics() -> Response:
        rejected = await context.ports.rejects.counts()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(
            _Metrics(await context.ports.retention.deleted(), rejected, context.hub.frame_age_ms)
        )
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


class _Metrics:
    """What is known at the moment of asking."""

    def __init__(
        self, deleted: Sequence[Deleted], rejected: dict[str, int], frame_age_ms: int | None
    ) -> None:
        self._deleted = deleted
        self._rejected = rejected
        self._frame_age_ms = frame_age_ms

    def collect(self) -> Iterator[Metric]:
        """The families of metrics."""
        labels = ["what", "unit"]
        gone = CounterMetricFamily(
            "buswatch_retention_deleted", "Deleted because its time was up.", labels=labels
        )
        ran = GaugeMetricFamily(
            "buswatch_retention_ran_timestamp_seconds", "When it was last looked for.", labels=["what"]
        )
        keep = GaugeMetricFamily("buswatch_retention_keep_days", "For how long it is kept.", labels=["what"])
        for kind in self._deleted:
            gone.add_metric([kind.what, kind.unit], kind.deleted)
            ran.add_metric([kind.what], kind.ran_ms / SECOND_MS)
            keep.add_metric([kind.what], kind.keep_days)
        rejected = GaugeMetricFamily(
            "buswatch_rejected_rows", "Distinct messages on the shelf of rejects.", labels=["reason"]
        )
        for reason, count in self._rejected.items():
            rejected.add_metric([reason], count)
        yield from (gone, ran, keep, rejected)
        if self._frame_age_ms is not None:
            age = GaugeMetricFamily(
                "buswatch_live_frame_age_seconds", "Age of the monitor's newest live frame."
            )
            age.add_metric([], self._frame_age_ms / SECOND_MS)
            yield age
