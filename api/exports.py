"""A bus's track as a file to take away: every fix of the span, written page by page as it is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray
from starlette.responses import Response, StreamingResponse

from api.accesses import StatedName, record_access
from api.answers import BusId, Moment
from api.context import Context
from api.track_files import FORMS, Form, TrackFile
from api.tracks import read_span
from fleet.clock import DAY_MS, from_ms
from fleet.errors import BadInput
from fleet.fixes import Fixes

LONGEST_MS = 31 * DAY_MS
PAGE = 5_000
"""Fixes in memory at a time: a day of 86,400 takes no more room than an hour."""

Page = tuple[Fixes, NDArray[np.int16]]


def export_routes(context: Context) -> APIRouter:
    """The track files."""
    router = APIRouter(tags=["tracks"])

    @router.get(
        "/buses/{bus_id}/track.{form}",
        summary="A bus's track as a file: every fix with its marks",
        response_class=Response,
        responses={
            200: {"description": "The file", "content": {file.media_type: {} for file in FORMS.values()}}
        },
    )
    async def export(
        bus_id: BusId,
        form: Form,
        from_: Annotated[
            Moment, Query(alias="from", description="Included; an hour before `to` if left out")
        ] = None,
        to: Annotated[
            Moment, Query(description="Included; now if left out; 31 days after `from` at most")
        ] = None,
        by: StatedName = None,
    ) -> Response:
        begins_ms, ends_ms = read_span(from_, to, context)
        if ends_ms - begins_ms > LONGEST_MS:
            raise BadInput("query.to: must lie within 31 days after `from`")
        first = await context.ports.tracks.track(bus_id, begins_ms, ends_ms, PAGE)
        await record_access(context, "export", by, bus_id, begins_ms, ends_ms)
        _, registry = await context.ports.record.registry()
        row = registry.bus_rows.get(bus_id)
        file = FORMS[form](bus_id, "" if row is None else registry.buses[row].plate, context.zone)
        name = f"{bus_id}_{_stamp(begins_ms, context)}_{_stamp(ends_ms, context)}.{form}"
        return StreamingResponse(
            _body(file, first, context, bus_id, ends_ms),
            media_type=file.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return router


async def _body(
    file: TrackFile, first: Page, context: Context, bus_id: str, ends_ms: int
) -> AsyncIterator[bytes]:
    """The file in parts. When the database goes away the connection breaks off, so that half is not taken
    for the whole.
    """
    yield file.head()
    fixes, quality = first
    while len(fixes):
        yield await asyncio.to_thread(file.part, fixes, quality)
        if len(fixes) < PAGE:
            break
        next_ms = int(fixes.time_ms[-1]) + 1
        fixes, quality = await context.ports.tracks.track(bus_id, next_ms, ends_ms, PAGE)
    yield file.tail()


def _stamp(ms: int, context: Context) -> str:
    return from_ms(ms, context.zone).strftime("%Y%m%dT%H%M%S")
