import { expect, test } from "vitest";
import type { Rule } from "../wire/contract";
import type { EvidenceSheet, SheetFix } from "../wire/evidence";
import { matterOf, readingOf, ways } from "./matter";

const START = Date.parse("2026-09-01T07:00:00+08:00");
const at = (seconds: number) => new Date(START + seconds * 1_000).toISOString();

function fix(seconds: number, changes: Partial<SheetFix> = {}): SheetFix {
  return {
    time: at(seconds), lon: 114.3, lat: 30.6, speed_kmh: 40, heading: null, accuracy_m: 5, satellites: null, quality: 0, marks: [],
    off_line_m: 3, ...changes,
  };
}

function sheet(fixes: SheetFix[], rule: Rule = "speeding", endsAt: string | null = at(20)): EvidenceSheet {
  const evidence = { peak_at: at(15), peak_lon: 114.3, peak_lat: 30.6, fixes: 3, parameters_version: "p", registry_version: "r" };
  const approval = {
    approval_id: "R1.1", route_id: "R1", version: 1, number: "", name: "", school: "", direction: "to_school" as const, line: [], gaps: [],
    corridor_m: 50, stops: [], limits: [], valid_from: "", valid_to: "",
  };
  return {
    digest: "", made_at: at(60), format: "", software: "", zone: "Asia/Shanghai", record: { city: "", version: "", as_judged: true },
    alert: {
      alert_id: "a", bus_id: "B1", rule, severity: "serious", status: "open", started_at: at(10), detected_at: at(15), ended_at: endsAt,
      lon: 114.3, lat: 30.6, found_late: false, version: 1, evidence, assignee: null, level: 0, due_at: null, false_reason: null,
    },
    law: { title: "", clauses: [] }, limit: { limit_kmh: 50, reason: "posted", stretch: null, zone: null, advisory: null },
    bus: null, driver: null, assignment: null, approval, parameters: { version: "", as_judged: true, group: "", values: {} }, waiver: null,
    history: [], fixes, fixes_truncated: false,
  };
}

test("fixes from start to end are of the episode; while it goes on all that follow are", () => {
  const fixes = [fix(9), fix(10), fix(20), fix(21)];
  expect(matterOf(sheet(fixes)).fixes.map(({ within }) => within)).toEqual([false, true, true, false]);
  expect(matterOf(sheet(fixes, "speeding", null)).fixes.map(({ within }) => within)).toEqual([false, true, true, true]);
});

test("a deviation is about the distance against the corridor, a speeding about the speed against the limit", () => {
  expect(matterOf(sheet([], "deviation"))).toMatchObject({ curve: "distance", bound: 50 });
  expect(matterOf(sheet([], "speeding"))).toMatchObject({ curve: "speed", bound: 50 });
  expect(matterOf({ ...sheet([], "long_stop"), limit: null })).toMatchObject({ curve: "speed", bound: null });
  expect(matterOf({ ...sheet([], "deviation"), approval: null, limit: null })).toMatchObject({ curve: "speed", bound: null });
});

test("a doubtful speed is no speed, a doubtful place no distance, and each leaves the other", () => {
  const [slow, far] = matterOf(sheet([fix(1, { marks: ["speed_contradicted"] }), fix(2, { marks: ["jump"] })])).fixes;
  if (slow === undefined || far === undefined) throw new Error("both are there");
  expect([readingOf(slow, "speed"), readingOf(slow, "distance")]).toEqual([null, 3]);
  expect([readingOf(far, "speed"), readingOf(far, "distance")]).toEqual([40, null]);
});

test("the way is parted where the episode begins and ends and by a silence; what has no place is left out", () => {
  const { fixes } = matterOf(sheet([fix(8), fix(9), fix(10), fix(15, { marks: ["no_fix"] }), fix(16), fix(20), fix(21), fix(300)]));
  const parts = ways(fixes).map(({ kind, fixes: part }) => [kind, part.map(({ timeMs }) => (timeMs - START) / 1_000)]);
  expect(parts).toEqual([
    ["plain", [8, 9, 10]],
    ["within", [10, 16, 20]],
    ["plain", [20, 21]],
    ["silence", [21, 300]],
  ]);
  expect(ways([])).toEqual([]);
});
