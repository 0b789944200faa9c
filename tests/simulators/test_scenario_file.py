"""Scenarios as files: what they say is what is driven, and what they misspell is said."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fleet.clock import parse_time
from fleet.errors import BadInput
from simulators.closure import ClosurePlan
from simulators.payload import encode
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.scenario_file import read_scenario, shipped

START_MS = parse_time("2026-09-01T07:00:00+08:00")


def test_what_is_shipped_can_be_read_and_says_what_it_is() -> None:
    assert {"calm", "morning-peak", "first-day-of-term", "road-closure"} <= set(shipped())
    for name in shipped():
        script = read_scenario(name)
        assert script.about
        assert script.lasts_s > 0


def test_calm_has_no_fault() -> None:
    assert read_scenario("calm").scenario(START_MS).faults == FaultRates.none()


WRITTEN = """
about = "a test"
[city]
seed = 5
buses = 40
[time]
start = "2026-09-01T07:00:00+08:00"
lasts = "90m"
timetable = "school_day"
history = "0s"
[reports]
interval = "15s"
noise = "canyon"
[faults.per_bus_hour]
speeding = 0.5
[faults.all_day]
trip_not_begun = 30
[faults.opening]
deviation = 3
[closure]
buses = 40
begins = "2m"
lasts = "20m"
waiver = "roadworks"
"""


def test_a_file_is_read_to_the_last_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(WRITTEN)
    script = read_scenario(str(path))
    assert (script.name, script.start_ms, script.lasts_s) == ("mine", START_MS, 5_400)
    faults = FaultRates(
        0.5, 0.0, 0.0, 0.0, 0.0, 0.0, trip_not_begun=30, opening_speeding=0, opening_deviation=3
    )
    expected = Scenario(
        START_MS,
        seed=5,
        buses=40,
        interval_s=15,
        history_s=0,
        noise="canyon",
        timetable="school_day",
        faults=faults,
        closure=ClosurePlan(from_s=120, lasts_s=1_200, waiver="roadworks"),
    )
    assert script.scenario(START_MS) == expected
    other = script.scenario(START_MS + 1, seed=6, buses=41, interval_s=1)
    assert (other.start_ms, other.seed, other.buses, other.interval_s) == (START_MS + 1, 6, 41, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "about"),
        ('about = "x"\n[faults.per_bus_hour]\nspeedng = 1', "speedng"),
        ('about = "x"\n[time]\nlasts = "2 hours"', "write 15s, 10m or 2h"),
        ('about = "x"\n[time]\nstart = "tomorrow"', "RFC 3339"),
        ('about = "x"\n[reports]\ninterval = "90s"', "1 to 60 seconds"),
        ('about = "x"\n[reports]\nnoise = "loud"', "loud"),
        ('about = "x"\n[reports]\ncoarse = 2', "coarse"),
        ('about = "x"\n[jamming]\nbegins = "1m"\nlasts = "0s"', "lasts"),
        ('about = "x"\n[jamming]\nbegins = "1m"\nlasts = "5m"\nradius_m = 0', "radius_m"),
        ('about = "x"\n[weather]\nbegins = "1m"\nlasts = "5m"\nheedless = -1', "heedless"),
        ('about = "x"\n[weather]\nbegins = "1m"', "lasts"),
        ('about = "x"\n[closure]\nbegins = "1m"\nlasts = "5m"\nwaver = "roadworks"', "waver"),
        ('about = "x"\n[closure]\nbegins = "5m"', "lasts"),
        ('about = "x"\n[closure]\nbegins = "5m"\nlasts = "1h"\nwaiver = "fun"', "fun"),
        ("about = ", "Invalid value"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=told):
        read_scenario(str(path))


def test_an_unknown_name_tells_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"neither one of bad-weather, calm, .*, road-closure, nor a file"):
        read_scenario("quiet")


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    """The digest changes only when somebody changes what the simulator does, and then on purpose."""
    script = read_scenario("first-day-of-term")
    simulation = Simulation(script.scenario(START_MS, buses=60))
    digest = hashlib.sha256()
    for sent in (simulation.history(), *(simulation.step() for _ in range(300))):
        for message in encode(sent):
            digest.update(b"%d %d %s\n" % (message.bus, message.due_ms, message.payload))
    assert digest.hexdigest() == "6eb13f910dc18a95bb5c4e58dd075c8dae196e955ffac463bfec4b779d80c94c"
