"""The options of each command: what may be written behind its name."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from buswatch.arguments import counts, duration, interval, moment, port, positive, rules, speed, words, zone


def demo_options(command: ArgumentParser) -> None:
    """Of ``demo``: which city, and for how long."""
    command.add_argument(
        "--for", dest="for_s", type=duration, metavar="60s", help="end by itself after this long"
    )
    command.add_argument("--json", action="store_true", help="end with one line of JSON: what was seen")
    command.add_argument("--buses", type=positive, default=1058, metavar="N", help="registered buses (1058)")
    command.add_argument(
        "--interval", type=interval, default=1, metavar="1s", help="between a bus's fixes (1s)"
    )
    command.add_argument(
        "--port", type=port, default=8000, metavar="P", help="of the page; 0 takes a free one (8000)"
    )
    command.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the city and all that happens in it (1)"
    )


def import_options(command: ArgumentParser) -> None:
    """Of ``import``: the files."""
    command.add_argument("registry", type=Path, help="JSON file of buses, drivers, approvals and assignments")
    command.add_argument("--base-map", type=Path, metavar="FILE", help="GeoJSON of roads to draw under all")


def simulate_options(command: ArgumentParser) -> None:
    """Of ``simulate``: which fleet drives, and what is written about it."""
    command.add_argument(
        "--scenario",
        metavar="NAME",
        help="calm, morning-peak, first-day-of-term, bad-weather, road-closure, jamming, nation,"
        " or a TOML file of your own",
    )
    command.add_argument("--seed", type=int, metavar="N", help="of the city and all that happens in it (1)")
    command.add_argument("--buses", type=positive, metavar="N", help="registered buses (1058)")
    command.add_argument(
        "--map",
        type=Path,
        metavar="FILE",
        help="roads and schools of OpenStreetMap (.osm, .osm.gz, .osm.pbf)",
    )
    command.add_argument("--interval", type=interval, metavar="1s", help="between a bus's fixes (1s)")
    command.add_argument(
        "--for", dest="for_s", type=duration, metavar="60s", help="end by itself after this long"
    )
    command.add_argument(
        "--start", type=moment, metavar="TIME", help="the moment at which it begins (the scenario's, or now)"
    )
    command.add_argument("--truth", type=Path, metavar="FILE", help="write what was done wrong on purpose")
    command.add_argument("--summary", type=Path, metavar="FILE", help="write what was published, at the end")
    command.add_argument(
        "--write", type=Path, metavar="FILE", help="publish nothing; write the messages, to be replayed"
    )
    command.add_argument(
        "--write-city",
        type=Path,
        metavar="DIR",
        help="drive nothing; write registry, base map, waiver of a drive with the same seed, buses and start",
    )


def replay_options(command: ArgumentParser) -> None:
    """Of ``replay``: which recording, and how it is played."""
    command.add_argument("file", type=Path, help="or, of GTFS-Realtime, a folder of files")
    command.add_argument(
        "--format",
        dest="form",
        metavar="F",
        help="mqtt, csv, json, gpx or gtfs-realtime, if the file does not tell",
    )
    command.add_argument(
        "--speed", type=speed, default=1.0, metavar="60", help="times the recorded one; max: no waiting"
    )
    command.add_argument("--from", dest="from_ms", type=moment, metavar="TIME", help="of the recording")
    command.add_argument("--to", dest="to_ms", type=moment, metavar="TIME")
    command.add_argument(
        "--bus", action="append", default=[], metavar="B", help="this one only; may be repeated"
    )
    command.add_argument("--loop", action="store_true", help="begin again at the end")
    command.add_argument(
        "--times", choices=("kept", "now"), default="kept",
        help="event times as they were, or moved so that the end is now (kept)",
    )  # fmt: skip
    command.add_argument("--dry-run", action="store_true", help="print the messages, and send none")
    command.add_argument(
        "--connections", type=positive, default=1, metavar="N", help="to the broker; a bus keeps to one (1)"
    )
    command.add_argument("--zone", type=zone, default="Asia/Shanghai", help="of times without an offset")
    command.add_argument("--skip-bad", action="store_true", help="leave out rows that cannot be used")


def record_options(command: ArgumentParser) -> None:
    """Of ``record``: to where, and for how long."""
    command.add_argument("file", type=Path, help="of lines of JSON; must not be there yet")
    command.add_argument("--topic", metavar="T", help="what to listen to (every position)")
    command.add_argument(
        "--for", dest="for_s", type=duration, metavar="60s", help="end by itself after this long"
    )


def rehearse_options(command: ArgumentParser) -> None:
    """Of ``rehearse``: traces from files or from the database, and what is tried."""
    files = command.add_argument_group("from files")
    files.add_argument("--fixes", type=Path, metavar="CSV", help="bus, time, lon, lat and what else is known")
    files.add_argument("--routes", type=Path, metavar="GEOJSON", help="a line and a route_id for each route")
    files.add_argument("--assignments", type=Path, metavar="CSV", help="bus, route_id, from, to")
    files.add_argument("--zone", type=zone, default="Asia/Shanghai", help="of times without an offset")
    files.add_argument("--skip-bad", action="store_true", help="leave out rows that cannot be used")
    stored = command.add_argument_group("from the database")
    stored.add_argument("--from", dest="from_ms", type=moment, metavar="TIME")
    stored.add_argument("--to", dest="to_ms", type=moment, metavar="TIME")
    stored.add_argument(
        "--bus", action="append", default=[], metavar="B", help="this one only; may be repeated"
    )
    command.add_argument(
        "--set", action="append", default=[], dest="changed", metavar="deviation.leave_m=60",
        help="a parameter that differs; may be repeated",
    )  # fmt: skip
    command.add_argument("--rules", type=rules, metavar="speeding,deviation", help="judge these only")
    command.add_argument("--json", action="store_true", help="a line of JSON for each episode")


def evaluate_options(command: ArgumentParser) -> None:
    """Of ``evaluate``: the truth, or the trials in its place."""
    command.add_argument("truth", type=Path, nargs="?", help="the truth file of a simulation")
    command.add_argument("--from", dest="from_ms", type=moment, metavar="TIME")
    command.add_argument("--to", dest="to_ms", type=moment, metavar="TIME")
    command.add_argument(
        "--scenarios", type=words, default=["every"], help="some of driving,every and those of `simulate`"
    )
    command.add_argument("--seeds", type=positive, default=1, help="cities of each (1)")
    command.add_argument("--sampling", type=counts, default=[1, 15], help="seconds, as 1,5,15,30 (1,15)")
    command.add_argument("--noise", type=words, default=["city"], help="some of city,open_sky,canyon,tunnel")
    command.add_argument("--buses", type=positive, default=1_058)
    command.add_argument(
        "--pictures", type=Path, metavar="DIR", help="draw each miss and each false alert as SVG"
    )
    command.add_argument("--seconds", type=positive, default=5_400, help="how long each drives (5400)")
    command.add_argument("--json", action="store_true")


def verify_options(command: ArgumentParser) -> None:
    """Of ``verify``: the files, and whom to ask besides."""
    command.add_argument("files", type=Path, nargs="+", metavar="FILE", help="evidence, as it was downloaded")
    command.add_argument(
        "--against",
        metavar="URL",
        help="of an API that has the record, as http://127.0.0.1:8000 (the database)",
    )
