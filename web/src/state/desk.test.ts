import { expect, test } from "vitest";
import { applyList, NO_ALERTS } from "./alerts";
import { deskRows, openCounts, WHOLE_DESK } from "./desk";
import { alert } from "./sample";

const ALERTS = applyList(
  NO_ALERTS,
  [
    alert("taken", { severity: "critical", status: "acknowledged" }),
    alert("mild", { severity: "warning" }),
    alert("over", { severity: "critical", ended_at: "2026-09-01T07:31:00.000+08:00" }),
    alert("older", { severity: "critical", started_at: "2026-09-01T07:20:00.000+08:00" }),
    alert("newer", { severity: "critical" }),
    alert("astray", { rule: "deviation" }),
    alert("done", { severity: "critical", status: "closed" }),
    alert("wrong", { status: "false_alarm" }),
  ],
  0,
  true,
);

function names(filter: Partial<typeof WHOLE_DESK> = {}): string[] {
  return deskRows(ALERTS, { ...WHOLE_DESK, ...filter }).map((entry) => entry.alert.alert_id);
}

test("what nobody has taken comes first, then what goes on, then the worst, then the newest", () => {
  expect(names()).toEqual(["newer", "older", "astray", "mild", "over", "taken"]);
});

test("the desk shows one rule, one severity, one status", () => {
  expect(names({ rule: "deviation" })).toEqual(["astray"]);
  expect(names({ severity: "warning" })).toEqual(["mild"]);
  expect(names({ status: "closed" })).toEqual(["done"]);
  expect(names({ status: "acknowledged", severity: "warning" })).toEqual([]);
});

test("open alerts are counted by severity; those somebody has taken are not", () => {
  expect(openCounts(ALERTS)).toEqual({ critical: 3, serious: 1, warning: 1 });
});
