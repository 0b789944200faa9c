"""The command line of Buswatch."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

import uvloop

from buswatch.children import end_with_parent
from buswatch.options import (
    demo_options,
    evaluate_options,
    import_options,
    record_options,
    rehearse_options,
    replay_options,
    simulate_options,
    verify_options,
)
from buswatch.settings import LOG_LEVELS, Settings, read_settings
from fleet.errors import BadInput, BadSetting, BuswatchError
from fleet.parameters import read_setting

Command = Callable[[argparse.Namespace], Awaitable[int | None]]
Options = Callable[[argparse.ArgumentParser], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit status: 0 done, 1 failed, 2 wrongly called."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is _evaluate and options.truth and None in (options.from_ms, options.to_ms):
        parser.error(
            "the alerts on file are held against a truth file from a moment on (--from) to another (--to)"
        )
    end_with_parent()
    command: Command = options.command
    try:
        _log_at(options.log_level or read_settings().log_level)
        return uvloop.run(_until_told(command(options)))
    except (BuswatchError, ExceptionGroup) as raised:
        error = _first_of_ours(raised)
        if error is None:
            raise
        print(f"buswatch: {error}", file=sys.stderr)
        return 2 if isinstance(error, BadSetting | BadInput) else 1


def _log_at(level: str) -> None:
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it says every request


def _first_of_ours(raised: Exception) -> BuswatchError | None:
    """The error that was raised on purpose, alone or as the first in what a task group raised."""
    if isinstance(raised, ExceptionGroup):
        return next(filter(None, map(_first_of_ours, raised.exceptions)), None)
    return raised if isinstance(raised, BuswatchError) else None


async def _until_told(work: Awaitable[int | None]) -> int:
    """The command's result; SIGINT and SIGTERM cancel it, which is a good end."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task or 0
    except asyncio.CancelledError:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="buswatch",
        description="School-bus GPS monitoring: every fix against the approved route and the limit in force.",
    )
    parser.add_argument("--log-level", choices=LOG_LEVELS, help="how much to say")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, options, about in _COMMANDS:
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(command=run)
        if options is not None:
            options(command)
        if run is not _demo:
            _add_settings(command)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Options for the settings; what is not given comes from the environment."""
    group = parser.add_argument_group("settings (or the environment variable BUSWATCH_<NAME>)")
    for name, setting in Settings.model_fields.items():
        if name != "log_level":
            group.add_argument(f"--{name.replace('_', '-')}", metavar="…", help=setting.description)


def _settings(options: argparse.Namespace) -> Settings:
    given = {name: getattr(options, name, None) for name in Settings.model_fields}
    return read_settings(**{name: value for name, value in given.items() if value is not None})


async def _demo(options: argparse.Namespace) -> int:
    from buswatch.demo import Demo

    return await Demo(
        buses=options.buses,
        interval_s=options.interval,
        port=options.port,
        seed=options.seed,
        for_s=options.for_s,
        as_json=options.json,
    ).run()


async def _serve(options: argparse.Namespace) -> None:
    from buswatch.monitor import run_monitor
    from buswatch.web import run_api

    settings = _settings(options)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_monitor(settings), name="monitor")
        tasks.create_task(run_api(settings), name="api")


async def _monitor(options: argparse.Namespace) -> None:
    from buswatch.monitor import run_monitor

    await run_monitor(_settings(options))


async def _api(options: argparse.Namespace) -> None:
    from buswatch.web import run_api

    await run_api(_settings(options))


async def _migrate(options: argparse.Namespace) -> None:
    from storage.database import Database
    from storage.migrate import migrate

    async with Database(_settings(options).required_database_url()) as database:
        await migrate(database)


async def _import(options: argparse.Namespace) -> None:
    from buswatch.records import import_files

    await import_files(_settings(options), options.registry, options.base_map)


async def _simulate(options: argparse.Namespace) -> None:
    from buswatch.simulation import Drive, chosen_scenario, drive, write_city, write_recording
    from simulators.scenario import Simulation

    scenario, for_s = chosen_scenario(
        options.scenario,
        start_ms=options.start,
        for_s=options.for_s,
        seed=options.seed,
        buses=options.buses,
        interval_s=options.interval,
        map_file=options.map,
    )
    plan = Drive(scenario, for_s, options.truth, options.summary)
    if options.write_city:
        write_city(Simulation(scenario), options.write_city)
    if options.write:
        write_recording(plan, options.write)
    if not (options.write or options.write_city):
        await drive(_settings(options), plan)


async def _replay(options: argparse.Namespace) -> None:
    from buswatch.replaying import Source, replay
    from simulators.recordings.files import FORMS
    from simulators.replay import Plan

    if options.form is not None and options.form not in FORMS:
        raise BadInput(f"{options.form!r} is no format; they are {', '.join(FORMS)}")
    plan = Plan(
        speed=options.speed,
        from_ms=options.from_ms,
        to_ms=options.to_ms,
        bus_ids=frozenset(options.bus),
        loop=options.loop,
        to_now=options.times == "now",
    )
    source = Source(options.file, options.form, options.zone, options.skip_bad)
    await replay(_settings(options), source, plan, connections=options.connections, dry_run=options.dry_run)


async def _record(options: argparse.Namespace) -> None:
    from buswatch.replaying import EVERY_POSITION, record

    await record(_settings(options), options.file, options.topic or EVERY_POSITION, options.for_s)


async def _evaluate(options: argparse.Namespace) -> int:
    from buswatch.evaluation import evaluate_stored

    if options.truth is None:
        return _evaluate_simulated(options)
    return await evaluate_stored(
        _settings(options), options.truth, options.from_ms, options.to_ms, as_json=options.json
    )


def _evaluate_simulated(options: argparse.Namespace) -> int:
    from buswatch.accuracy import SCENARIOS, Trials, evaluate_simulated
    from simulators.receiver import NOISES
    from simulators.scenario_file import read_scenario

    for name in options.scenarios:
        if name not in SCENARIOS:
            read_scenario(name)  # an hour later is too late to say that there is none
    strange = [word for word in options.noise if word not in NOISES]
    if strange:
        raise BadInput(f"{', '.join(strange)}: write some of {','.join(NOISES)}")
    trials = Trials(
        options.scenarios, options.seeds, options.sampling, options.noise, options.buses, options.seconds
    )
    return evaluate_simulated(trials, as_json=options.json, pictures=options.pictures)


async def _rehearse(options: argparse.Namespace) -> int:
    from buswatch.rehearsal import Files, rehearse_files, rehearse_stored

    changed = dict(read_setting(text) for text in options.changed)
    if options.fixes and options.routes:
        given = Files(options.fixes, options.routes, options.assignments, options.zone, options.skip_bad)
        return rehearse_files(given, changed, options.rules, as_json=options.json)
    if options.from_ms is None or options.to_ms is None or options.fixes or options.routes:
        raise BadInput("rehearse needs --fixes and --routes (files), or --from and --to (the database)")
    return await rehearse_stored(
        _settings(options), changed, options.rules, options.from_ms, options.to_ms, options.bus,
        as_json=options.json,
    )  # fmt: skip


async def _verify(options: argparse.Namespace) -> int:
    from buswatch.verifying import verify

    database_url = _settings(options).database_url
    return await verify(options.files, against=options.against, database_url=database_url)


_COMMANDS: tuple[tuple[str, Command, Options | None, str], ...] = (
    ("demo", _demo, demo_options, "a simulated city, live, with nothing to install"),
    ("serve", _serve, None, "monitor and API in one process, on your broker and database"),
    ("monitor", _monitor, None, "take positions from the broker to the database and raise alerts"),
    ("api", _api, None, "the page, the REST API and the live stream"),
    ("migrate", _migrate, None, "bring the database's schema to this release"),
    ("import", _import, import_options, "put a registry on record"),
    ("simulate", _simulate, simulate_options, "drive a simulated fleet on a broker"),
    (
        "replay",
        _replay,
        replay_options,
        "play recorded positions to a broker again: CSV, JSON Lines, OwnTracks, GPX, GTFS-Realtime",
    ),
    ("record", _record, record_options, "write what buses send to a file, to be replayed"),
    (
        "rehearse",
        _rehearse,
        rehearse_options,
        "judge traces from files, or stored ones again; writes nothing",
    ),
    (
        "evaluate",
        _evaluate,
        evaluate_options,
        "hold alerts against the truth: those on file, or those that the rules find in simulated fleets",
    ),
    ("verify", _verify, verify_options, "is saved evidence what was issued, and what is on file now?"),
)
"""Each command with its options and what it is for, in the order of the help."""
