import { expect, test } from "vitest";
import { along, silenceOf, stretches, thinnedReadings, timeAxis, valueAxis, type Reading } from "./chart";

const every = (count: number, stepMs: number, value: (at: number) => number | null): Reading[] =>
  Array.from({ length: count }, (_, at) => ({ timeMs: at * stepMs, value: value(at) }));

test.each([
  [71.5, [0, 20, 40, 60, 80]],
  [80, [0, 20, 40, 60, 80]],
  [259.9, [0, 100, 200, 300]],
  [0, [0, 0.5, 1]],
])("an axis for values up to %d has round steps", (highest, ticks) => {
  expect(valueAxis(highest, 4)).toEqual({ from: 0, to: ticks.at(-1), ticks });
});

test("a time axis has round moments within its span, whatever its length", () => {
  expect(timeAxis(12_345, 72_345, 6).ticks).toEqual([20_000, 30_000, 40_000, 50_000, 60_000, 70_000]);
  expect(timeAxis(0, 3 * 86_400_000, 10).ticks).toHaveLength(10);
  expect(timeAxis(500, 500, 10).ticks).toEqual([]);
});

test("a value has its place along an axis; an axis without length has a middle", () => {
  expect(along({ from: 10, to: 20, ticks: [] }, 15, 80)).toBe(40);
  expect(along({ from: 10, to: 10, ticks: [] }, 10, 80)).toBe(40);
});

test("thinning keeps every peak and the order of time", () => {
  const readings = every(10_000, 1_000, (at) => (at === 7_777 ? 99 : at === 1_234 ? -5 : 40));
  const kept = thinnedReadings(readings, 100);
  expect(kept.length).toBeLessThanOrEqual(200);
  expect(kept.map(({ value }) => value)).toContain(99);
  expect(kept.map(({ value }) => value)).toContain(-5);
  expect(kept.every(({ timeMs }, at) => at === 0 || timeMs > (kept[at - 1]?.timeMs ?? 0))).toBe(true);
  expect(thinnedReadings(readings.slice(0, 50), 100)).toHaveLength(50);
});

test("slots without a reading stay empty", () => {
  const kept = thinnedReadings(every(1_000, 1_000, (at) => (at < 500 ? null : at)), 10);
  expect(kept.filter(({ value }) => value === null)).toHaveLength(5);
});

test("a curve is broken where nothing was measured and by a silence, and by no usual pause", () => {
  const place = ({ timeMs, value }: { timeMs: number; value: number }) => ({ x: timeMs, y: value });
  expect(stretches(every(5, 1_000, (at) => (at === 2 ? null : 1)), place).map((part) => part.length)).toEqual([2, 2]);
  const silent = [...every(5, 1_000, () => 1), ...every(5, 1_000, () => 1).map((one) => ({ ...one, timeMs: one.timeMs + 60_000 }))];
  expect(stretches(silent, place)).toHaveLength(2);
  expect(stretches(every(5, 60_000, () => 1), place)).toHaveLength(1);
  expect(stretches([], place)).toEqual([]);
});

test("a silence is longer than half a minute and than three usual steps", () => {
  expect(silenceOf([0, 1_000, 2_000])).toBe(30_000);
  expect(silenceOf([0, 15_000, 30_000])).toBe(45_000);
  expect(silenceOf([])).toBe(30_000);
});
