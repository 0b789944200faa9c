"""``python -m tests.faults``: exit status 0 when every fix and every alert is accounted for."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict

import uvloop

from buswatch.embedded_broker import broker_kinds
from fleet.errors import Unavailable
from tests.faults.load import Fleet
from tests.faults.plan import KINDS, Kind
from tests.faults.run import Options, Report, run
from tests.servers import POSTGRES_KINDS, has_postgres

_INTERRUPTED = 130


def main() -> int:
    """Run what the command line asks for; the exit status."""
    options, as_json = _read_options()
    logging.disable(logging.ERROR)  # of lost connections, which are what this is about

    def say(line: str) -> None:
        print(line, file=sys.stderr if as_json else sys.stdout, flush=True)

    try:
        report = uvloop.run(_until_told(options, say))
    except Unavailable as error:
        say(f"the run cannot go on: {error}")
        return 1
    except asyncio.CancelledError:
        say("stopped before its end; every process that was started is ended")
        return _INTERRUPTED
    say(table(report))
    if as_json:
        print(json.dumps({**asdict(report), "passed": report.passed}))  # noqa: T201  # the result
    return 0 if report.passed else 1


def table(report: Report) -> str:
    """The report for a terminal."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.faults.items()))
    rows = [
        ("faults", f"{sum(report.faults.values())}: {kinds}"),
        *(("left out", f"{kind}: {reason}") for kind, reason in report.left_out.items()),
        ("load", f"{report.seconds:.0f} s, all committed {report.drained_s:.1f} s after its end"),
        ("fixes published", f"{report.published:,} and {report.unacknowledged:,} not acknowledged"),
        ("  sent again", f"{report.sent_again:,} messages"),
        ("  committed", f"{report.committed:,}"),
        ("  rejected", f"{report.rejected:,} of {report.bad:,} bad ones"),
        ("  lost, unknown", f"{report.lost:,}, {report.unknown:,}"),
        ("alerts on file, expected", f"{report.alerts_on_file:,}, {report.alerts_expected:,}"),
        ("  lost, not expected", f"{report.alerts_lost:,}, {report.alerts_not_expected:,}"),
        ("monitor ended by itself", f"{report.monitor_ended_by_itself}, {report.tracebacks} tracebacks"),
        ("", "PASSED: nothing lost, nothing doubled" if report.passed else "FAILED"),
    ]
    return "\n".join(["", *(f"{name:<27}{value}" for name, value in rows)])


def _read_options() -> tuple[Options, bool]:
    parser = argparse.ArgumentParser(prog="make faults ARGS=", description=__doc__)
    parser.add_argument("--rate", type=int, default=2_000, help="fixes a second (2000)")
    parser.add_argument("--buses", type=int, help="a multiple of the rate; without it as many")
    parser.add_argument("--faults", type=int, default=30, help="how many (30)")
    parser.add_argument("--only", choices=KINDS, action="append", help="this kind of fault; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", choices=POSTGRES_KINDS, default=POSTGRES_KINDS[0])
    parser.add_argument("--broker", choices=broker_kinds(), default=broker_kinds()[0])
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("--json", action="store_true", help="the result as the one line of standard output")
    given = parser.parse_args()
    if not has_postgres(given.postgres):
        parser.error(f"no {given.postgres}: tests/install_timescale says why")
    try:
        fleet = Fleet.at(given.rate, given.buses)
    except ValueError as error:
        parser.error(str(error))
    kinds: tuple[Kind, ...] = tuple(given.only or KINDS)
    options = Options(
        fleet=fleet,
        faults=given.faults,
        seed=given.seed,
        postgres=given.postgres,
        broker=given.broker,
        kinds=kinds,
        keep=given.keep,
    )
    return options, given.json


async def _until_told(options: Options, say: Callable[[str], None]) -> Report:
    """Run to the end, or until Ctrl-C or SIGTERM; told a second time, it goes on clearing up."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(run(options, say))
    told: list[int] = []

    def stop(number: int) -> None:
        if not told:
            task.cancel()
        told.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    return await task


if __name__ == "__main__":
    sys.exit(main())
