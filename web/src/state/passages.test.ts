import { expect, test } from "vitest";
import type { Trip } from "../wire/bus";
import { minutesLate, rowsNear, stopRows } from "./passages";

/** A trip whose stops were reached and left as told: "-" for not, "r" reached, "l" left too. */
function trip(seen: string, state: Trip["state"] = "under_way"): Trip {
  const stops = [...seen].map((what, at) => ({
    name: `${at}`,
    lon: 114.3,
    lat: 30.6,
    chainage_m: at * 1000,
    due_at: null,
    reached_at: what === "-" ? null : `2026-09-01T07:0${at}:00+08:00`,
    left_at: what === "l" ? `2026-09-01T07:0${at}:30+08:00` : null,
  }));
  const window = { starts: "2026-09-01T07:00:00+08:00", ends: "2026-09-01T09:00:00+08:00" };
  return { assignment_id: "A", approval_id: "R.1", route_id: "R", route_name: "一号线", direction: "to_school", ...window, state, stops };
}

const progress = (seen: string, state?: Trip["state"]) => stopRows(trip(seen, state)).map((row) => row.progress);

test.each<[string, Trip["state"], string[]]>([
  ["---", "waiting", ["ahead", "ahead", "ahead"]],
  ["r--", "under_way", ["there", "next", "ahead"]],
  ["l--", "under_way", ["passed", "next", "ahead"]],
  ["l-l-", "under_way", ["passed", "missed", "passed", "next"]],
  ["--l-", "under_way", ["missed", "missed", "passed", "next"]],
  ["llr", "ended", ["passed", "passed", "passed"]],
  ["l-r", "ended", ["passed", "missed", "passed"]],
])("stops %s of a trip %s are %j", (seen, state, expected) => {
  expect(progress(seen, state)).toEqual(expected);
});

test("the rows near the bus are the last it passed and the next, and never fewer than there is room for", () => {
  const names = (seen: string) => rowsNear(stopRows(trip(seen)), 2, 2).map((row) => row.stop.name);
  expect(names("------")).toEqual(["0", "1", "2", "3"]);
  expect(names("lll---")).toEqual(["1", "2", "3", "4"]);
  expect(names("llllll")).toEqual(["2", "3", "4", "5"]);
  expect(names("l-")).toEqual(["0", "1"]);
});

test("late is who comes after the time of the timetable by more than a minute, and who leaves the first stop so", () => {
  const timed = trip("llr-");
  const due = ["07:00:00", "06:58:30", "07:05:00", "07:06:00"];
  timed.stops.forEach((stop, at) => (stop.due_at = `2026-09-01T${due[at]}+08:00`));
  expect(timed.stops.map((stop) => minutesLate(timed, stop))).toEqual([0, 2, -3, null]);
  timed.stops[0] = { ...timed.stops[0]!, reached_at: "2026-09-01T06:50:00+08:00", left_at: "2026-09-01T07:04:59+08:00" };
  expect(minutesLate(timed, timed.stops[0])).toBe(4);
  expect(minutesLate(trip("l"), trip("l").stops[0]!)).toBeNull();
});
