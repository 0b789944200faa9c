"""Driving a simulated fleet on a real broker."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from time import time_ns

import msgspec

from buswatch.settings import Settings
from fleet.clock import MINUTE_MS, SECOND_MS, format_time
from fleet.errors import BadInput
from fleet.registry import Advisory, Waiver, encode_registry
from simulators.mqtt import Broker
from simulators.payload import encode, topic
from simulators.publish import Publisher, Summary
from simulators.recordings.mqtt_dump import write_line
from simulators.recordings.recording import Message
from simulators.scenario import Scenario, Simulation
from simulators.scenario_file import read_scenario
from simulators.timetable import ZONE
from simulators.truth import write_truth

log = logging.getLogger(__name__)

_LEAD_MS = 15 * SECOND_MS
"""A simulation that begins "now" begins this much later: the city must be built and connected."""
_SIGNED_BY = "市气象台"
_LATE_MS = 5 * MINUTE_MS
"""What began longer ago is no drive, but a backfill."""


@dataclass(frozen=True, slots=True)
class Drive:
    """What to drive, for how long, and what to leave behind."""

    scenario: Scenario
    for_s: float | None
    """None: until told to stop."""
    truth: Path | None
    summary: Path | None


def chosen_scenario(
    script: str | None,
    *,
    start_ms: int | None,
    for_s: float | None,
    seed: int | None,
    buses: int | None,
    interval_s: int | None,
    map_file: Path | None,
) -> tuple[Scenario, float | None]:
    """The scenario of a name or a file, or the demonstration's, with what is given in place of what it says;
    and for how many seconds. One that names no moment begins in a moment.
    """
    soon_ms = time_ns() // 1_000_000 + _LEAD_MS
    if script is not None:
        read = read_scenario(script)
        begins_ms = start_ms or read.start_ms or soon_ms
        return read.scenario(
            begins_ms, seed=seed, buses=buses, interval_s=interval_s, map_file=map_file
        ), for_s or read.lasts_s
    whole = Scenario(start_ms or soon_ms)
    return (
        replace(
            whole,
            seed=whole.seed if seed is None else seed,
            buses=buses or whole.buses,
            interval_s=interval_s or whole.interval_s,
            map_file=map_file,
        ),
        for_s,
    )


async def drive(settings: Settings, plan: Drive) -> Summary:
    """Publish the fleet until its time is up or we are told to stop, then write truth and summary.

    Raises ``BadInput`` for a scenario of another day: that one is written to a file, and replayed.
    """
    scenario = plan.scenario
    if scenario.start_ms < time_ns() // 1_000_000 - _LATE_MS:
        raise BadInput(
            f"the drive begins at {format_time(scenario.start_ms, ZONE)}, which is over: write it with"
            " --write and replay that, or let it begin at another moment with --start"
        )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulation = Simulation(scenario)
    address = settings.broker
    broker = Broker(address.host, address.port, address.username, address.password, address.tls)
    async with Publisher.of_fleet(broker, simulation.city.bus_ids) as publisher:
        log.info("%d buses are on the road", scenario.buses)
        summary = await publisher.run(simulation, for_s=plan.for_s, stop=stop)
    if plan.truth:
        write_truth(plan.truth, simulation.truth)
    if plan.summary:
        plan.summary.write_bytes(msgspec.json.encode(summary))
    log.info("published %s", msgspec.to_builtins(summary))
    return summary


def write_recording(plan: Drive, path: Path) -> None:
    """Write what the fleet sends to a file, as `buswatch record` would have, and the truth; unpaced.

    Raises ``BadInput`` when it has no end, or the file is there already.
    """
    if plan.for_s is None:
        raise BadInput("how long? Give --for, or a scenario with its own length")
    simulation = Simulation(plan.scenario)
    topics = [topic(bus_id) for bus_id in simulation.city.bus_ids]
    count = 0
    try:
        with path.open("xb") as file:
            for second in range(int(plan.for_s) + 1):
                sent = simulation.history() if second == 0 else simulation.step()
                for message in encode(sent):
                    file.write(write_line(Message(message.due_ms, topics[message.bus], message.payload)))
                    count += 1
    except FileExistsError as error:
        raise BadInput(f"{path} is there already; give the recording a name of its own") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
    if plan.truth:
        write_truth(plan.truth, simulation.truth)
    log.info("wrote %d messages of %d buses in %g s of their time", count, len(topics), plan.for_s)


def write_city(simulation: Simulation, folder: Path) -> None:
    """Write ``registry.json`` and ``base-map.json``, as `buswatch import` reads them, and what is ordered in
    the scenario, each a body for the API: ``advisory.json``, ``waiver.json``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "registry.json").write_bytes(encode_registry(simulation.registry))
    (folder / "base-map.json").write_bytes(msgspec.json.encode(simulation.base_map))
    for advisory in simulation.advisories:
        body: dict[str, object] = {
            "by": _SIGNED_BY,
            "name": advisory.name,
            "area": advisory.area,
            "limit_kmh": advisory.limit_kmh,
        }
        body |= _time_box(advisory)
        (folder / "advisory.json").write_bytes(msgspec.json.encode(body))
    for waiver in simulation.waivers:
        body = {
            "by": waiver.approved_by,
            "reason": waiver.reason,
            "route_ids": waiver.route_ids,
            "area": waiver.area,
            "note": waiver.note,
        }
        body |= _time_box(waiver)
        (folder / "waiver.json").write_bytes(msgspec.json.encode(body))


def _time_box(order: Advisory | Waiver) -> dict[str, object]:
    return {"from": format_time(order.from_ms, ZONE), "to": format_time(order.to_ms, ZONE)}
