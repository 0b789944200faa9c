import { expect, test } from "vitest";
import type { LonLat } from "../wire/contract";
import { limitsAlong, type Held } from "./limits";
import { alert, approvedRoute } from "./sample";
import type { Fixes } from "./track";

/** A line of 4 km eastwards on the equator in legs of 100 m; 40 from 1 to 2 km, a school zone of 30 in its middle. */
const ROUTE = approvedRoute(
  Array.from({ length: 41 }, (_, leg): LonLat => [(leg * 100) / 111_320, 0]),
  [
    { from_m: 1000, to_m: 2000, limit_kmh: 40 },
    { from_m: 1400, to_m: 1600, limit_kmh: 30 },
  ],
);
const START = Date.parse("2026-09-01T07:00:00+08:00");
const HELD: Held = { route: ROUTE, fromMs: START, toMs: START + 60_000 };

function fixes(...places: [x: number, y?: number][]): Fixes {
  return {
    times: Float64Array.from(places.keys(), (row) => START + row * 10_000),
    lon: Float64Array.from(places, ([x]) => x / 111_320),
    lat: Float64Array.from(places, ([, y]) => (y ?? 0) / 111_320),
    speed: new Float32Array(places.length),
    quality: new Uint8Array(places.length),
  };
}

test("the lowest limit of the approved line holds, and 60 where it has none", () => {
  expect([...limitsAlong(fixes([500], [1000], [1500], [1999], [2001]), [HELD], [])]).toEqual([60, 40, 30, 40, 60]);
});

test("off the corridor and out of the approval's time no limit is known", () => {
  const limits = limitsAlong(fixes([500], [600, 51], [3900], [1500, -49]), [{ ...HELD, toMs: START + 25_000 }], []);
  expect([...limits]).toEqual([60, Number.NaN, 60, Number.NaN]);
});

test("during a speeding the limit is the one that the engine held the bus to", () => {
  const speeding = alert("a", { started_at: "2026-09-01T07:00:10+08:00", ended_at: "2026-09-01T07:00:20+08:00" });
  expect([...limitsAlong(fixes([500], [600], [700, 900], [800]), [HELD], [speeding])]).toEqual([60, 50, 50, 60]);
  expect([...limitsAlong(fixes([500], [600]), [], [{ ...speeding, ended_at: null }])]).toEqual([Number.NaN, 50]);
});
