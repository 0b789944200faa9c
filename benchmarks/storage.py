"""How fast the questions of people are answered over a hundred million stored positions.

Run it with `make bench-storage`, on a quiet machine with 20 GB of free disk. The positions are made by the
database itself, day after day as buses would send them: one bus reports every second of a month, the others
four hours a day. The questions go through the product's own classes; the first answer of each is from a
server that was just started, the others are what it remembers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec
import psycopg

from fleet.clock import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, parse_time
from storage.alerts import AlertBook
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.positions import Tracks
from storage.registry import import_registry
from tests.scenes import registry
from tests.servers import has_postgres, new_postgres
from tests.storage.records import alert

BUSES = 1_058
DAYS = 30
ALERTS = 500_000
"""Of three years, one in three minutes; one in a thousand is of the rarest rule."""
START_MS = parse_time("2026-09-01T00:00:00+08:00")
_SETTINGS = {"shared_buffers": "2GB", "max_wal_size": "8GB", "synchronous_commit": "off"}
_AGAIN = 7
_ALERTS = b"""
INSERT INTO alert
SELECT 'A' || n, 'B' || n %% 1058 + 1,
       CASE WHEN n %% 1000 = 0 THEN 'substitute' WHEN n %% 3 = 0 THEN 'deviation' ELSE 'speeding' END,
       CASE WHEN n %% 10 = 0 THEN 'critical' ELSE 'warning' END,
       CASE WHEN n > %(alerts)s - 2000 THEN 'open' ELSE 'closed' END, at, at, at + interval '1 min',
       114.3, 30.6, false, %(evidence)s::jsonb, 1, at
FROM generate_series(1, %(alerts)s) AS n,
     LATERAL (SELECT %(end)s::timestamptz - (%(alerts)s - n) * interval '3 min') AS moment (at)
"""
_DAY = """
INSERT INTO position
SELECT key, at, 114.3 + 0.05 * sin(extract(epoch FROM at)::float8 / 900 + key),
       30.6 + 0.05 * cos(extract(epoch FROM at)::float8 / 700 + key), 36, 90, 5, 11, 0, at
FROM (
    SELECT %(first)s AS key, at
    FROM generate_series(%(day)s, %(day)s + interval '86399 s', interval '1 s') AS at
    UNION ALL
    SELECT key, at FROM unnest(%(others)s::int[]) AS key,
           generate_series(%(day)s + interval '7 h', %(day)s + interval '11 h', %(every)s) AS at
) AS fix ORDER BY at, key
"""


def main() -> None:
    """Build, ask, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000_000)
    options.add_argument("--postgres", choices=("embedded", "timescale"))
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    kind = chosen.postgres or ("timescale" if has_postgres("timescale") else "embedded")
    folder = Path(tempfile.mkdtemp(prefix="bw-", dir="/var/tmp"))
    try:
        with new_postgres(kind, folder / "pg", _SETTINGS) as server:
            rows, seconds = asyncio.run(build(server, chosen.rows))
            server.stop()
            server.start()
            answers = asyncio.run(ask(server.dsn))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if chosen.json:
        print(json.dumps({"rows": rows, "postgres": kind, "answers": answers}))
        return
    print(f"{rows:,} positions of {BUSES:,} buses, {kind}, built in {seconds:.0f} s")
    print(f"{'question':<58}{'first ms':>10}{'again ms':>10}{'found':>10}")
    for what, (first, again, found) in answers.items():
        print(f"{what:<58}{first:>10.1f}{again:>10.1f}{found:>10,}")


async def build(server: EmbeddedPostgres, rows: int) -> tuple[int, float]:
    """The schema and so many positions; how many they are, and the seconds it took."""
    async with Database(server.dsn) as database:
        await migrate(database)
        await import_registry(database, registry(buses=BUSES))
    began = perf_counter()
    others = max(rows - DAYS * 86_400, 0) / (BUSES - 1) / DAYS
    every_s = max(4 * 3_600 / max(others, 1.0), 1.0)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        keys = [key for (key,) in connection.execute("SELECT bus_key FROM bus ORDER BY bus_key")]
        for day in range(DAYS):
            begins = f"{(START_MS + day * DAY_MS) / 1_000}"
            values = {"first": keys[0], "others": keys[1:], "every": f"{every_s} s"}
            connection.execute(_DAY.replace("%(day)s", f"to_timestamp({begins})").encode(), values)
        why = msgspec.json.encode(alert().evidence).decode()
        end = from_ms(START_MS + DAYS * DAY_MS)
        connection.execute(_ALERTS, {"alerts": ALERTS, "evidence": why, "end": end})
        connection.execute("VACUUM ANALYZE position, alert")
        (count,) = connection.execute("SELECT count(*) FROM position").fetchone() or (0,)
    return int(count), perf_counter() - began


async def ask(dsn: str) -> dict[str, tuple[float, float, int]]:
    """Each question: milliseconds the first time, the median of the next, and how much was found."""
    day_ms, month_ms = START_MS + 12 * DAY_MS, DAYS * DAY_MS
    half_past_seven = day_ms + 7 * HOUR_MS + 30 * MINUTE_MS
    async with Database(dsn) as database:
        tracks = Tracks(database)
        await database.answers()

        async def count(found: Awaitable[Sequence[object]]) -> int:
            return len(await found)

        async def last() -> int:
            return len((await tracks.last())[0])

        async def day() -> int:
            return len((await tracks.way("B1", day_ms, day_ms + DAY_MS - 1, 100_000))[0])

        async def thinned(bus: str, to_ms: int) -> int:
            return len((await tracks.thinned(bus, START_MS, to_ms, 2_000))[0])

        async def near() -> int:
            box = (114.29, 30.59, 114.31, 30.61)
            return len(
                (await tracks.in_box(half_past_seven, half_past_seven + 10 * MINUTE_MS, box, 200_000))[0]
            )

        async def hours(bus: str | None, from_ms: int, days: int) -> int:
            return len(await tracks.hours(bus, from_ms, from_ms + days * DAY_MS, 1_000_000))

        questions: dict[str, Callable[[], Awaitable[int]]] = {
            "the last position of every bus": last,
            "a day of a bus at a fix a second": day,
            "a month of it (2.6 million fixes) in 2,000": lambda: thinned("B1", START_MS + month_ms),
            "a month of a bus that drives four hours a day in 2,000": lambda: thinned(
                "B2", START_MS + month_ms
            ),
            "a week of it in 2,000": lambda: thinned("B2", START_MS + 7 * DAY_MS),
            "who was in a square of 2 km within ten minutes": near,
            "the hours of a month of that bus (2.6 million fixes)": lambda: hours("B1", START_MS, DAYS),
            "the hours of a day of every bus (3.3 million fixes)": lambda: hours(None, day_ms, 1),
        }
        book = AlertBook(database)
        questions |= {
            "the newest 100 alerts of 500,000": lambda: count(book.page(limit=100)),
            "100 open ones that are critical": lambda: count(
                book.page(status="open", severity="critical", limit=100)
            ),
            "100 of the rarest rule": lambda: count(book.page(rule="substitute", limit=100)),
            "a month's of a bus": lambda: count(
                book.page(bus_id="B7", from_ms=START_MS, to_ms=START_MS + month_ms, limit=100)
            ),
        }
        answers = {}
        for what, question in questions.items():
            times = []
            found = 0
            for _ in range(1 + _AGAIN):
                began = perf_counter()
                found = await question()
                times.append((perf_counter() - began) * 1_000)
            answers[what] = (times[0], median(times[1:]), found)
    return answers


if __name__ == "__main__":
    main()
