import { describe, expect, test } from "vitest";
import type { TrackAnswer } from "../wire/tracks";
import { fixesOf, gapOf, heard, placeAt, rowAt, spliced, trackOf, type Track } from "./track";

const START = Date.parse("2026-09-01T07:00:00+08:00");

/** Fixes `[second, metres east, speed, quality]` on the equator. */
function answer(rows: [number, number, (number | null)?, number?][]): TrackAnswer {
  const coordinates = rows.map(([, metres]) => [metres / 111_320, 0]);
  return {
    type: "Feature",
    geometry: rows.length === 0 ? null : rows.length === 1 ? { type: "Point", coordinates: coordinates[0] as number[] } : { type: "LineString", coordinates },
    properties: {
      bus_id: "B1",
      times: rows.map(([second]) => new Date(START + second * 1000).toISOString()),
      speed_kmh: rows.map(([, , speed]) => speed ?? null),
      quality: rows.map(([, , , quality]) => quality ?? 0),
      returned: rows.length,
      truncated: false,
      left_out: 0,
    },
  };
}
const track = (...rows: [number, number, (number | null)?, number?][]): Track => trackOf(fixesOf(answer(rows)), 0);
const metres = (of: Track, second: number): number | undefined => {
  const place = placeAt(of, START + second * 1000);
  return place === null ? undefined : Math.round(place.lon * 111_320);
};

describe("a bus that is played back", () => {
  const drive = track([0, 0, 36], [1, 10, 36], [2, 20, 72], [122, 500, 36], [123, 510, 36]);

  test("is nowhere before its first fix", () => expect(placeAt(drive, START - 1)).toBeNull());

  test("moves between two fixes from the one to the other, and so does its speed", () => {
    expect([0, 0.5, 1, 1.25].map((second) => metres(drive, second))).toEqual([0, 5, 10, 13]);
    expect(placeAt(drive, START + 1500)?.speed).toBe(54);
  });

  test("waits at its last fix through a gap, and says for how long there has been none", () => {
    expect([2, 60, 121.9].map((second) => metres(drive, second))).toEqual([20, 20, 20]);
    expect(placeAt(drive, START + 62_000)?.silentMs).toBe(60_000);
    expect(metres(drive, 122)).toBe(500);
  });

  test("stands where it was last heard of", () => {
    expect(metres(drive, 999)).toBe(510);
    expect(placeAt(drive, START + 133_000)?.silentMs).toBe(10_000);
  });

  test("faces the way it drove, also while it stands", () => {
    const stop = track([0, 0], [1, 10], [2, 10.5], [3, 10.2], [4, 0.2]);
    expect([0, 1, 3].map((second) => Math.round(placeAt(stop, START + second * 1000)?.heading ?? -1))).toEqual([90, 90, 90]);
    expect(Math.round(placeAt(stop, START + 4000)?.heading ?? -1)).toBe(270);
  });
});

describe("a track", () => {
  test("without a fix is empty, and with one is a place", () => {
    expect(placeAt(track(), START)).toBeNull();
    expect(heard(track())).toEqual([]);
    expect(metres(track([5, 7]), 6)).toBe(7);
  });

  test("leaves doubtful places out of the way and keeps them beside it; late fixes lie right", () => {
    const doubted = track([0, 0], [1, 5_000, null, 2], [2, 10, null, 1], [3, 15, 99, 4]);
    expect(Array.from(doubted.way.times, (ms) => (ms - START) / 1000)).toEqual([0, 2, 3]);
    expect(doubted.doubtful.times).toHaveLength(1);
    expect(doubted.way.speed[2]).toBeNaN();
    expect(metres(doubted, 1)).toBe(5);
  });

  test("is not joined over a minute without a fix, or over three intervals where the bus reports seldom", () => {
    expect(gapOf(Float64Array.of(0, 1000, 2000))).toBe(60_000);
    expect(gapOf(Float64Array.of(0, 30_000, 60_000, 160_000))).toBe(90_000);
    const spans = heard(track([0, 0], [1, 1], [2, 2], [62, 3], [123, 4])).map(({ fromMs, toMs }) => [fromMs - START, toMs - START]);
    expect(spans).toEqual([[0, 62_000], [123_000, 123_000]]);
  });

  test("takes a stretch in full between what was thinned", () => {
    const thin = fixesOf(answer([[0, 0], [10, 1], [20, 2], [30, 3]]));
    const piece = fixesOf(answer([[9, 1], [10, 1, 30], [11, 1], [12, 1]]));
    const whole = spliced(thin, piece, { fromMs: START + 9_000, toMs: START + 20_000 });
    expect(Array.from(whole.times, (ms) => (ms - START) / 1000)).toEqual([0, 9, 10, 11, 12, 30]);
    expect(whole.speed[2]).toBe(30);
    expect(whole.lon).toHaveLength(6);
  });

  test("finds the fix at or before a moment", () => {
    const times = Float64Array.of(1, 3, 5);
    expect([0, 1, 2, 5, 9].map((ms) => rowAt(times, ms))).toEqual([-1, 0, 0, 2, 2]);
  });
});
