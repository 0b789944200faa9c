"""Settings: what an operator may configure, from the environment or the command line.

Every setting is an environment variable ``BUSWATCH_<NAME>``; command-line options of the same name
win. Nothing secret has a default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

import api
from alerts.handling import Deadlines
from api.base_map import BaseMap, Coordinates, TileKind, read_base_map
from fleet.clock import MINUTE_MS
from fleet.errors import BadSetting
from ingest.mqtt import Broker
from storage.retention import Retention

_PORTS = {"mqtt": 1883, "mqtts": 8883}


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LOG_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)


class Settings(BaseSettings):
    """One process's settings. See docs/operating.md for each."""

    model_config = SettingsConfigDict(env_prefix="BUSWATCH_")

    database_url: str = Field(
        default="", description="PostgreSQL, as postgresql://user:password@host:port/name"
    )
    mqtt_url: str = Field(
        default="mqtt://127.0.0.1:1883",
        description="The broker, as mqtt://user:password@host:port, or mqtts:// for TLS",
    )
    mqtt_identifier: str = Field(
        default="buswatch-monitor",
        description="The monitor's client identifier; the broker keeps its session under this name",
    )
    http_host: str = Field(default="127.0.0.1", description="Address the API listens on")
    http_port: int = Field(default=8000, ge=0, le=65535, description="Port the API listens on")
    page_dir: Path = Field(
        default=Path(api.__file__).parent / "page", description="Folder of the built control-room page"
    )
    map_tiles: str = Field(
        default="",
        description="Tiles under the map, as https://tiles.example.cn/{z}/{x}/{y}.png; several, drawn one"
        " over the other, are separated by spaces. None by default: our own roads",
    )
    map_kind: TileKind = Field(default="raster", description="raster, or vector for OpenMapTiles")
    map_attribution: str = Field(
        default="", description="What the provider of the tiles wants to read on them"
    )
    map_max_zoom: int = Field(default=18, ge=0, le=22, description="Zoom at which the tiles end")
    map_coordinates: Coordinates = Field(
        default="wgs84", description="What the tiles are drawn in: wgs84 (Tianditu too), or gcj02"
    )
    keep_positions_days: int = Field(
        default=184, ge=0, description="Days that positions are kept; 0 for ever"
    )
    keep_alerts_days: int = Field(
        default=1_096, ge=0, description="Days that alerts are kept after their end; 0 for ever"
    )
    keep_rejects_days: int = Field(
        default=31, ge=0, description="Days that rejected messages are kept; 0 for ever"
    )
    deadline_critical_min: float = Field(
        default=3, gt=0, le=1_440, description="Minutes until an open critical alert goes up a level"
    )
    deadline_serious_min: float = Field(
        default=10, gt=0, le=1_440, description="Minutes until an open serious alert goes up a level"
    )
    deadline_warning_min: float = Field(
        default=60, gt=0, le=1_440, description="Minutes until an open warning goes up a level"
    )
    clock: Literal["wall", "events"] = Field(
        default="wall",
        description="What time it is: by the wall, or by the newest fix, for a replay of another day",
    )
    log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")

    @property
    def broker(self) -> Broker:
        """The broker that ``mqtt_url`` names; ``BadSetting`` when it cannot be read."""
        unreadable = BadSetting(f"mqtt_url is {self.mqtt_url!r}; write it as mqtt://127.0.0.1:1883")
        try:
            parts = urlsplit(self.mqtt_url)
            port = parts.port
        except ValueError as error:
            raise unreadable from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise unreadable
        return Broker(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "mqtts",
        )

    @property
    def base_map(self) -> BaseMap | None:
        """The tiles that the map settings name; ``BadSetting`` when they cannot be used."""
        return read_base_map(
            self.map_tiles, self.map_kind, self.map_attribution, self.map_max_zoom, self.map_coordinates
        )

    @property
    def retention(self) -> Retention:
        """For how long what is kept."""
        return Retention(self.keep_positions_days, self.keep_alerts_days, self.keep_rejects_days)

    @property
    def deadlines(self) -> Deadlines | None:
        """By when an alert must be taken; None for a replay of another day, which nobody sits before."""
        if self.clock == "events":
            return None
        minutes = self.deadline_critical_min, self.deadline_serious_min, self.deadline_warning_min
        return Deadlines(*(round(each * MINUTE_MS) for each in minutes))

    def required_database_url(self) -> str:
        """The database's address; ``BadSetting`` when none is set."""
        if not self.database_url:
            raise BadSetting(
                "no database is configured; set BUSWATCH_DATABASE_URL=postgresql://user:password@host:port/name"
            )
        return self.database_url


def read_settings(**given: Any) -> Settings:
    """The settings, what is ``given`` before the environment; ``BadSetting`` names each that is wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, fault['loc']))} is {fault['input']!r}: {fault['msg']}"
            for fault in error.errors()
        )
        raise BadSetting(f"{wrong} (set it as BUSWATCH_<NAME> or as an option)") from error
