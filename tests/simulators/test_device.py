"""Devices: what they do to their reports is written down, and touches nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fleet.clock import SECOND_MS
from fleet.fixes import Fixes
from simulators.device import SENTINEL_KMH, Devices
from simulators.link import Links, Sent
from simulators.payload import encode
from simulators.truth import DeviceFault

BUSES = [f"B{n}" for n in range(30)]
NOBODY = np.zeros(30, np.bool_)


def run(rates: dict[DeviceFault, float], seconds: int, skewed: int = 0) -> tuple[list[Sent], Devices]:
    devices, links = Devices(5, BUSES, rates, skewed), Links(5, BUSES, {})
    sent = []
    for second in range(seconds):
        fixes = Fixes.of(
            bus=range(30), time_ms=[second * SECOND_MS] * 30, lon=114.3 + np.arange(30) / 1e3 + second / 1e5,
            lat=[30.5] * 30, speed_kmh=[30 + second % 7] * 30, heading_deg=[90] * 30, accuracy_m=[4] * 30,
            satellites=[9] * 30,
        )  # fmt: skip
        sent.append(devices.stamp(links.send(devices.report(fixes, NOBODY), NOBODY)))
    return sent, devices


def column(sent: list[Sent], name: str) -> np.ndarray:
    """Of each bus in each second."""
    return np.array([getattr(s.fixes, name)[np.argsort(s.fixes.bus)] for s in sent])


def test_devices_without_a_fault_change_nothing() -> None:
    sent, devices = run({}, 20)
    assert devices.truth == []
    assert (column(sent, "time_ms") == np.arange(20)[:, None] * SECOND_MS).all()
    assert not any(s.garbage is not None and s.garbage.any() for s in sent)


def test_a_frozen_device_repeats_its_report_for_as_long_as_the_truth_says() -> None:
    sent, devices = run({"frozen": 10.0}, 400)
    lon = column(sent, "lon")
    assert len(devices.truth) > 10
    for fault in devices.truth:
        bus, begin, end = BUSES.index(fault.bus), fault.from_ms // SECOND_MS, fault.to_ms // SECOND_MS
        assert 20 <= fault.size <= 120
        assert len(set(lon[begin : end + 1, bus].tolist())) == 1
        if end + 1 < 400:
            assert lon[end + 1, bus] != lon[end, bus]
    touched = {fault.bus for fault in devices.truth}
    calm = [n for n, bus in enumerate(BUSES) if bus not in touched]
    assert (np.diff(lon[:, calm], axis=0) > 0).all()


def test_a_sentinel_speed_is_said_for_as_long_as_the_truth_says() -> None:
    sent, devices = run({"sentinel": 20.0}, 300)
    said = column(sent, "speed_kmh") == SENTINEL_KMH
    true = np.zeros_like(said)
    for fault in devices.truth:
        true[fault.from_ms // SECOND_MS : fault.to_ms // SECOND_MS + 1, BUSES.index(fault.bus)] = True
    assert said.any()
    np.testing.assert_array_equal(said, true)


def test_garbage_is_no_json_and_all_else_is() -> None:
    sent, devices = run({"garbage": 60.0}, 200)
    bad = 0
    for message in (message for s in sent for message in encode(s)):
        try:
            json.loads(message.payload)
        except ValueError:
            bad += 1
    assert bad == len(devices.truth) > 20


def test_a_clock_that_errs_does_so_by_the_same_all_day_and_sends_when_it_should() -> None:
    sent, devices = run({}, 60, skewed=7)
    off_ms = column(sent, "time_ms") - np.arange(60)[:, None] * SECOND_MS
    assert (off_ms == off_ms[0]).all()
    assert np.count_nonzero(off_ms[0]) == 7
    assert (np.abs(off_ms[0])[off_ms[0] != 0] >= 500).all()
    assert all((s.due_ms == second * SECOND_MS).all() for second, s in enumerate(sent))
    for fault in devices.truth:
        assert (fault.rule, fault.from_ms, fault.to_ms) == ("skew", 0, 59 * SECOND_MS)
        assert fault.size == pytest.approx(abs(off_ms[0, BUSES.index(fault.bus)]) / 1_000, abs=0.06)
