import { describe, expect, test } from "vitest";
import { applyChange, applyFile, applyList, NO_ALERTS, type Alerts } from "./alerts";
import type { FileStep } from "../wire/contract";
import { alert, change } from "./sample";

function after(...changes: Parameters<typeof change>[]): Alerts {
  return changes.reduce((alerts, each) => applyChange(alerts, change(...each)), NO_ALERTS);
}

function held(alerts: Alerts, alertId: string) {
  return alerts.entries.get(alertId);
}

describe("a change from the stream", () => {
  test("opens, worsens, ends: one entry that follows", () => {
    const alerts = after(
      [1, alert("a"), { kind: "opened" }],
      [2, alert("a", { version: 2, severity: "critical" })],
      [3, alert("a", { version: 3, severity: "critical", ended_at: "2026-09-01T07:31:00.000+08:00" }), { kind: "ended" }],
    );
    expect(alerts.entries.size).toBe(1);
    expect(held(alerts, "a")).toMatchObject({ seq: 3, alert: { severity: "critical" } });
    expect(held(alerts, "a")?.endedMs).toBe(Date.parse("2026-08-31T23:31:00Z"));
    expect(alerts.newestSeq).toBe(3);
  });

  test("seen twice alters nothing", () => {
    const once = after([1, alert("a")]);
    expect(applyChange(once, change(1, alert("a")))).toBe(once);
  });

  test("that comes after a newer version alters nothing", () => {
    const alerts = after([2, alert("a", { version: 2, severity: "critical" })], [1, alert("a")]);
    expect(held(alerts, "a")?.alert).toMatchObject({ version: 2, severity: "critical" });
    expect(alerts.newestSeq).toBe(2);
  });

  test("in any order and with repeats ends in the same alerts", () => {
    const steps: Parameters<typeof change>[] = [
      [1, alert("a")],
      [2, alert("b")],
      [3, alert("a", { version: 2, severity: "critical" })],
      [4, alert("b", { version: 2, status: "acknowledged" })],
    ];
    const [one, two, three, four] = steps as [(typeof steps)[0], (typeof steps)[0], (typeof steps)[0], (typeof steps)[0]];
    const straight = after(one, two, three, four);
    const tangled = after(four, three, one, three, two, four, one);
    expect([...tangled.entries.values()].map((entry) => entry.alert).sort((a, b) => a.alert_id.localeCompare(b.alert_id))).toEqual(
      [...straight.entries.values()].map((entry) => entry.alert),
    );
  });

  test("of a person says who, and the engine's next change keeps it", () => {
    const alerts = after(
      [1, alert("a")],
      [2, alert("a", { version: 2, status: "acknowledged" }), { kind: "acknowledged", by: "李雷", note: "已联系" }],
      [3, alert("a", { version: 3, status: "acknowledged", severity: "critical" })],
    );
    expect(held(alerts, "a")?.handling).toMatchObject({ kind: "acknowledged", by: "李雷", note: "已联系" });
  });
});

describe("what people did", () => {
  const assigned = change(2, alert("a", { version: 2, assignee: "韩梅梅" }), { kind: "assigned", by: "李雷" });

  test("says to whom an alert was given", () => {
    const alerts = applyChange(after([1, alert("a")]), assigned);
    expect(held(alerts, "a")?.handling).toMatchObject({ kind: "assigned", by: "李雷", assignee: "韩梅梅" });
  });

  test("is told with the status from which it was done, until the next deed", () => {
    const alerts = after(
      [1, alert("a")],
      [2, alert("a", { version: 2, status: "acknowledged" }), { kind: "acknowledged", by: "李雷" }],
      [3, alert("a", { version: 3, status: "acknowledged", severity: "critical" })],
    );
    expect(held(alerts, "a")).toMatchObject({ was: "open", alert: { status: "acknowledged" } });
    const closed = change(4, alert("a", { version: 4, status: "closed" }), { kind: "closed", by: "李雷" });
    expect(held(applyChange(alerts, closed), "a")?.was).toBe("acknowledged");
  });

  test("is nobody's deed when the clock raised it", () => {
    const alerts = after([1, alert("a")], [2, alert("a", { version: 2, level: 1 }), { kind: "escalated" }]);
    expect(held(alerts, "a")).toMatchObject({ handling: null, alert: { level: 1 } });
  });
});

describe("a list read over REST", () => {
  test("adds what the stream never told and keeps what it told in a newer version", () => {
    const alerts = applyList(after([7, alert("a", { version: 3 })]), [alert("a"), alert("b")], 7, true);
    expect(held(alerts, "a")?.alert.version).toBe(3);
    expect(held(alerts, "b")?.alert.version).toBe(1);
  });

  test("drops an unsettled alert that it no longer holds: it was settled while the link was down", () => {
    const alerts = applyList(after([7, alert("a")]), [alert("b")], 7, true);
    expect([...alerts.entries.keys()]).toEqual(["b"]);
  });

  test("does not drop an alert that opened while the list was on its way", () => {
    const alerts = applyList(after([7, alert("a")], [8, alert("new")]), [alert("a")], 7, true);
    expect([...alerts.entries.keys()].sort()).toEqual(["a", "new"]);
  });

  test("that was cut short drops nothing", () => {
    const alerts = applyList(after([7, alert("a")]), [alert("b")], 7, false);
    expect([...alerts.entries.keys()].sort()).toEqual(["a", "b"]);
  });
});

test("an alert read by itself brings who handled it last", () => {
  const steps = [
    { seq: 1, kind: "opened", at: "2026-09-01T07:30:05.000+08:00", by: null, note: null },
    { seq: 2, kind: "acknowledged", at: "2026-09-01T07:31:00.000+08:00", by: "李雷", note: null },
    { seq: 3, kind: "closed", at: "2026-09-01T07:32:00.000+08:00", by: "韩梅梅", note: "已劝导" },
  ].map((step) => ({ ...step, assignee: null, level: 0, false_reason: null }) as FileStep);
  const alerts = applyFile(after([1, alert("a")]), { ...alert("a", { version: 3, status: "closed" }), changes: steps, fixes: [] });
  expect(held(alerts, "a")).toMatchObject({ alert: { status: "closed" }, handling: { by: "韩梅梅", kind: "closed" } });
  expect(held(alerts, "a")?.alert).not.toHaveProperty("changes");
});

test("settled alerts are forgotten from the oldest on, unsettled ones never", () => {
  const settled = Array.from({ length: 300 }, (_, at) =>
    alert(`s${at}`, { status: "closed", started_at: new Date(at * 1000).toISOString() }),
  );
  const open = Array.from({ length: 500 }, (_, at) => alert(`o${at}`));
  const alerts = applyList(NO_ALERTS, [...settled, ...open], 0, true);
  expect(alerts.entries.size).toBe(700);
  expect(held(alerts, "s0")).toBeUndefined();
  expect(held(alerts, "s299")).toBeDefined();
});
