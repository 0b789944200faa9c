import { describe, expect, test } from "vitest";
import type { Bus } from "../wire/contract";
import { applyChange, applyList, NO_ALERTS, type Alerts } from "./alerts";
import { choices, deskRows, filteredOut, FRESH_MS, hasFresh, isWanting, knownPeople, openCounts, WHOLE_DESK } from "./desk";
import { alert, change } from "./sample";

const ALERTS = applyList(
  NO_ALERTS,
  [
    alert("taken", { severity: "critical", status: "acknowledged", assignee: "李雷" }),
    alert("mild", { severity: "warning" }),
    alert("over", { severity: "critical", ended_at: "2026-09-01T07:31:00.000+08:00" }),
    alert("older", { severity: "critical", started_at: "2026-09-01T07:20:00.000+08:00" }),
    alert("newer", { severity: "critical" }),
    alert("astray", { rule: "deviation", bus_id: "B0002" }),
    alert("done", { severity: "critical", status: "closed" }),
    alert("wrong", { status: "false_alarm" }),
  ],
  0,
  true,
);

function bus(bus_id: string, more: Partial<Bus>): [string, Bus] {
  const known = { plate: "", sign_number: "", sign_expires: "", inspection_expires: "", seats: 19, depot: [114, 30], route_ids: [] };
  return [bus_id, { ...known, bus_id, operator: "平安", school: "育才小学", district: "东城区", state: "in_service", ...more } as Bus];
}

const BUSES = new Map([bus("B0001", {}), bus("B0002", { operator: "顺达", school: "实验小学", district: "" })]);
const ONLOOKER = { buses: BUSES, me: "李雷", nowMs: 0 };

function names(filter: Partial<typeof WHOLE_DESK> = {}, alerts: Alerts = ALERTS, nowMs = 0): string[] {
  return deskRows(alerts, { ...WHOLE_DESK, ...filter }, { ...ONLOOKER, nowMs }).map((entry) => entry.alert.alert_id);
}

test("what nobody has taken comes first, then what goes on, then the worst, then the newest", () => {
  expect(names()).toEqual(["newer", "older", "astray", "mild", "over", "taken"]);
});

test("of what nobody has taken, what was raised highest comes before all", () => {
  const raised = [alert("mild", { severity: "warning", level: 1, version: 2 }), alert("over", { severity: "critical", level: 2, version: 2 })];
  const alerts = applyList(ALERTS, [...raised, alert("taken", { status: "acknowledged", level: 2, version: 2 })], 0, false);
  expect(names({}, alerts)).toEqual(["over", "mild", "newer", "older", "astray", "taken"]);
});

describe("the desk shows", () => {
  test("one rule, one severity, one status", () => {
    expect(names({ rule: "deviation" })).toEqual(["astray"]);
    expect(names({ severity: "warning" })).toEqual(["mild"]);
    expect(names({ status: "closed" })).toEqual(["done"]);
    expect(names({ status: "acknowledged", severity: "warning" })).toEqual([]);
  });

  test("one school, one district, one operator, what is mine", () => {
    expect(names({ school: "实验小学" })).toEqual(["astray"]);
    expect(names({ operator: "顺达" })).toEqual(["astray"]);
    expect(names({ district: "东城区" })).not.toContain("astray");
    expect(names({ mine: true })).toEqual(["taken"]);
  });

  test("nothing of a district before the record is known", () => {
    expect(deskRows(ALERTS, { ...WHOLE_DESK, district: "东城区" }, { ...ONLOOKER, buses: new Map() })).toEqual([]);
  });
});

describe("what the filter leaves out", () => {
  test("is counted, settled alerts aside, and the critical ones of it want somebody", () => {
    const out = filteredOut(ALERTS, { ...WHOLE_DESK, rule: "deviation" }, ONLOOKER);
    expect(out.map((entry) => entry.alert.alert_id).sort()).toEqual(["mild", "newer", "older", "over", "taken"]);
    expect(out.filter(isWanting).map((entry) => entry.alert.alert_id).sort()).toEqual(["newer", "older", "over"]);
  });

  test("is nothing without a filter, and all of it where settled alerts are looked at", () => {
    expect(filteredOut(ALERTS, WHOLE_DESK, ONLOOKER)).toEqual([]);
    expect(filteredOut(ALERTS, { ...WHOLE_DESK, status: "closed" }, ONLOOKER)).toHaveLength(6);
  });
});

describe("what somebody just did", () => {
  const at = "2026-09-01T08:00:00.000+08:00";
  const atMs = Date.parse(at);
  const settled = applyChange(ALERTS, change(9, alert("newer", { version: 2, status: "closed", severity: "critical" }), { kind: "closed", by: "韩梅梅", at }));

  test("keeps its row in its place for some seconds", () => {
    expect(names({}, settled, atMs + FRESH_MS - 1)).toEqual(names());
    expect(names({}, settled, atMs + FRESH_MS)).toEqual(["older", "astray", "mild", "over", "taken"]);
  });

  test("is shown at once where it is looked for", () => {
    expect(names({ status: "closed" }, settled, atMs)).toContain("newer");
  });

  test("is fresh only for so long", () => {
    expect(hasFresh(settled, atMs)).toBe(true);
    expect(hasFresh(settled, atMs + FRESH_MS)).toBe(false);
  });
});

test("open alerts are counted by severity; those somebody has taken are not", () => {
  expect(openCounts(ALERTS)).toEqual({ critical: 3, serious: 1, warning: 1 });
});

test("people are known by what they hold and did, and whoever looks is one of them", () => {
  const noted = applyChange(ALERTS, change(9, alert("mild", { version: 2 }), { kind: "noted", by: "韩梅梅", note: "问过学校" }));
  expect(knownPeople(noted, "赵丽")).toEqual(["韩梅梅", "李雷", "赵丽"]);
  expect(knownPeople(NO_ALERTS, "")).toEqual([]);
});

test("one can choose among what the record names", () => {
  expect(choices(BUSES)).toEqual({ school: ["实验小学", "育才小学"], district: ["东城区"], operator: ["平安", "顺达"] });
});
