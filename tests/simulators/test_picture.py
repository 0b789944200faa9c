"""Pictures of what was missed: a person must see why."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from simulators.picture import Scene, draw
from tests.scenes import START_MS, approval, drive, track

SVG = "{http://www.w3.org/2000/svg}"


def scene(**changes: object) -> Scene:
    """A bus that drives 200 m beside its line for half a minute."""
    x = drive(0, 3_000, 36)
    beside = np.where((x > 1_000) & (x < 1_300), 200.0, 0.0)
    parts = {
        "title": "missed: deviation of B1 <&>",
        "fixes": track(x, beside),
        "from_ms": START_MS + 100_000,
        "to_ms": START_MS + 130_000,
        "approval": approval(),
    }
    return Scene(**{**parts, **changes})  # type: ignore[arg-type]


def test_track_line_corridor_and_truth_are_there() -> None:
    svg = ET.fromstring(draw(scene()))
    corridor, line, path = svg.findall(f"{SVG}polyline")
    assert float(corridor.get("stroke-width", "0")) == 2 * approval().corridor_m
    assert line.get("points") == corridor.get("points")
    assert len((path.get("points") or "").split()) == 251  # from its first fix to two minutes after
    colours = [circle.get("fill") for circle in svg.findall(f"{SVG}circle")]
    assert colours.count("#c2410c") == 31
    texts = [text.text for text in svg.findall(f"{SVG}text")]
    assert "missed: deviation of B1 <&>" in texts
    assert any("corridor 50 m" in (text or "") for text in texts)


def test_all_fixes_lie_within_the_frame_and_north_is_up() -> None:
    svg = ET.fromstring(draw(scene()))
    left, top, width, height = map(float, (svg.get("viewBox") or "").split())
    places = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in svg.findall(f"{SVG}circle")]
    assert all(left < x < left + width and top < y < top + height for x, y in places)
    within = [c for c in svg.findall(f"{SVG}circle") if c.get("fill") == "#c2410c"]
    assert np.median([float(c.get("cy", 0)) for c in within]) < np.median([y for _, y in places]) - 150


def test_outside_every_window_there_is_no_line() -> None:
    svg = ET.fromstring(draw(scene(approval=None)))
    assert len(svg.findall(f"{SVG}polyline")) == 1
    assert "no trip is due" in [text.text for text in svg.findall(f"{SVG}text")]


def test_of_a_bus_that_sent_nothing_then_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no fix"):
        draw(scene(from_ms=START_MS + 9_000_000, to_ms=START_MS + 9_100_000))
