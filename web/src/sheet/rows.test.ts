import { expect, test } from "vitest";
import type { SheetStep } from "../wire/evidence";
import { rowsRound, stepsThatMatter } from "./rows";

const seconds = (count: number) => Array.from({ length: count }, (_, at) => at);

test("where there is room every row is shown", () => {
  expect(rowsRound(seconds(5), [0, 2, 4], 5)).toEqual([0, 1, 2, 3, 4]);
  expect(rowsRound([], [0], 5)).toEqual([]);
});

test("where there is none it is those round start, peak and end, in order", () => {
  expect(rowsRound(seconds(1_000), [30, 500, 970], 9)).toEqual([29, 30, 31, 499, 500, 501, 969, 970, 971]);
});

test("anchors that lie together share the rows round them, and one at the edge takes what there is", () => {
  expect(rowsRound(seconds(100), [50, 50, 50], 5)).toEqual([48, 49, 50, 51, 52]);
  expect(rowsRound(seconds(100), [-20, 200], 4)).toEqual([0, 1, 98, 99]);
});

test.each([1, 2, 7, 26])("there are never more rows than room: %d", (most) => {
  const rows = rowsRound(seconds(300), [10, 11, 290], most);
  expect(rows).toHaveLength(most);
  expect(new Set(rows).size).toBe(most);
});

function step(seq: number, kind: SheetStep["kind"], by: string | null = null, severity: SheetStep["severity"] = "warning"): SheetStep {
  return { seq, kind, at: "", by, note: null, severity, status: "open", version: seq, assignee: null, level: 0, false_reason: null };
}

test("of many steps the first, people's acts, the end and what made it graver stay, in their order", () => {
  const history = [
    step(1, "opened"),
    step(2, "updated"),
    step(3, "updated", null, "serious"),
    ...Array.from({ length: 40 }, (_, at) => step(4 + at, "updated", null, "serious")),
    step(50, "ended", null, "serious"),
    step(51, "acknowledged", "王秀英", "serious"),
    step(52, "closed", "李雷", "serious"),
  ];
  expect(stepsThatMatter(history, 4).map(({ seq }) => seq)).toEqual([1, 50, 51, 52]);
  expect(stepsThatMatter(history, 3).map(({ seq }) => seq)).toEqual([1, 51, 52]);
  expect(stepsThatMatter([], 3)).toEqual([]);
});

test("what was only written on is left out even where there is room", () => {
  const history = [step(1, "opened"), step(2, "updated"), step(3, "updated", null, "serious"), step(4, "ended", null, "serious")];
  expect(stepsThatMatter(history, 100).map(({ seq }) => seq)).toEqual([1, 3, 4]);
});
