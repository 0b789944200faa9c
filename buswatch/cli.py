"""The command line of Buswatch."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from buswatch.arguments import counts, duration, interval, moment, port, positive, rules, speed, words, zone
from buswatch.children import end_with_parent
from buswatch.settings import LOG_LEVELS, Settings, read_settings
from fleet.errors import BadInput, BadSetting, BuswatchError
from fleet.parameters import read_setting

Command = Callable[[argparse.Namespace], Awaitable[int | None]]


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

    demo = _command(commands, "demo", _demo, "a simulated city, live, with nothing to install")
    demo.add_argument(
        "--for", dest="for_s", type=duration, metavar="60s", help="end by itself after this long"
    )
    demo.add_argument("--json", action="store_true", help="end with one line of JSON: what was seen")
    demo.add_argument("--buses", type=positive, default=1058, metavar="N", help="registered buses (1058)")
    demo.add_argument("--interval", type=interval, default=1, metavar="1s", help="between a bus's fixes (1s)")
    demo.add_argument(
        "--port", type=port, default=8000, metavar="P", help="of the page; 0 takes a free one (8000)"
    )
    demo.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the city and all that happens in it (1)"
    )

    for name, run, about in (
        ("serve", _serve, "monitor and API in one process, on your broker and database"),
        ("monitor", _monitor, "take positions from the broker to the database and raise alerts"),
        ("api", _api, "the page, the REST API and the live stream"),
        ("migrate", _migrate, "bring the database's schema to this release"),
    ):
        _with_settings(_command(commands, name, run, about))

    load = _with_settings(_command(commands, "import", _import, "put a registry on record"))
    load.add_argument("registry", type=Path, help="JSON file of buses, drivers, approvals and assignments")
    load.add_argument("--base-map", type=Path, metavar="FILE", help="GeoJSON of roads to draw under all")

    _add_simulator(commands)
    _add_recordings(commands)
    _add_judgement(commands)
    return parser


def _add_simulator(commands: Any) -> None:
    """The command that drives a fleet."""
    simulate = _with_settings(
        _command(commands, "simulate", _simulate, "drive a simulated fleet on a broker")
    )
    simulate.add_argument(
        "--scenario",
        metavar="NAME",
        help="calm, morning-peak, first-day-of-term, bad-weather, road-closure, jamming, nation,"
        " or a TOML file of your own",
    )
    simulate.add_argument("--seed", type=int, metavar="N", help="of the city and all that happens in it (1)")
    simulate.add_argument("--buses", type=positive, metavar="N", help="registered buses (1058)")
    simulate.add_argument(
        "--map",
        type=Path,
        metavar="FILE",
        help="roads and schools of OpenStreetMap (.osm, .osm.gz, .osm.pbf)",
    )
    simulate.add_argument("--interval", type=interval, metavar="1s", help="between a bus's fixes (1s)")
    simulate.add_argument(
        "--for", dest="for_s", type=duration, metavar="60s", help="end by itself after this long"
    )
    simulate.add_argument(
        "--start", type=moment, metavar="TIME", help="the moment at which it begins (the scenario's, or now)"
    )
    simulate.add_argument("--truth", type=Path, metavar="FILE", help="write what was done wrong on purpose")
    simulate.add_argument("--summary", type=Path, metavar="FILE", help="write what was published, at the end")
    simulate.add_argument(
        "--write", type=Path, metavar="FILE", help="publish nothing; write the messages, to be replayed"
    )
    simulate.add_argument(
        "--write-city",
        type=Path,
        metavar="DIR",
        help="drive nothing; write registry, base map, waiver of a drive with the same seed, buses and start",
    )


def _add_recordings(commands: Any) -> None:
    """The commands that replay and record."""
    replay = _with_settings(
        _command(
            commands,
            "replay",
            _replay,
            "play recorded positions to a broker again: what `buswatch record` or mosquitto_sub wrote, CSV,"
            " JSON Lines, OwnTracks, GPX, GTFS-Realtime",
        )
    )
    replay.add_argument("file", type=Path, help="or, of GTFS-Realtime, a folder of files")
    replay.add_argument(
        "--format",
        dest="form",
        metavar="F",
        help="mqtt, csv, json, gpx or gtfs-realtime, if the file does not tell",
    )
    replay.add_argument(
        "--speed", type=speed, default=1.0, metavar="60", help="times the recorded one; max: no waiting"
    )
    replay.add_argument("--from", dest="from_ms", type=moment, metavar="TIME", help="of the recording")
    replay.add_argument("--to", dest="to_ms", type=moment, metavar="TIME")
    replay.add_argument(
        "--bus", action="append", default=[], metavar="B", help="this one only; may be repeated"
    )
    replay.add_argument("--loop", action="store_true", help="begin again at the end")
    replay.add_argument(
        "--times", choices=("kept", "now"), default="kept",
        help="event times as they were, or moved so that the end is now (kept)",
    )  # fmt: skip
    replay.add_argument("--dry-run", action="store_true", help="print the messages, and send none")
    replay.add_argument(
        "--connections", type=positive, default=1, metavar="N", help="to the broker; a bus keeps to one (1)"
    )
    replay.add_argument("--zone", type=zone, default="Asia/Shanghai", help="of times without an offset")
    replay.add_argument("--skip-bad", action="store_true", help="leave out rows that cannot be used")

    record = _with_settings(
        _command(commands, "record", _record, "write what buses send to a file, to be replayed")
    )
    record.add_argument("file", type=Path, help="of lines of JSON; must not be there yet")
    record.add_argument("--topic", metavar="T", help="what to listen to (every position)")
    record.add_argument(
        "--for", dest="for_s", type=duration, metavar="60s", help="end by itself after this long"
    )


def _add_judgement(commands: Any) -> None:
    """The commands that try the rules."""
    rehearse = _with_settings(
        _command(
            commands, "rehearse", _rehearse, "judge traces from files, or stored ones again; writes nothing"
        )
    )
    files = rehearse.add_argument_group("from files")
    files.add_argument("--fixes", type=Path, metavar="CSV", help="bus, time, lon, lat and what else is known")
    files.add_argument("--routes", type=Path, metavar="GEOJSON", help="a line and a route_id for each route")
    files.add_argument("--assignments", type=Path, metavar="CSV", help="bus, route_id, from, to")
    files.add_argument("--zone", type=zone, default="Asia/Shanghai", help="of times without an offset")
    files.add_argument("--skip-bad", action="store_true", help="leave out rows that cannot be used")
    stored = rehearse.add_argument_group("from the database")
    stored.add_argument("--from", dest="from_ms", type=moment, metavar="TIME")
    stored.add_argument("--to", dest="to_ms", type=moment, metavar="TIME")
    stored.add_argument(
        "--bus", action="append", default=[], metavar="B", help="this one only; may be repeated"
    )
    rehearse.add_argument(
        "--set", action="append", default=[], dest="changed", metavar="deviation.leave_m=60",
        help="a parameter that differs; may be repeated",
    )  # fmt: skip
    rehearse.add_argument("--rules", type=rules, metavar="speeding,deviation", help="judge these only")
    rehearse.add_argument("--json", action="store_true", help="a line of JSON for each episode")

    evaluate = _with_settings(
        _command(
            commands,
            "evaluate",
            _evaluate,
            "hold alerts against the truth: those on file, or without a truth file those that the rules find"
            " in simulated fleets",
        )
    )
    evaluate.add_argument("truth", type=Path, nargs="?", help="the truth file of a simulation")
    evaluate.add_argument("--from", dest="from_ms", type=moment, metavar="TIME")
    evaluate.add_argument("--to", dest="to_ms", type=moment, metavar="TIME")
    evaluate.add_argument(
        "--scenarios", type=words, default=["every"], help="some of driving,every and those of `simulate`"
    )
    evaluate.add_argument("--seeds", type=positive, default=1, help="cities of each (1)")
    evaluate.add_argument("--sampling", type=counts, default=[1, 15], help="seconds, as 1,5,15,30 (1,15)")
    evaluate.add_argument("--noise", type=words, default=["city"], help="some of city,open_sky,canyon,tunnel")
    evaluate.add_argument("--buses", type=positive, default=1_058)
    evaluate.add_argument(
        "--pictures", type=Path, metavar="DIR", help="draw each miss and each false alert as SVG"
    )
    evaluate.add_argument("--seconds", type=positive, default=5_400, help="how long each drives (5400)")
    evaluate.add_argument("--json", action="store_true")


def _command(commands: Any, name: str, run: Command, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(command=run)
    return parser


def _with_settings(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Options for the settings; what is not given comes from the environment."""
    group = parser.add_argument_group("settings (or the environment variable BUSWATCH_<NAME>)")
    for name, setting in Settings.model_fields.items():
        if name != "log_level":
            group.add_argument(f"--{name.replace('_', '-')}", metavar="…", help=setting.description)
    return parser


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
