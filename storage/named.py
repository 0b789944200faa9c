"""The SQL of this room, read from ``queries/*.sql`` by name.

A file holds queries that each begin with a line ``-- name: a_name``; comments below it say what the
query answers and why it is fast. Values travel as parameters only.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("queries")

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def queries(noun: str) -> dict[str, bytes]:
    """The queries of ``queries/<noun>.sql`` by name, ready for ``execute``."""
    text = (FOLDER / f"{noun}.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return {name: body.strip().encode() for name, body in zip(parts[::2], parts[1::2], strict=True)}
