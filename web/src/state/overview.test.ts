import { describe, expect, it } from "vitest";
import type { Group, Raised, Ratio, Step, Total } from "../wire/overview";
import { arrange, changeOf, isDayOff, lineOf, reorder, roundUp, rulesOver, stackOf, toCsv, type Order } from "./overview";

const of = (part: number, whole: number): Ratio => ({ part, whole, rate: whole === 0 ? null : part / whole });

function total(changes: Partial<Total> = {}): Total {
  return {
    online: of(9, 10), valid: of(99, 100), complete: of(95, 100), drift: of(1, 100), jumps: 1, frozen: 0, connected: of(8, 10),
    trips: of(1, 1), km: 100, bus_hours: 5, top_speed_kmh: 60, alerts: 4, by_severity: { critical: 1, serious: 1, warning: 2 },
    false_alarms: of(1, 4), standings: { on_time: 1, late: 1, waiting: 1, overdue: 1, exempt: 0, unknown: 0 }, on_time: of(1, 3),
    alerts_per_1000_km: 40, ...changes,
  };
}

const group = (name: string, changes: Partial<Total> = {}): Group => ({ ...total(changes), name, buses: 10, in_service: 9 });
const step = (changes: Partial<Step> = {}): Step => ({ ...total(), begins: "", alerts: 0, by_rule: {}, by_severity: {}, ...changes });

describe("a change", () => {
  it("of a rate is in points, and better when it rises", () => {
    expect(changeOf("online", total({ online: of(95, 100) }), total({ online: of(90, 100) }))).toEqual({
      by: expect.closeTo(0.05),
      better: true,
    });
  });

  it("of drift and alerts is better when it falls", () => {
    expect(changeOf("drift", total({ drift: of(2, 100) }), total())?.better).toBe(false);
    expect(changeOf("alerts", total({ alerts: 3 }), total({ alerts: 4 }))).toEqual({ by: -0.25, better: true });
  });

  it("of kilometres is neither", () => {
    expect(changeOf("km", total({ km: 150 }), total({ km: 100 }))).toEqual({ by: 0.5, better: null });
  });

  it("too small to be shown is none", () => {
    expect(changeOf("valid", total({ valid: of(99.001, 100) }), total())).toEqual({ by: 0, better: null });
  });

  it("is not known beside a day off or from nothing", () => {
    expect(changeOf("online", total(), total({ online: of(0, 0) }))).toBeNull();
    expect(changeOf("alerts", total(), total({ alerts: 0 }))).toBeNull();
  });
});

describe("lines and stacks", () => {
  it("have a hole where nothing was due", () => {
    const idle = step({ online: of(0, 0), km: 0 });
    expect(lineOf([step(), idle], "online")).toEqual([0.9, null]);
    expect(lineOf([step(), idle], "km")).toEqual([100, null]);
    expect(lineOf([step({ alerts: 3 }), step({ alerts: 0 })], "alerts")).toEqual([3, 0]);
    expect(lineOf([step()], "on_time")).toBeNull();
  });

  it("stand on the gravest and leave out what is empty", () => {
    expect(stackOf({ by_severity: { warning: 3, critical: 2 } })).toEqual([
      { severity: "critical", from: 0, to: 2 },
      { severity: "warning", from: 2, to: 5 },
    ]);
    expect(stackOf({ by_severity: {} })).toEqual([]);
  });

  it.each([[0, 1], [1, 1], [3, 5], [10, 10], [11, 20], [487, 500], [5001, 10000]])("reach for %d up to %d", (value, top) => {
    expect(roundUp(value)).toBe(top);
  });

  it("of rules begin with the most frequent", () => {
    const raised = (alerts: number): Raised => ({ ...total(), alerts });
    const rules = rulesOver({
      rules: [{ rule: "speeding", ...raised(1) }, { rule: "silent", ...raised(5) }],
      series: [step({ by_rule: { silent: 5 } }), step({ by_rule: { speeding: 1 } })],
    });
    expect(rules).toEqual([
      { rule: "silent", alerts: 5, counts: [5, 0] },
      { rule: "speeding", alerts: 1, counts: [0, 1] },
    ]);
  });
});

describe("a table of groups", () => {
  const groups = [group("光明小学", { km: 5 }), group("朝阳小学", { km: 50, online: of(0, 0) }), group("育才小学", { km: 5, online: of(1, 2) })];
  const names = (order: Order, search = "") => arrange(groups, order, search).map(({ name }) => name);

  it("is sorted by a figure, ties by name", () => {
    expect(names({ by: "km", descending: true })).toEqual(["朝阳小学", "光明小学", "育才小学"]);
    expect(names({ by: "km", descending: false })).toEqual(["光明小学", "育才小学", "朝阳小学"]);
  });

  it("has what is not known last, whichever way it is sorted", () => {
    expect(names({ by: "online", descending: true })).toEqual(["光明小学", "育才小学", "朝阳小学"]);
    expect(names({ by: "online", descending: false })).toEqual(["育才小学", "光明小学", "朝阳小学"]);
  });

  it("is searched by name and leaves the given order alone", () => {
    expect(names({ by: "name", descending: false }, " 光 ")).toEqual(["光明小学"]);
    expect(groups.map(({ name }) => name)).toEqual(["光明小学", "朝阳小学", "育才小学"]);
  });

  it("turns round at a second click", () => {
    const first = reorder({ by: "alerts", descending: true }, "name");
    expect(first).toEqual({ by: "name", descending: false });
    expect(reorder(first, "km")).toEqual({ by: "km", descending: true });
    expect(reorder({ by: "km", descending: true }, "km")).toEqual({ by: "km", descending: false });
  });
});

describe("comma-separated values", () => {
  it("begin with a byte-order mark and quote what needs it", () => {
    expect(toCsv(["校名", "a,b"], [["say \"x\"", 0.1 + 0.2], [null, 3]])).toBe('\ufeff校名,"a,b"\r\n"say ""x""",0.3\r\n,3\r\n');
  });

  it("have no text that a spreadsheet would run, and leave numbers alone", () => {
    expect(toCsv(["a"], [["=1+1"], ["-x"], [-1]])).toBe("\ufeffa\r\n'=1+1\r\n'-x\r\n-1\r\n");
  });
});

it("a span without any school day is a day off", () => {
  const day = (weekday: number | null) => ({ day: "2026-10-01", weekday, day_off: weekday === null ? "国庆节" : null });
  expect(isDayOff([day(null), day(null)])).toBe(true);
  expect(isDayOff([day(null), day(4)])).toBe(false);
  expect(isDayOff([])).toBe(false);
});
