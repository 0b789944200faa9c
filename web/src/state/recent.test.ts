import { expect, test } from "vitest";
import type { LonLat } from "../wire/contract";
import type { Position } from "../wire/frame";
import { afterTrack, RECENT_MS, withPosition, type Sample } from "./recent";
import { approvedRoute } from "./sample";

const ROUTE = approvedRoute([[114.3, 30.6], [114.31, 30.6], [114.31, 30.61]], [{ from_m: 0, to_m: 500, limit_kmh: 30 }]);

function position(timeMs: number, more: Partial<Position> = {}): Position {
  return { bus: "A", timeMs, lon: 114.3, lat: 30.6, speedKmh: 30, heading: 90, limitKmh: 50, offM: 2, state: "on_route", ...more };
}

const fix = (timeMs: number, quality = 0, lat = 30.601) => ({ timeMs, place: [114.305, lat] as LonLat, speedKmh: 25, quality });

test("positions are kept for ten minutes, each once", () => {
  let samples: readonly Sample[] = [];
  for (let second = 0; second <= 900; second++) samples = withPosition(samples, position(second * 1000));
  expect(samples[0]?.timeMs).toBe(900_000 - RECENT_MS);
  expect(samples).toHaveLength(601);
  expect(withPosition(samples, position(900_000))).toBe(samples);
  expect(withPosition(samples, position(800_000))).toBe(samples);
});

test("a track goes before what the frames said, with the limits of the approved line", () => {
  const live = withPosition([], position(10_000, { limitKmh: 40 }));
  const samples = afterTrack(live, [fix(8_000, 0, 30.6), fix(9_000), fix(10_000), fix(11_000)], ROUTE);
  expect(samples.map(({ timeMs }) => timeMs)).toEqual([8_000, 9_000, 10_000]);
  expect(samples[0]).toMatchObject({ speedKmh: 25, limitKmh: 30 });
  expect(samples[0]?.offM).toBeCloseTo(0, 3);
  expect(samples[1]).toMatchObject({ speedKmh: 25, limitKmh: null });
  expect(samples[1]?.offM).toBeCloseTo(111.3, 0);
  expect(samples[2]?.limitKmh).toBe(40);
});

test("of a track, a doubtful place counts for nothing, and a doubtful speed is not known", () => {
  const samples = afterTrack([], [fix(1_000, 2), fix(2_000, 4), fix(3_000, 1)], null);
  expect(samples.map(({ timeMs, speedKmh }) => [timeMs, speedKmh])).toEqual([[2_000, null], [3_000, 25]]);
  expect(samples[0]?.offM).toBeNull();
});
