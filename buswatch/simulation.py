"""Driving a simulated fleet on a real broker."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass
from pathlib import Path
from time import time_ns

import msgspec

from buswatch.settings import Settings
from fleet.clock import SECOND_MS
from fleet.registry import encode_registry
from simulators.mqtt import Broker
from simulators.publish import Publisher, Summary
from simulators.scenario import Scenario, Simulation
from simulators.truth import write_truth

log = logging.getLogger(__name__)

_LEAD_MS = 15 * SECOND_MS
"""A simulation that begins "now" begins this much later: the city must be built and connected."""


@dataclass(frozen=True, slots=True)
class Drive:
    """What to drive, and what to leave behind."""

    seed: int
    buses: int
    interval_s: int
    start_ms: int | None
    for_s: float | None
    truth: Path | None
    summary: Path | None

    def scenario(self) -> Scenario:
        start_ms = time_ns() // 1_000_000 + _LEAD_MS if self.start_ms is None else self.start_ms
        return Scenario(start_ms=start_ms, seed=self.seed, buses=self.buses, interval_s=self.interval_s)


async def drive(settings: Settings, plan: Drive) -> Summary:
    """Publish the fleet until its time is up or we are told to stop, then write truth and summary."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulation = Simulation(plan.scenario())
    address = settings.broker
    broker = Broker(address.host, address.port, address.username, address.password, address.tls)
    async with Publisher(broker, [bus.bus_id for bus in simulation.registry.buses]) as publisher:
        log.info("%d buses are connected", plan.buses)
        summary = await publisher.run(simulation, for_s=plan.for_s, stop=stop)
    if plan.truth:
        write_truth(plan.truth, simulation.truth)
    if plan.summary:
        plan.summary.write_bytes(msgspec.json.encode(summary))
    log.info("published %s", msgspec.to_builtins(summary))
    return summary


def write_city(simulation: Simulation, folder: Path) -> None:
    """Write ``registry.json`` and ``base-map.json``, as `buswatch import` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "registry.json").write_bytes(encode_registry(simulation.registry))
    (folder / "base-map.json").write_bytes(msgspec.json.encode(simulation.base_map))
