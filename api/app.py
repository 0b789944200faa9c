"""The HTTP side of Buswatch, put together."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api.accesses import access_routes
from api.alerts import alert_routes
from api.base_map import base_map_routes
from api.buses import bus_routes
from api.context import Context
from api.evidence import evidence_routes
from api.exports import export_routes
from api.fleet import fleet_routes
from api.guards import SecurityHeaders
from api.health import health_routes
from api.hours import hour_routes
from api.metrics import metric_routes
from api.orders import order_routes
from api.overview import overview_routes
from api.presence import presence_routes
from api.problems import answer_problems
from api.rejects import reject_routes
from api.routes import route_routes
from api.static import page_routes
from api.stream import live_routes
from api.timetable import timetable_routes
from api.tracks import track_routes
from api.trips import trip_routes

ROOT = "/api/v1"

_ABOUT = """School buses, their tracks and their alerts, live.

Times are RFC 3339 with an offset unless a name ends in `_ms` (epoch milliseconds, UTC). Places are
WGS-84 degrees, speeds km/h, distances metres. Every error is a problem detail (RFC 9457)."""


def create_app(context: Context, page_dir: Path) -> FastAPI:
    """The application: the API below ``/api/v1``, the built page of ``page_dir`` at ``/``.

    The composition root runs ``context.hub.run()`` beside it, and serves it with ``api.server``.
    """
    app = FastAPI(
        title="Buswatch",
        version="1",
        description=_ABOUT,
        openapi_url=f"{ROOT}/openapi.json",
        docs_url=None,  # FastAPI's viewers load their scripts from a foreign site
        redoc_url=None,
    )
    api = APIRouter(prefix=ROOT)
    for routes in (
        fleet_routes(context),
        bus_routes(context),
        track_routes(context),
        export_routes(context),
        access_routes(context),
        timetable_routes(context),
        trip_routes(context),
        presence_routes(context),
        hour_routes(context),
        overview_routes(context),
        alert_routes(context),
        evidence_routes(context),
        order_routes(context),
        route_routes(context),
        base_map_routes(context.base_map),
        reject_routes(context),
        live_routes(context.hub),
        health_routes(context),
        metric_routes(context),
    ):
        api.include_router(routes)
    app.include_router(api)
    app.include_router(page_routes(page_dir))
    answer_problems(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    tile_origins = context.base_map.origins if context.base_map else ()
    app.add_middleware(SecurityHeaders, tile_origins=tile_origins)
    return app
