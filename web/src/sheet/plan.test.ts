import { expect, test } from "vitest";
import type { LonLat } from "../wire/contract";
import { arrows, countIn, isOn, labelled, linePath, onPlan, pathOf, planOf, scaleBar, thinned } from "./plan";

const HERE: LonLat = [114.3, 30.6];
const M = 1 / 111_320;
/** A place so many metres east and north of here. */
const away = (east: number, north: number): LonLat => [HERE[0] + (east * M) / Math.cos((HERE[1] * Math.PI) / 180), HERE[1] + north * M];

function plan(...places: LonLat[]) {
  const found = planOf(places, 120, 70);
  if (found === null) throw new Error("nothing to show");
  return found;
}

test("all places are on the sheet with room round them, north up and to scale", () => {
  const on = plan(away(0, 0), away(3_000, 0), away(3_000, 1_000));
  const [west, east, north] = [onPlan(on, away(0, 0)), onPlan(on, away(3_000, 0)), onPlan(on, away(3_000, 1_000))];
  expect([west, east, north].every((point) => isOn(on, point) && point.x > 8 && point.x < 112)).toBe(true);
  expect(north.y).toBeLessThan(east.y);
  expect((east.x - west.x) / 3_000).toBeCloseTo(on.scale, 4);
  expect((east.y - north.y) / 1_000).toBeCloseTo(on.scale, 4);
});

test("a bus that stands is shown in its surroundings, not its receiver's noise", () => {
  expect(plan(HERE).scale).toBeCloseTo(70 / 500);
  expect(plan(HERE, away(3, 2)).scale).toBeCloseTo(70 / 500);
});

test("where there is no place there is no plan", () => {
  expect(planOf([], 120, 70)).toBeNull();
});

test("points nearer than a step are left out, and the last one stays", () => {
  const points = Array.from({ length: 101 }, (_, x) => ({ x: x / 10, y: 0 }));
  const kept = thinned(points, 1);
  expect(kept).toHaveLength(11);
  expect(kept.at(-1)).toBe(points.at(-1));
  expect(thinned([], 1)).toEqual([]);
});

test("a line with a gap is drawn in parts", () => {
  const line = [away(0, 0), away(100, 0), away(900, 0), away(1_000, 0)];
  const on = plan(...line);
  expect(linePath(on, line, []).match(/M/g)).toHaveLength(1);
  expect(linePath(on, line, [1]).match(/M/g)).toHaveLength(2);
  expect(linePath(on, line, [0, 1, 2])).toBe("");
  expect(pathOf([{ x: 1.234, y: 2 }, { x: 3, y: 4.006 }])).toBe("M1.23 2L3 4.01");
});

test.each([
  [0.1, 200, 20],
  [0.0021, 10_000, 21],
  [2.9, 5, 14.5],
])("a scale bar at %d mm a metre is %d m, %d mm long", (scale, metres, mm) => {
  const bar = scaleBar({ centre: HERE, width: 120, height: 70, scale }, 28);
  expect(bar.metres).toBe(metres);
  expect(bar.mm).toBeCloseTo(mm);
});

test("labels stand right of their point, or left where there is no room, or not at all", () => {
  const on = plan(away(0, 0), away(1_000, 0));
  const found = labelled(
    [
      { x: 20, y: 30, text: "始 07:00:00" },
      { x: 115, y: 30, text: "止 07:05:00" },
      { x: 20.5, y: 30.5, text: "解放大道站" },
      { x: 21, y: 30.2, text: "长江路口" },
      { x: 60, y: 2, text: "在图例下" },
    ],
    on,
    2.5,
    [{ west: 0, east: 120, north: 0, south: 5 }],
  );
  expect(found.map(({ text, anchor }) => [text, anchor])).toEqual([
    ["始 07:00:00", "start"],
    ["止 07:05:00", "end"],
    ["解放大道站", "end"],
  ]);
});

test("points are counted in a box of the sheet", () => {
  const points = [{ x: 1, y: 1 }, { x: 5, y: 5 }, { x: 9, y: 1 }];
  expect(countIn(points, { west: 0, east: 6, north: 0, south: 6 })).toBe(2);
});

test("arrows stand at even steps along a line and point where it runs", () => {
  const found = arrows([{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 10 }], 8);
  expect(found).toEqual([
    { x: 4, y: 0, turn: 0 },
    { x: 10, y: 2, turn: 90 },
    { x: 10, y: 10, turn: 90 },
  ]);
  expect(arrows([], 8)).toEqual([]);
});
