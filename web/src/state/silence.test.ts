import { expect, test } from "vitest";
import { applyChange, NO_ALERTS } from "./alerts";
import { alert, change } from "./sample";
import { silentBuses } from "./silence";

test("a bus is silent while an alert of its silence goes on, unless somebody called that false", () => {
  const told = [
    alert("a", { bus_id: "A", rule: "silent" }),
    alert("b", { bus_id: "B", rule: "silent", ended_at: "2026-09-01T07:40:00.000+08:00" }),
    alert("c", { bus_id: "C", rule: "silent", status: "false_alarm" }),
    alert("d", { bus_id: "D", rule: "silent", status: "acknowledged" }),
    alert("e", { bus_id: "E" }),
  ];
  const alerts = told.reduce((known, each, at) => applyChange(known, change(at + 1, each)), NO_ALERTS);
  expect([...silentBuses(alerts)].sort()).toEqual(["A", "D"]);
});
