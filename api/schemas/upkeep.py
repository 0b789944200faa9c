"""What was rejected, and whether all parts work."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.base import Model


class RejectedMessage(Model):
    """A message, or an item of one, that could not become a fix."""

    topic: str
    payload: str = Field(description="As text; bytes that are no UTF-8 are shown as \\xNN")
    item: int | None = Field(description="Place in the array of fixes; null for the whole message")
    reason: str
    detail: str
    first_received: datetime
    last_received: datetime
    times: int


class RejectedMessages(Model):
    """The newest, and how many of each reason."""

    counts: dict[str, int] = Field(description="Distinct rejects by reason", examples=[{"not_json": 2}])
    items: list[RejectedMessage]


class Alive(Model):
    """The process is up."""

    alive: Literal[True]


class Check(Model):
    """One part that answers depend on."""

    ok: bool
    reason: str | None


class Readiness(Model):
    """All parts work."""

    ready: Literal[True]
    checks: dict[str, Check]
