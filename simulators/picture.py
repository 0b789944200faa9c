"""A picture of what was missed, or raised falsely: track, approved line, corridor and truth, as SVG.

For a person to see why. Units of the drawing are metres on the ground; north is up.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS, format_time
from fleet.fixes import Fixes
from fleet.registry import Approval
from simulators.plane import CityPlane

AROUND_MS = 2 * MINUTE_MS
"""Of the track so much is shown before and after."""
_MARGIN_M = 120.0
_LEAST_M = 400.0
_TRACK, _WITHIN, _LINE, _CORRIDOR = "#555555", "#c2410c", "#1d4ed8", "#93c5fd"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn: one bus about one interval of time."""

    title: str
    fixes: Fixes
    """Of that bus alone, in order of time."""
    from_ms: int
    to_ms: int
    """The interval in question: the truth's for what was missed, the alert's for what was false."""
    approval: Approval | None
    """What the bus was held to; None outside every window."""


def draw(scene: Scene) -> str:
    """The picture as the text of an SVG file. Raises ``ValueError`` when the bus sent nothing about then."""
    near = (scene.fixes.time_ms >= scene.from_ms - AROUND_MS) & (
        scene.fixes.time_ms <= scene.to_ms + AROUND_MS
    )
    fixes = scene.fixes.take(near)
    if not len(fixes):
        raise ValueError("there is no fix about that time")
    plane = CityPlane(float(fixes.lon.mean()), float(fixes.lat.mean()))
    x, y = plane.to_metres(fixes.lon, fixes.lat)
    within = (fixes.time_ms >= scene.from_ms) & (fixes.time_ms <= scene.to_ms)
    west, south, width, height = _frame(x, y)
    svg = ET.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"{west:.1f} {-south - height:.1f} {width:.1f} {height:.1f}",
        width="900",
        height=f"{900 * height / width:.0f}",
    )
    ET.SubElement(svg, "title").text = scene.title
    paper = {
        "x": f"{west:.1f}",
        "y": f"{-south - height:.1f}",
        "width": f"{width:.1f}",
        "height": f"{height:.1f}",
    }
    ET.SubElement(svg, "rect", paper, fill="white")
    if scene.approval is not None:
        line = plane.to_metres(*np.array(scene.approval.line).T)
        _polyline(svg, *line, _CORRIDOR, 2 * scene.approval.corridor_m, opacity="0.45")
        _polyline(svg, *line, _LINE, width / 300)
    _polyline(svg, x, y, _TRACK, width / 600)
    for place_x, place_y, inside in zip(x.tolist(), y.tolist(), within.tolist(), strict=True):
        dot = {
            "cx": f"{place_x:.1f}",
            "cy": f"{-place_y:.1f}",
            "r": f"{width / (180 if inside else 320):.2f}",
        }
        ET.SubElement(svg, "circle", dot, fill=_WITHIN if inside else _TRACK)
    _legend(svg, scene, west, south + height, width)
    return ET.tostring(svg, encoding="unicode")


def _frame(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """West and south edge, width and height, metres: all fixes with a margin, at most twice as wide as high
    or as high as wide.
    """
    west, east, south, north = (
        x.min() - _MARGIN_M,
        x.max() + _MARGIN_M,
        y.min() - _MARGIN_M,
        y.max() + _MARGIN_M,
    )
    width, height = max(east - west, _LEAST_M), max(north - south, _LEAST_M)
    width, height = max(width, height / 2), max(height, width / 2)
    return float((west + east - width) / 2), float((south + north - height) / 2), float(width), float(height)


def _polyline(
    svg: ET.Element,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    colour: str,
    width_m: float,
    opacity: str = "1",
) -> None:
    points = " ".join(f"{east:.1f},{-north:.1f}" for east, north in zip(x.tolist(), y.tolist(), strict=True))
    drawn = {"stroke-width": f"{width_m:.2f}", "stroke-linejoin": "round", "stroke-opacity": opacity}
    ET.SubElement(svg, "polyline", drawn, points=points, fill="none", stroke=colour)


def _legend(svg: ET.Element, scene: Scene, west: float, north: float, width: float) -> None:
    """What it is, when, which colour is what, and a hundred metres."""
    size, held = width / 50, scene.approval
    line = f"approved line {held.approval_id}, corridor {held.corridor_m:g} m" if held else "no trip is due"
    lines = [
        (scene.title, "black"),
        (f"{format_time(scene.from_ms)} to {format_time(scene.to_ms)}", "black"),
        ("fixes within that time", _WITHIN),
        ("fixes before and after", _TRACK),
        (line, _LINE),
    ]
    for number, (text, colour) in enumerate(lines, start=1):
        _text(svg, text, west + size, -north + number * 1.4 * size, size, colour)
    y = -north + (len(lines) + 1) * 1.4 * size
    ends = {"x1": f"{west + size:.1f}", "x2": f"{west + size + 100:.1f}", "y1": f"{y:.1f}", "y2": f"{y:.1f}"}
    ET.SubElement(svg, "line", {**ends, "stroke": "black", "stroke-width": f"{size / 5:.2f}"})
    _text(svg, "100 m", west + 1.5 * size + 100, y, size, "black")


def _text(svg: ET.Element, text: str, x: float, y: float, size: float, colour: str) -> None:
    drawn = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": f"{size:.1f}", "font-family": "sans-serif"}
    ET.SubElement(svg, "text", {**drawn, "fill": colour}).text = text
