"""Maps of no place on earth, written down as OpenStreetMap would: a hamlet by hand, a town by rule."""

from __future__ import annotations

from pathlib import Path

import osmium

HAMLET = """\
<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6" generator="hand">
  <node id="1" lat="20.000" lon="100.000"/>
  <node id="2" lat="20.000" lon="100.014"/>
  <node id="3" lat="20.000" lon="100.028"/>
  <node id="4" lat="20.012" lon="100.000"/>
  <node id="44" lat="20.018" lon="100.000"/>
  <node id="6" lat="20.012" lon="100.028"/>
  <node id="7" lat="20.024" lon="100.000"/>
  <node id="8" lat="20.024" lon="100.014"/>
  <node id="9" lat="20.024" lon="100.028"/>
  <node id="51" lat="20.0120" lon="100.0138"/>
  <node id="52" lat="20.0118" lon="100.0140"/>
  <node id="53" lat="20.0120" lon="100.0142"/>
  <node id="54" lat="20.0122" lon="100.0140"/>
  <node id="61" lat="20.012" lon="100.031"/>
  <node id="91" lat="20.040" lon="100.000"/>
  <node id="92" lat="20.040" lon="100.020"/>
  <node id="71" lat="20.001" lon="100.005">
    <tag k="amenity" v="school"/><tag k="name" v="灯塔小学"/>
  </node>
  <node id="81" lat="20.013" lon="100.020"/>
  <node id="82" lat="20.015" lon="100.020"/>
  <node id="83" lat="20.015" lon="100.022"/>
  <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/>
    <tag k="highway" v="primary"/><tag k="name" v="江边路"/><tag k="maxspeed" v="70"/></way>
  <way id="11"><nd ref="4"/><nd ref="51"/>
    <tag k="highway" v="residential"/><tag k="name" v="西巷"/><tag k="maxspeed" v="20 mph"/></way>
  <way id="12"><nd ref="53"/><nd ref="6"/>
    <tag k="highway" v="residential"/><tag k="name" v="东巷"/></way>
  <way id="13"><nd ref="7"/><nd ref="8"/><nd ref="9"/>
    <tag k="highway" v="secondary"/><tag k="name" v="北街"/><tag k="oneway" v="-1"/></way>
  <way id="14"><nd ref="1"/><nd ref="4"/><nd ref="44"/>
    <tag k="highway" v="tertiary"/><tag k="name" v="西路"/></way>
  <way id="15"><nd ref="7"/><nd ref="44"/>
    <tag k="highway" v="tertiary"/><tag k="name" v="西路"/></way>
  <way id="16"><nd ref="3"/><nd ref="6"/><nd ref="9"/>
    <tag k="highway" v="unclassified"/><tag k="maxspeed" v="CN:rural"/></way>
  <way id="17"><nd ref="2"/><nd ref="8"/>
    <tag k="highway" v="secondary"/><tag k="name" v="隧道"/><tag k="tunnel" v="yes"/>
    <tag k="layer" v="-1"/></way>
  <way id="18"><nd ref="51"/><nd ref="52"/><nd ref="53"/><nd ref="54"/><nd ref="51"/>
    <tag k="highway" v="tertiary"/><tag k="name" v="环岛"/><tag k="junction" v="roundabout"/></way>
  <way id="19"><nd ref="1"/><nd ref="9"/><tag k="highway" v="footway"/></way>
  <way id="20"><nd ref="3"/><nd ref="7"/><tag k="highway" v="service"/></way>
  <way id="21"><nd ref="6"/><nd ref="61"/><tag k="highway" v="residential"/><tag k="name" v="死巷"/></way>
  <way id="22"><nd ref="91"/><nd ref="92"/><tag k="highway" v="primary"/><tag k="name" v="孤路"/></way>
  <way id="23"><nd ref="81"/><nd ref="82"/><nd ref="83"/><nd ref="81"/>
    <tag k="amenity" v="school"/><tag k="name" v="湖心小学"/></way>
</osm>
"""
"""Two blocks by two of 1.4 km. A tunnel passes under the roundabout in the middle; the street in the north is
drawn from west to east and driven from east to west."""


def write_town(path: Path, blocks: int = 14, block_degrees: float = 0.004) -> Path:
    """A square town; each third street from west to east is one-way, and so is the next, the other way."""
    across = blocks + 1
    nodes = [
        f'<node id="{row * across + column + 1}" lat="{20 + row * block_degrees:.4f}"'
        f' lon="{100 + column * block_degrees:.4f}"/>'
        for row in range(across)
        for column in range(across)
    ]
    ways = []
    for place in range(across):
        kind = "secondary" if place % 4 == 0 else "residential"
        direction = {1: '<tag k="oneway" v="yes"/>', 2: '<tag k="oneway" v="-1"/>'}.get(place % 3, "")
        for number, refs, extra in (
            (2 * place + 1, range(place * across + 1, (place + 1) * across + 1), direction),
            (2 * place + 2, range(place + 1, across * across + 1, across), ""),
        ):
            points = "".join(f'<nd ref="{ref}"/>' for ref in refs)
            tags = f'<tag k="highway" v="{kind}"/><tag k="name" v="第{number}街"/>'
            ways.append(f'<way id="{number}">{points}{tags}{extra}</way>')
    schools = [
        f'<node id="{9_000 + n}" lat="{20 + (n + 2.2) * block_degrees:.4f}"'
        f' lon="{100 + (n + 3.5) * block_degrees:.4f}"><tag k="amenity" v="school"/>'
        f'<tag k="name" v="小镇第{n}小学"/></node>'
        for n in range(3)
    ]
    path.write_text(f'<osm version="0.6">{"".join((*nodes, *schools, *ways))}</osm>')
    return path


def write_again(source: Path, path: Path) -> Path:
    """The same map in the format that the name of ``path`` says."""
    with osmium.SimpleWriter(path) as writer:
        for thing in osmium.FileProcessor(source):
            writer.add(thing)
    return path
