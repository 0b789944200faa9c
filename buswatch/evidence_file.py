"""Evidence as somebody brings it in a file: read, its digest taken anew, and held against another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from api.evidence import FORMAT, OUTSIDE
from fleet.digest import digest_of
from fleet.errors import BadInput

_NAMED_BY = {"fixes": "time", "history": "seq"}
"""Lists whose entries have a name of their own: one that is missing shifts no other."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A document with the digest that it states and the one that its content has."""

    document: dict[str, Any]
    stated: str
    found: str

    @property
    def unaltered(self) -> bool:
        """Whether the content is the one that the digest was taken of."""
        return self.stated == self.found

    @property
    def alert_id(self) -> str:
        return str(self.document["alert"]["alert_id"])


def read_evidence(raw: bytes) -> EvidenceFile:
    """The evidence in a file's bytes; ``BadInput`` says why it is none."""
    try:
        document = json.loads(raw, object_pairs_hook=_without_doubles)
    except RecursionError as error:
        raise BadInput("it is no evidence: it is nested too deeply") from error
    except ValueError as error:
        raise BadInput(f"it is no evidence: it is not JSON ({error})") from error
    kind = document.get("format") if isinstance(document, dict) else None
    if not isinstance(kind, str) or not kind.startswith(FORMAT.partition("/")[0] + "/"):
        raise BadInput('it is no evidence: it does not say `"format": "buswatch-evidence/…"`')
    if kind != FORMAT:
        raise BadInput(f"it is evidence of the format {kind!r}; this release reads {FORMAT!r}")
    alert = document.get("alert")
    if not isinstance(document.get("digest"), str):
        raise BadInput("it states no digest")
    if not isinstance(alert, dict) or not isinstance(alert.get("alert_id"), str):
        raise BadInput("it names no alert")
    return EvidenceFile(document, document["digest"], digest_of(covered(document)))


def covered(document: dict[str, Any]) -> dict[str, Any]:
    """What of a document its digest covers."""
    return {name: value for name, value in document.items() if name not in OUTSIDE}


def differences(brought: object, on_file: object, where: str = "") -> Iterator[str]:
    """Each place in which two JSON values differ, and how."""
    if isinstance(brought, dict) and isinstance(on_file, dict):
        for name in dict.fromkeys([*brought, *on_file]):
            place = f"{where}.{name}" if where else str(name)
            if name not in on_file:
                yield f"{place}: in the file alone"
            elif name not in brought:
                yield f"{place}: on file alone"
            else:
                yield from differences(brought[name], on_file[name], place)
    elif isinstance(brought, list) and isinstance(on_file, list):
        yield from _differing_entries(brought, on_file, where)
    elif brought != on_file or isinstance(brought, bool) is not isinstance(on_file, bool):
        yield f"{where}: the file has {_shown(brought)}, on file is {_shown(on_file)}"


def _differing_entries(brought: list[Any], on_file: list[Any], where: str) -> Iterator[str]:
    if len(brought) != len(on_file):
        yield f"{where}: the file has {len(brought)}, on file are {len(on_file)}"
    mine, theirs = _by_name(brought, on_file, _NAMED_BY.get(where))
    if list(mine) != list(theirs) and set(mine) == set(theirs):
        yield f"{where}: in another order than on file"
    for name in dict.fromkeys([*mine, *theirs]):
        place = f"{where}[{name}]"
        if name not in theirs:
            yield f"{place}: in the file alone"
        elif name not in mine:
            yield f"{place}: on file alone"
        else:
            yield from differences(mine[name], theirs[name], place)


def _by_name(
    brought: list[Any], on_file: list[Any], name: str | None
) -> tuple[dict[object, Any], dict[object, Any]]:
    """The entries by their own name, where each has one that is no other's in its list; else by place."""
    named = []
    for entries in (brought, on_file):
        names = [entry.get(name) if isinstance(entry, dict) else None for entry in entries]
        if len({one for one in names if isinstance(one, str | int)}) < len(names):
            return dict(enumerate(brought)), dict(enumerate(on_file))
        named.append(dict(zip(names, entries, strict=True)))
    return named[0], named[1]


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object, refused when it has a name twice: two readers could then read two things."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadInput(f"it has {next(n for n in names if names.count(n) > 1)!r} twice in one object")
    return found
