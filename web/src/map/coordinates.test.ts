import { expect, test } from "vitest";
import type { LonLat } from "../wire/contract";
import { edgeOf, onMap } from "./coordinates";

const WGS84 = edgeOf("wgs84");
const GCJ02 = edgeOf("gcj02");

function metres([lonA, latA]: LonLat, [lonB, latB]: LonLat): number {
  const scale = Math.cos((latA * Math.PI) / 180);
  return Math.hypot((lonB - lonA) * scale, latB - latA) * 111_320;
}

/** Places all over China, a degree apart. */
const PLACES = Array.from({ length: 40 * 25 }, (_, at): LonLat => [80 + (at % 40) + 0.37, 22 + Math.floor(at / 40) + 0.61]);

test("GCJ-02 lies 19 to 700 m from WGS-84, everywhere in China", () => {
  const shifts = PLACES.map((place) => metres(place, GCJ02.toMap(place)));
  expect(Math.min(...shifts)).toBeGreaterThan(19);
  expect(Math.max(...shifts)).toBeLessThan(700);
});

test("a published pair agrees: the Forbidden City's Gate of Heavenly Peace", () => {
  // 39.907333, 116.391083 in WGS-84 is 39.908735, 116.397325 in GCJ-02, to the metre.
  expect(metres([116.397325, 39.908735], GCJ02.toMap([116.391083, 39.907333]))).toBeLessThan(2);
});

test("a place on the screen is shifted back to where it came from, to a few decimetres", () => {
  for (const place of PLACES) expect(metres(place, GCJ02.toEarth(GCJ02.toMap(place)))).toBeLessThan(0.3);
});

test("nothing is shifted outside China, nor on a WGS-84 map", () => {
  expect(GCJ02.toMap([2.35, 48.86])).toEqual([2.35, 48.86]);
  expect(WGS84.toMap([114.3, 30.6])).toEqual([114.3, 30.6]);
  expect(WGS84.toEarth([114.3, 30.6])).toEqual([114.3, 30.6]);
});

test("features of every shape are shifted whole, and those given stay as they are", () => {
  const point: LonLat = [114.3, 30.6];
  const shapes: GeoJSON.Geometry[] = [
    { type: "Point", coordinates: point },
    { type: "LineString", coordinates: [point, [114.31, 30.6]] },
    { type: "Polygon", coordinates: [[point, [114.31, 30.6], [114.31, 30.61], point]] },
  ];
  const given: GeoJSON.FeatureCollection = {
    type: "FeatureCollection",
    features: shapes.map((geometry) => ({ type: "Feature", properties: { name: "x" }, geometry })),
  };
  const before = structuredClone(given);
  const shifted = onMap(given, GCJ02);
  expect(given).toEqual(before);
  expect(shifted.features.map((feature) => feature.properties)).toEqual(given.features.map((feature) => feature.properties));
  const [dot, line, area] = shifted.features.map((feature) => feature.geometry) as [GeoJSON.Point, GeoJSON.LineString, GeoJSON.Polygon];
  for (const place of [dot.coordinates, line.coordinates[0], area.coordinates[0]?.[0], area.coordinates[0]?.[3]]) {
    expect(place).toEqual(GCJ02.toMap(point));
  }
  expect(onMap(given, WGS84)).toBe(given);
});
