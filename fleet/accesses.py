"""Who looked at which track: kept because a track of pupils is sensitive (个人信息保护法 art. 28)."""

from __future__ import annotations

from typing import Literal, NamedTuple

AccessKind = Literal["view", "export"]


class Access(NamedTuple):
    """One look at the track of one bus."""

    at_ms: int
    """When it was handed out, epoch milliseconds."""
    by: str | None
    """Who asked, as they named themselves: nothing proves it. None when no name was given."""
    what: AccessKind
    bus_id: str
    from_ms: int
    """The span that was asked for, both ends included."""
    to_ms: int
