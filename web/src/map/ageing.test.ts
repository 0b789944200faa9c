import { expect, test } from "vitest";
import { ageing } from "./ageing";

const AGES = [0, 10_000, 11_000, 30_000, 60_000, 300_000, 600_000, 3_600_000];

test("a fresh fix is drawn whole", () => {
  expect(ageing("on_route", 10_000)).toEqual({ opacity: 1, ring: null });
  expect(ageing("silent", 0)).toEqual({ opacity: 1, ring: null });
});

test("the older the fix of a calm bus the fainter its mark, down to a half", () => {
  const faint = AGES.map((age) => ageing("stale", age).opacity);
  expect(faint).toEqual(faint.toSorted((a, b) => b - a));
  expect(faint[3]).toBeLessThan(0.9);
  expect(faint.at(-1)).toBe(0.5);
});

test("round a silent bus a ring grows, and its mark does not fade", () => {
  const rings = AGES.map((age) => ageing("silent", age).ring ?? 0);
  expect(rings).toEqual(rings.toSorted((a, b) => a - b));
  expect(rings.at(-1)).toBeCloseTo(2.2);
  expect(AGES.every((age) => ageing("silent", age).opacity === 1)).toBe(true);
});

test("a bus out of service does not age: nobody waits for its fixes", () => {
  expect(ageing("out_of_service", 1e9)).toEqual({ opacity: 1, ring: null });
});
