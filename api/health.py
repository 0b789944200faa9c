"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import schemas
from api.answers import Json
from api.context import Check, Context
from api.problems import problem
from fleet.clock import SECOND_MS
from fleet.errors import Unavailable

FRAME_AGE_MS = 5 * SECOND_MS
"""Frames come once a second; an older one means that the monitor or the broker is away."""


def health_routes(context: Context) -> APIRouter:
    """Liveness and readiness."""
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live", summary="The process is up", response_model=schemas.Alive)
    async def live() -> Response:
        return Json({"alive": True})

    @router.get("/ready", summary="The process can serve", response_model=schemas.Readiness)
    async def ready(request: Request) -> Response:
        """503 with the reasons when it cannot."""
        parts = {**context.checks, "frames": lambda: _frames(context), "monitor": lambda: _monitor(context)}
        reasons = await asyncio.gather(*(_reason(check) for check in parts.values()))
        checks = {
            name: {"ok": reason is None, "reason": reason}
            for name, reason in zip(parts, reasons, strict=True)
        }
        if any(reasons):
            detail = "; ".join(
                f"{name}: {check['reason']}" for name, check in checks.items() if check["reason"]
            )
            return problem(request, 503, detail, ready=False, checks=checks)
        return Json({"ready": True, "checks": checks})

    return router


async def _reason(check: Check) -> str | None:
    """Why the part does not work, or None when it does."""
    try:
        await check()
    except Unavailable as error:
        return str(error)
    return None


async def _frames(context: Context) -> None:
    age_ms = context.hub.frame_age_ms
    if age_ms is None:
        raise Unavailable("no live frame has come yet")
    if age_ms > FRAME_AGE_MS:
        raise Unavailable(f"the last live frame came {age_ms / SECOND_MS:.0f} s ago")


async def _monitor(context: Context) -> None:
    if context.hub.stalled is not None:
        raise Unavailable(f"nothing is committed at present: {context.hub.stalled}")
