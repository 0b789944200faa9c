"""Settings: what an operator writes, what comes of it, and what is said when it cannot be used."""

from __future__ import annotations

import pytest

from alerts.handling import Deadlines
from buswatch.settings import Settings, read_settings
from fleet.errors import BadSetting
from ingest.mqtt import Broker


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://127.0.0.1:1883", Broker("127.0.0.1", 1883)),
        ("mqtt://broker.example", Broker("broker.example", 1883)),
        ("mqtts://broker.example", Broker("broker.example", 8883, tls=True)),
        ("mqtts://broker.example:443", Broker("broker.example", 443, tls=True)),
        ("mqtt://bus:secret@broker", Broker("broker", 1883, "bus", "secret")),
        ("mqtt://b%40us:p%2Fw%3A%40@broker:1", Broker("broker", 1, "b@us", "p/w:@")),
        ("mqtt://[::1]:1884", Broker("::1", 1884)),
    ],
)
def test_a_broker_is_named_by_a_url(url: str, broker: Broker) -> None:
    assert Settings(mqtt_url=url).broker == broker


@pytest.mark.parametrize("url", ["", "broker:1883", "http://broker", "mqtt://", "mqtt://:1883"])
def test_a_url_that_is_no_broker_is_refused_with_one_that_is(url: str) -> None:
    with pytest.raises(BadSetting, match=r"mqtt_url is .*; write it as mqtt://"):
        _ = Settings(mqtt_url=url).broker


@pytest.mark.parametrize("url", ["mqtt://broker:99999", "mqtt://broker:port", "mqtt://[broker"])
def test_a_port_or_host_that_cannot_be_read_is_refused_too(url: str) -> None:
    with pytest.raises(BadSetting, match="mqtt_url"):
        _ = Settings(mqtt_url=url).broker


def test_settings_come_from_the_environment_and_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUSWATCH_HTTP_PORT", "8123")
    monkeypatch.setenv("BUSWATCH_DATABASE_URL", "postgresql:///from_environment")
    assert Settings().http_port == 8123
    assert Settings().required_database_url() == "postgresql:///from_environment"
    assert Settings(http_port=9000).http_port == 9000


def test_a_setting_that_is_required_and_missing_says_how_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUSWATCH_DATABASE_URL", raising=False)
    with pytest.raises(BadSetting, match="set BUSWATCH_DATABASE_URL=postgresql://"):
        Settings().required_database_url()


def test_deadlines_are_given_in_minutes_and_a_replay_of_another_day_has_none() -> None:
    assert Settings().deadlines == Deadlines()
    assert Settings(deadline_critical_min=0.5).deadlines == Deadlines(critical_ms=30_000)
    assert Settings(clock="events").deadlines is None
    with pytest.raises(BadSetting, match="deadline_warning_min"):
        read_settings(deadline_warning_min=0)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_page_that_is_served_by_default_is_the_one_that_is_packed_with_the_api() -> None:
    assert Settings().page_dir.parts[-2:] == ("api", "page")


def test_a_base_map_is_chosen_by_settings_and_none_is_the_default() -> None:
    assert Settings().base_map is None
    tiles = Settings(map_tiles="https://tiles.example.cn/{z}/{x}/{y}.png", map_coordinates="gcj02")
    assert tiles.base_map is not None
    assert tiles.base_map.coordinates == "gcj02"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"map_coordinates": "bd09"}, "map_coordinates is 'bd09'"),
        ({"map_kind": "picture"}, "map_kind is 'picture'"),
        ({"map_max_zoom": 40}, "map_max_zoom is 40"),
    ],
)
def test_a_wrong_setting_of_the_map_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        read_settings(**wrong)
