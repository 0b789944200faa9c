"""What the tags of a mapped street mean for a school bus: its class, its limit, its direction.

The tags are those of https://wiki.openstreetmap.org/wiki/Key:highway and the pages it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fleet.registry import MOTORWAY_CAP_KMH, ROAD_CAP_KMH, LimitReason
from simulators.roads import RoadClass, Sky

_KINDS: dict[str, tuple[RoadClass, float]] = {
    "motorway": ("motorway", 80.0),
    "motorway_link": ("motorway", 40.0),
    "trunk": ("arterial", 60.0),
    "trunk_link": ("arterial", 40.0),
    "primary": ("arterial", 60.0),
    "primary_link": ("arterial", 40.0),
    "secondary": ("arterial", 50.0),
    "secondary_link": ("arterial", 40.0),
    "tertiary": ("arterial", 40.0),
    "tertiary_link": ("arterial", 30.0),
    "unclassified": ("lane", 40.0),
    "residential": ("lane", 30.0),
    "living_street": ("lane", 20.0),
}
"""Each class of highway that a bus may take, with ours and the limit, km/h, where none is tagged. What is not
here (service roads, footways, tracks, what is being built) is left out."""
_WITHOUT_LIGHTS = re.compile("环|高架|快速")
"""A trunk road of such a name is an urban express road, which in the seed's city is a ring road."""
_UNNAMED: dict[RoadClass, str] = {
    "motorway": "无名高速",
    "ring": "无名快速路",
    "arterial": "无名路",
    "lane": "无名巷",
}
_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?")
_LEAST_LIMIT_KMH = 10.0
_ACCESS = ("bus", "motor_vehicle", "vehicle", "access")
"""From the tag that counts most for a bus to the one that counts least; ``psv`` and ``hgv`` bind others."""
_SHUT = {"no", "private", "agricultural", "forestry", "delivery", "military", "emergency"}
_FORWARD, _BACKWARD = {"yes", "true", "1"}, {"-1", "reverse"}
_OPEN_ABOVE = {"no", "building_passage", "culvert"}


@dataclass(frozen=True, slots=True)
class Highway:
    """A mapped street as a bus has to take it."""

    name: str
    kind: RoadClass
    limit_kmh: float
    reason: LimitReason
    oneway: bool
    against: bool
    """True when it is driven against the order of its nodes alone."""
    sky: Sky


def read_highway(tags: Mapping[str, str]) -> Highway | None:
    """What ``tags`` say of a street; None for one that a bus cannot or may not take.

    The limit is the tagged one, by way of km/h or mph, or that of its class, but no more than the law
    allows a school bus (article 35). ``maxspeed`` as a zone (``CN:urban``) stands for that of the class.
    """
    highway = tags.get("highway", "")
    if highway not in _KINDS or tags.get("area") == "yes" or _is_shut(tags):
        return None
    direction = tags.get("oneway", "")
    if direction in ("reversible", "alternating"):
        return None
    kind, limit_kmh = _KINDS[highway]
    name = tags.get("name", "")
    if highway.startswith("trunk") and _WITHOUT_LIGHTS.search(name):
        kind = "ring"
    posted_kmh = _tagged_kmh(tags.get("maxspeed", "")) or limit_kmh
    cap_kmh = MOTORWAY_CAP_KMH if kind == "motorway" else ROAD_CAP_KMH
    implied = tags.get("junction") in ("roundabout", "circular") or kind == "motorway"
    against = direction in _BACKWARD
    return Highway(
        name=name or tags.get("ref", "") or _UNNAMED[kind],
        kind=kind,
        limit_kmh=min(posted_kmh, cap_kmh),
        reason="legal_cap" if posted_kmh > cap_kmh else "posted",
        oneway=against or direction in _FORWARD or (implied and direction != "no"),
        against=against,
        sky="open" if tags.get("tunnel", "no") in _OPEN_ABOVE else "tunnel",
    )


def _is_shut(tags: Mapping[str, str]) -> bool:
    return next((tags[key] in _SHUT for key in _ACCESS if key in tags), False)


def _tagged_kmh(text: str) -> float | None:
    """``60``, ``60 km/h`` or ``40 mph`` in km/h; None for what is no number, as ``CN:urban`` or ``none``."""
    found = _SPEED.fullmatch(text.strip())
    if found is None:
        return None
    kmh = float(found[1]) * (1.609344 if found[2] == "mph" else 1.0)
    return max(round(kmh), _LEAST_LIMIT_KMH)
