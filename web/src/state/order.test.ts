import { expect, test } from "vitest";
import { applyList, NO_ALERTS } from "./alerts";
import { deskRows, WHOLE_DESK } from "./desk";
import { heldRows, neighbour } from "./order";
import { alert } from "./sample";

const ONLOOKER = { buses: new Map(), me: "", nowMs: 0 };

function holding(places: string[], ...now: Parameters<typeof alert>[]) {
  const { entries } = applyList(NO_ALERTS, now.map((each) => alert(...each)), 0, true);
  const wanted = deskRows({ entries, newestSeq: 0 }, WHOLE_DESK, ONLOOKER);
  const { rows, waiting, moved } = heldRows(places, wanted, entries);
  return { rows: rows.map((entry) => entry.alert.alert_id), waiting: waiting.map((entry) => entry.alert.alert_id), moved };
}

test("a held list keeps its places though its rows would sort otherwise", () => {
  const now = holding(["a", "b", "c"], ["a", { severity: "warning" }], ["b"], ["c", { severity: "critical" }]);
  expect(now).toEqual({ rows: ["a", "b", "c"], waiting: [], moved: true });
});

test("what came since waits, in the order that it will have", () => {
  const now = holding(["a"], ["a"], ["mild", { severity: "warning" }], ["grave", { severity: "critical" }]);
  expect(now).toEqual({ rows: ["a"], waiting: ["grave", "mild"], moved: true });
});

test("what was settled meanwhile stays in its place until the list is let go", () => {
  expect(holding(["a", "b"], ["a", { status: "closed" }], ["b"])).toEqual({ rows: ["a", "b"], waiting: [], moved: true });
});

test("what is no longer known leaves, and a list as it would be has nothing to say", () => {
  expect(holding(["gone", "a"], ["a"])).toEqual({ rows: ["a"], waiting: [], moved: false });
});

test("the keyboard goes from row to row, begins at an end and stays there", () => {
  expect(neighbour(["a", "b", "c"], "b", 1)).toBe("c");
  expect(neighbour(["a", "b", "c"], "b", -1)).toBe("a");
  expect(neighbour(["a", "b", "c"], "c", 1)).toBe("c");
  expect(neighbour(["a", "b", "c"], null, 1)).toBe("a");
  expect(neighbour(["a", "b", "c"], "gone", -1)).toBe("c");
  expect(neighbour([], null, 1)).toBeNull();
});
