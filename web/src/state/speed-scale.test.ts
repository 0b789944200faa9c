import { expect, test } from "vitest";
import { speedClass, trackLines, UNKNOWN_SPEED } from "./speed-scale";
import { NO_FIXES, type Track } from "./track";

const way = (speeds: number[], seconds = speeds.map((_, row) => row)): Track["way"] => ({
  times: Float64Array.from(seconds, (second) => second * 1000),
  lon: Float64Array.from(speeds.keys()),
  lat: new Float64Array(speeds.length),
  speed: Float32Array.from(speeds),
  quality: new Uint8Array(speeds.length),
});
const lines = (track: Track["way"], limit: number): [number, boolean, number[]][] =>
  trackLines({ way: track, doubtful: NO_FIXES, leftOut: 0, gapMs: 60_000 }, new Float32Array(track.times.length).fill(limit)).features.map(
    ({ properties, geometry }) => [properties.speed, properties.over, geometry.coordinates.map(([lon]) => lon as number)],
  );

test("a class begins at its bound", () => {
  expect([0, 4.9, 5, 39.9, 60, 80, 120].map(speedClass)).toEqual([0, 0, 1, 2, 4, 5, 5]);
  expect(speedClass(Number.NaN)).toBe(UNKNOWN_SPEED);
});

test("a track is cut where its colour changes, without a hole", () => {
  expect(lines(way([0, 1, 30, 31, Number.NaN]), Number.NaN)).toEqual([
    [0, false, [0, 1]],
    [2, false, [1, 2, 3]],
    [UNKNOWN_SPEED, false, [3, 4]],
  ]);
});

test("what is over the limit is a line of its own, and what is at it is not over", () => {
  expect(lines(way([50, 50, 50.5]), 50)).toEqual([
    [3, false, [0, 1]],
    [3, true, [1, 2]],
  ]);
});

test("a gap is not joined by a line", () => {
  expect(lines(way([30, 30, 30, 30], [0, 1, 62, 63]), 60)).toEqual([
    [2, false, [0, 1]],
    [2, false, [2, 3]],
  ]);
  expect(lines(way([30]), 60)).toEqual([]);
});
