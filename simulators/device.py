"""What devices do to their reports before any link has them: clocks that err, places that freeze, speeds that
no receiver measured, messages that are no JSON.

None of it is a fault of the bus or its driver: no rule may take it for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fleet.clock import SECOND_MS
from fleet.fixes import Fixes
from simulators.legs import Flags
from simulators.link import Sent
from simulators.truth import DeviceFault, Fault

DEVICE_FAULTS: tuple[DeviceFault, ...] = ("frozen", "sentinel", "garbage")
_LASTS_S: dict[DeviceFault, tuple[int, int]] = {"frozen": (20, 120), "sentinel": (5, 60)}
SENTINEL_KMH = 255.0
"""What a receiver says that has no speed: the greatest number that fits a byte."""
_SKEW_MS = (500, 5_000)
"""How far a clock errs that errs, either way."""


class Devices:
    """The devices of a fleet, one a bus."""

    def __init__(
        self, seed: int, bus_ids: list[str], per_bus_hour: Mapping[DeviceFault, float], skewed: int
    ) -> None:
        """``skewed`` buses have a clock that errs all day."""
        self._rng = np.random.default_rng([seed, 11])
        self._bus_ids = bus_ids
        self._rate = {rule: per_bus_hour.get(rule, 0.0) * len(bus_ids) / 3_600 for rule in DEVICE_FAULTS}
        self._skew_ms = np.zeros(len(bus_ids), np.int64)
        rows = self._rng.permutation(len(bus_ids))[:skewed]
        self._skew_ms[rows] = self._rng.integers(*_SKEW_MS, len(rows)) * self._rng.choice([-1, 1], len(rows))
        self._until_ms: dict[DeviceFault, dict[int, int]] = {"frozen": {}, "sentinel": {}}
        self._held: dict[int, tuple[float, float, float, float]] = {}
        self._noted: dict[int, Fault] = {}
        self._closed: list[Fault] = []

    @property
    def truth(self) -> list[Fault]:
        """The faults that are over, and each clock that errs, as far as it was seen."""
        return [*self._closed, *self._noted.values()]

    def report(self, fixes: Fixes, spared: Flags) -> Fixes:
        """What the devices make of what was observed, one fix a reporting bus.

        Buses that are ``spared``, shape (buses,), get no new fault.
        """
        for rule in self._until_ms:
            if self._rate[rule]:
                for place in self._drawn(rule, np.flatnonzero(~self._busy(spared)[fixes.bus])):
                    self._begin(rule, fixes, place)
        return self._with_sentinels(self._frozen(fixes))

    def stamp(self, sent: Sent) -> Sent:
        """What goes out, with the times of the devices' own clocks, and what of it is garbage: a message of
        one fix that is sent for the first time.
        """
        if not self._rate["garbage"] and not self._skew_ms.any():
            return sent
        single = np.bincount(sent.message, minlength=len(sent.message))[sent.message] == 1
        garbage = np.zeros(len(sent.fixes), np.bool_)
        for place in self._drawn("garbage", np.flatnonzero(single & ~sent.repeat)):
            garbage[place] = True
            self._note(sent.fixes, place, "garbage", int(sent.fixes.time_ms[place]), 1)
        return replace(sent, fixes=self._skewed(sent.fixes), garbage=garbage)

    def _busy(self, spared: Flags) -> Flags:
        busy = spared.copy()
        for buses in self._until_ms.values():
            busy[list(buses)] = True
        return busy

    def _drawn(self, rule: DeviceFault, free: NDArray[np.intp]) -> list[int]:
        """Those of the ``free`` rows at which a fault of the rule begins."""
        count = int(self._rng.poisson(self._rate[rule]))
        return [int(place) for place in self._rng.permutation(free)[:count]] if count else []

    def _begin(self, rule: DeviceFault, fixes: Fixes, place: int) -> None:
        bus, now_ms = int(fixes.bus[place]), int(fixes.time_ms[place])
        seconds = int(self._rng.integers(*_LASTS_S[rule]))
        until_ms = now_ms + seconds * SECOND_MS
        self._until_ms[rule][bus] = until_ms
        self._held[bus] = (
            float(fixes.lon[place]), float(fixes.lat[place]), float(fixes.speed_kmh[place]),
            float(fixes.heading_deg[place]),
        )  # fmt: skip
        self._note(fixes, place, rule, until_ms, SENTINEL_KMH if rule == "sentinel" else seconds)

    def _frozen(self, fixes: Fixes) -> Fixes:
        """Places, speeds and courses of devices that repeat an old report under new times."""
        places = self._touched("frozen", fixes)
        if not places:
            return fixes
        lon, lat = fixes.lon.copy(), fixes.lat.copy()
        speed, heading = fixes.speed_kmh.copy(), fixes.heading_deg.copy()
        for place in places:
            lon[place], lat[place], speed[place], heading[place] = self._held[int(fixes.bus[place])]
        return replace(fixes, lon=lon, lat=lat, speed_kmh=speed, heading_deg=heading)

    def _with_sentinels(self, fixes: Fixes) -> Fixes:
        places = self._touched("sentinel", fixes)
        if not places:
            return fixes
        speed = fixes.speed_kmh.copy()
        speed[places] = SENTINEL_KMH
        return replace(fixes, speed_kmh=speed)

    def _touched(self, rule: DeviceFault, fixes: Fixes) -> list[int]:
        """Rows of ``fixes`` whose device has the fault now; one whose time is over is well again."""
        until_ms = self._until_ms[rule]
        if not until_ms:
            return []
        places = []
        for place in np.flatnonzero(np.isin(fixes.bus, list(until_ms))).tolist():
            bus = int(fixes.bus[place])
            if fixes.time_ms[place] <= until_ms[bus]:
                places.append(place)
            else:
                del until_ms[bus]
        return places

    def _skewed(self, fixes: Fixes) -> Fixes:
        """Event times as clocks have them that err."""
        skew_ms = self._skew_ms[fixes.bus]
        for place in np.flatnonzero(skew_ms).tolist():
            bus, now_ms = int(fixes.bus[place]), int(fixes.time_ms[place])
            known = self._noted.get(bus)
            began = known or self._fault(fixes, place, "skew", now_ms, abs(int(skew_ms[place])) / SECOND_MS)
            self._noted[bus] = Fault(
                began.bus, began.rule, began.from_ms, now_ms, began.size, began.lon, began.lat
            )
        return replace(fixes, time_ms=fixes.time_ms + skew_ms) if skew_ms.any() else fixes

    def _note(self, fixes: Fixes, place: int, rule: DeviceFault, to_ms: int, size: float) -> None:
        self._closed.append(self._fault(fixes, place, rule, to_ms, size))

    def _fault(self, fixes: Fixes, place: int, rule: DeviceFault, to_ms: int, size: float) -> Fault:
        return Fault(
            bus=self._bus_ids[int(fixes.bus[place])],
            rule=rule,
            from_ms=int(fixes.time_ms[place]),
            to_ms=to_ms,
            size=round(size, 1),
            lon=float(fixes.lon[place]),
            lat=float(fixes.lat[place]),
        )
