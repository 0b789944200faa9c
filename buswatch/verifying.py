"""``buswatch verify``: is a saved evidence what was issued, and is it what is on file now?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import time_ns
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from api.evidence import evidence_of
from buswatch.evidence_file import EvidenceFile, covered, differences, read_evidence
from buswatch.web import ports_on
from fleet.errors import BadInput, BadSetting, NotFound, Unavailable
from storage.database import Database

OnFile = Callable[[str], Awaitable[dict[str, Any]]]
"""The evidence of an alert as it is on file now; ``NotFound``, ``Unavailable``."""

TRUE, ALTERED, UNCHECKED = 0, 1, 2
"""Exit statuses: as issued (and as on file); altered, or not as on file; it could not be checked."""
_MOST_SHOWN = 20


async def verify(files: Sequence[Path], *, against: str | None, database_url: str) -> int:
    """Print the verdict on each file and return the gravest exit status.

    ``against`` is the address of an API that has the record; else a ``database_url`` names the database;
    with neither a file is held against its own digest alone.
    """
    async with _record(against, database_url) as on_file:
        return _gravest([await _verify_one(file, on_file) for file in files])


async def _verify_one(file: Path, on_file: OnFile | None) -> int:
    try:
        evidence = read_evidence(await asyncio.to_thread(file.read_bytes))
    except OSError as error:
        return _unchecked(file, f"it cannot be read: {error.strerror}")
    except BadInput as error:
        return _unchecked(file, str(error))
    _print_verdict(file, evidence)
    status = TRUE if evidence.unaltered else ALTERED
    if on_file is None:
        return status
    try:
        found = await on_file(evidence.alert_id)
    except NotFound as error:
        print(f"   not as on file: {error}")
        return ALTERED
    except Unavailable as error:
        return _gravest([status, _unchecked(file, f"what is on file cannot be asked: {error}")])
    return _gravest([status, _print_comparison(evidence, found)])


def _print_verdict(file: Path, evidence: EvidenceFile) -> None:
    document, alert = evidence.document, evidence.document["alert"]
    bus = document.get("bus") or {}
    if evidence.unaltered:
        print(f"真 TRUE     {file}")
        print(f"   digest {evidence.found}")
        print("   not changed since this digest was taken: hold it against the one that is printed")
    else:
        print(f"假 ALTERED  {file}")
        print(f"   digest stated {evidence.stated}")
        print(f"   digest found  {evidence.found}")
        print("   something in it was changed after the digest was taken")
    told = [alert["alert_id"], bus.get("plate"), alert.get("rule"), alert.get("started_at")]
    print(f"   alert {', '.join(str(one) for one in told if one is not None)}")
    print(f"   made {document.get('made_at')} by {document.get('software')}; the digest does not cover when")


def _print_comparison(evidence: EvidenceFile, found: dict[str, Any]) -> int:
    places = list(differences(covered(evidence.document), covered(found)))
    if not places:
        print("   as on file now: alert, handling, approval and every fix are the same")
        return TRUE
    print(f"   not as on file now, in {len(places)} place{'s' if len(places) > 1 else ''}:")
    for place in places[:_MOST_SHOWN]:
        print(f"     {place}")
    if len(places) > _MOST_SHOWN:
        print(f"     and {len(places) - _MOST_SHOWN} more")
    return ALTERED


def _gravest(statuses: Sequence[int]) -> int:
    return next((status for status in (ALTERED, UNCHECKED) if status in statuses), TRUE)


def _unchecked(file: Path, why: str) -> int:
    print(f"buswatch: {file}: {why}", file=sys.stderr)
    return UNCHECKED


@asynccontextmanager
async def _record(against: str | None, database_url: str) -> AsyncIterator[OnFile | None]:
    """Where to ask for what is on file; None where nothing is named."""
    if against is not None:
        if urlsplit(against).scheme not in ("http", "https"):
            raise BadSetting(f"--against {against!r}: write the address of the API as http://host:8000")
        async with httpx.AsyncClient(base_url=against.rstrip("/"), timeout=60) as client:
            yield lambda alert_id: _ask(client, alert_id)
    elif database_url:
        async with Database(database_url) as database:
            yield lambda alert_id: _look_up(database, alert_id)
    else:
        yield None


async def _ask(client: httpx.AsyncClient, alert_id: str) -> dict[str, Any]:
    try:
        answer = await client.get(f"/api/v1/alerts/{quote(alert_id, safe='')}/evidence")
        answer.raise_for_status()
        return read_evidence(answer.content).document
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(f"there is no alert {alert_id!r}") from error
        raise Unavailable(f"{client.base_url} answers {error.response.status_code}") from error
    except httpx.HTTPError as error:
        raise Unavailable(f"{client.base_url} does not answer: {error}") from error
    except BadInput as error:
        raise Unavailable(f"{client.base_url} answers with something else: {error}") from error


async def _look_up(database: Database, alert_id: str) -> dict[str, Any]:
    ports = ports_on(database)
    try:
        _, registry = await ports.record.registry()
    except NotFound as error:
        raise Unavailable(str(error)) from error
    return await evidence_of(alert_id, ports, registry.tz, time_ns() // 1_000_000)
