import { expect, test } from "vitest";
import { CHART, CLAIM, FACT_ROW, FIX_COLUMNS, FIX_ROW, FOOT, GAP, HEAD, LAW_ROW, MAP, PAGE, PARAMETER_ROW, parameterRows, roomForFixes, TABLE_HEAD, WIDTH } from "./layout";

const BLOCKS = 9;

test.each([
  [11, 2, 1],
  [11, 2, 3],
  [11, 7, 2],
])("with %d rows of facts, %d of law and %d of parameters all blocks and gaps fit on the page", (facts, law, numbers) => {
  const fixes = roomForFixes(facts, law, numbers);
  const table = TABLE_HEAD + (fixes / FIX_COLUMNS) * FIX_ROW;
  const blocks = [HEAD, CLAIM, facts * FACT_ROW, law * LAW_ROW, numbers * PARAMETER_ROW, MAP.height, CHART.height, table, FOOT];
  expect(blocks).toHaveLength(BLOCKS);
  const high = blocks.reduce((sum, block) => sum + block) + (BLOCKS - 1) * GAP;
  expect(high).toBeLessThanOrEqual(PAGE.height - 2 * PAGE.margin);
  expect(high).toBeGreaterThan(PAGE.height - 2 * PAGE.margin - FIX_ROW);
  expect(fixes).toBeGreaterThan(15);
});

test("where the rest takes the whole page there is room for no fix, not for less than none", () => {
  expect(roomForFixes(60, 2, 1)).toBe(0);
});

test("a text takes the more rows the wider it is, and Chinese letters are wide", () => {
  expect(parameterRows("tolerance_kmh 5")).toBe(1);
  expect(parameterRows("x".repeat(Math.floor(WIDTH)))).toBe(2);
  expect(parameterRows("校".repeat(100))).toBe(2);
});
