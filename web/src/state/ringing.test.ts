import { describe, expect, test } from "vitest";
import type { Alert } from "../wire/contract";
import { applyChange, applyList, NO_ALERTS, type Alerts } from "./alerts";
import { maySound, QUIET_MS, ringsBetween, stillRinging } from "./ringing";
import { alert, change } from "./sample";

const DUE = { due_at: "2026-09-01T07:33:05.000+08:00" };
const CRITICAL: Partial<Alert> = { ...DUE, severity: "critical" };

/** The causes that ring, step by step, in the life of one alert. */
function causes(...steps: Partial<Alert>[]): (string | null)[] {
  let alerts: Alerts = NO_ALERTS;
  return steps.map((step, at) => {
    const next = applyChange(alerts, change(at + 1, alert("a", { version: at + 1, ...step })));
    const rings = ringsBetween(alerts, next);
    alerts = next;
    return rings[0]?.cause ?? null;
  });
}

describe("an alert rings", () => {
  test("when it opens as critical, and only then", () => {
    expect(causes(CRITICAL, CRITICAL, { ...CRITICAL, ended_at: "2026-09-01T07:31:00.000+08:00" })).toEqual(["critical", null, null]);
  });

  test("when it becomes critical", () => {
    expect(causes(DUE, CRITICAL, CRITICAL)).toEqual([null, "critical", null]);
  });

  test("each time it is raised, whatever its severity, also to the highest level, which has no deadline", () => {
    expect(causes(DUE, { ...DUE, level: 1 }, { level: 2 })).toEqual([null, "escalated", "escalated"]);
  });

  test("not when it was found late, is of a replay or waived: it has no deadline", () => {
    expect(causes({ severity: "critical", found_late: true }, { severity: "critical" })).toEqual([null, null]);
  });

  test("not when somebody has it", () => {
    expect(causes({ ...CRITICAL, status: "acknowledged" }, { ...CRITICAL, status: "acknowledged", level: 1 })).toEqual([null, null]);
  });
});

test("a list read after a gap rings for what is new in it alone", () => {
  const before = applyList(NO_ALERTS, [alert("known", CRITICAL)], 0, true);
  const after = applyList(before, [alert("known", CRITICAL), alert("new", CRITICAL), alert("mild", DUE)], 0, true);
  expect(ringsBetween(before, after)).toEqual([{ cause: "critical", alertId: "new" }]);
});

test("what was settled before it could ring is left out, and an alert rings once", () => {
  const alerts = applyList(NO_ALERTS, [alert("open", CRITICAL), alert("done", { status: "closed" })], 0, true);
  const rings = [
    { cause: "critical", alertId: "open" },
    { cause: "critical", alertId: "done" },
    { cause: "escalated", alertId: "open" },
    { cause: "critical", alertId: "forgotten" },
  ] as const;
  expect(stillRinging(rings, alerts)).toEqual([{ cause: "escalated", alertId: "open" }]);
});

test("however many arrive, a tone is heard once in some seconds", () => {
  expect(maySound(null, 0)).toBe(true);
  expect(maySound(1_000, 1_000 + QUIET_MS - 1)).toBe(false);
  expect(maySound(1_000, 1_000 + QUIET_MS)).toBe(true);
});
