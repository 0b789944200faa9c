"""Whose buses these are, and by which clock people read their times."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api import schemas
from api.answers import Json
from api.context import Context


def fleet_routes(context: Context) -> APIRouter:
    """The fleet as a whole."""
    router = APIRouter(tags=["fleet"])

    @router.get("/fleet", summary="The city, and the zone of its times", response_model=schemas.Fleet)
    async def fleet() -> Response:
        _, registry = await context.ports.record.registry()
        return Json({"city": registry.city, "zone": context.zone.key, "registry_version": registry.version})

    return router
