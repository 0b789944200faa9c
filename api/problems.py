"""Errors as people and programs get them: problem details (RFC 9457), one shape for all.

HTTP codes live here alone; the other rooms raise the errors of ``fleet.errors``.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fleet.errors import BadInput, BuswatchError, Conflict, NotFound, Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2

_STATUS: dict[type[BuswatchError], int] = {BadInput: 422, NotFound: 404, Conflict: 409, Unavailable: 503}
_DOCUMENTED = {
    "404": "Not on record.",
    "409": "Somebody else changed it first, or its state does not allow the act.",
    "422": "The request cannot be used; `errors` says where.",
    "503": "A part that the answer needs does not answer now; try again later.",
}


class Flaw(BaseModel):
    """One thing wrong with a request."""

    where: str = Field(description="The part of the request, such as `query.limit`")
    what: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "alert 'B0001.speeding.1790000000000' is at version 4 by now, not 3",
                    "instance": "/api/v1/alerts/B0001.speeding.1790000000000/close",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Flaw] | None = Field(default=None, description="For 422 only")


def problem(
    request: Request, status: int, detail: str, *, headers: dict[str, str] | None = None, **extension: Any
) -> Response:
    """A problem response; ``extension`` members are added to the standard ones."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    } | extension
    return Response(msgspec.json.encode(body), status, headers, MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Have every error of ``app`` answered as a problem, and said so in its OpenAPI."""

    async def on_ours(request: Request, error: Exception) -> Response:
        kind = next((known for known in _STATUS if isinstance(error, known)), None)
        if kind is None:
            return await on_bug(request, error)
        headers = {"Retry-After": str(RETRY_AFTER_S)} if kind is Unavailable else None
        return problem(request, _STATUS[kind], str(error), headers=headers)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers) if error.headers else None
        return problem(request, error.status_code, error.detail, headers=headers)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        flaws = [
            {"where": ".".join(str(part) for part in flaw["loc"]), "what": flaw["msg"]}
            for flaw in error.errors()
        ]
        detail = "; ".join(f"{flaw['where']}: {flaw['what']}" for flaw in flaws)
        return problem(request, 422, detail, errors=flaws)

    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(request, 500, "Something went wrong inside Buswatch; its log says what.")

    app.add_exception_handler(BuswatchError, on_ours)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_bug)
    app.openapi = lambda: _documented(app)  # type: ignore[method-assign]  # FastAPI's way to extend it


def _documented(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI of ``app``, with problems in place of FastAPI's own error schema."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = schema["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Flaw"] = Flaw.model_json_schema()
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas["Problem"].pop("$defs", None)
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path in schema["paths"].values():
            for operation in path.values():
                for status, description in _DOCUMENTED.items():
                    operation["responses"][status] = {"description": description, "content": content}
        app.openapi_schema = schema
    return app.openapi_schema
