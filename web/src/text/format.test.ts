import { expect, test } from "vitest";
import { alert } from "../state/sample";
import type { Evidence } from "../wire/contract";
import { en } from "./en";
import { doubts, duration, gravity, stopwatch } from "./format";
import { zh } from "./zh";
import { dayOf, dayStart, momentOf, readStamp, stampOf, timeOfDay, wallClock } from "./zone";

test("durations are told in the units that matter", () => {
  expect(duration(8_400, zh)).toBe("8 秒");
  expect(duration(3 * 60_000, zh)).toBe("3 分");
  expect(duration(125 * 60_000, en)).toBe("2 h 5 min");
  expect(duration(120 * 60_000, zh)).toBe("2 小时");
  expect(duration(80 * 3_600_000, en)).toBe("3 d");
  expect(duration(-5, en)).toBe("0 s");
});

test("a stopwatch shows minutes and seconds, and hours when there are any", () => {
  expect(stopwatch(65_000)).toBe("1:05");
  expect(stopwatch(7_380_000)).toBe("2:03:00");
});

test("how bad is the measured against the allowed", () => {
  const { evidence } = alert("a");
  expect(gravity(alert("a"), zh)).toBe("71 km/h · 限 50");
  const { speed_kmh: _speed, limit_kmh: _limit, ...rest } = evidence;
  expect(gravity({ rule: "deviation", evidence: { ...rest, off_line_m: 182.4, corridor_m: 50 } }, zh)).toBe("偏离 182 m · 允许 50 m");
  expect(gravity({ rule: "trip_not_begun", evidence: { ...rest, silent_s: 1_800 } }, zh)).toBe("已过 30 分");
});

test("times are those of the fleet's zone", () => {
  const ms = Date.parse("2026-08-31T23:31:05Z");
  expect(timeOfDay(ms)).toBe("07:31:05");
  expect(dayOf(ms)).toBe("2026-09-01");
  expect(new Date(dayStart(ms + 321)).toISOString()).toBe("2026-08-31T16:00:00.000Z");
  expect(wallClock(ms)).toEqual({ weekday: 2, minute: 451 });
  expect(timeOfDay(Date.parse("2026-08-31T16:00:00Z"))).toBe("00:00:00");
});

test("a day and a time name a moment of the fleet's zone, and a stamp comes back as it was written", () => {
  expect(momentOf("2026-09-01", "07:30")).toBe(Date.parse("2026-08-31T23:30:00Z"));
  expect(momentOf("2026-09-01", "00:00:05")).toBe(Date.parse("2026-08-31T16:00:05Z"));
  expect(momentOf("2026-09-31", "")).toBeNaN();
  expect(stampOf(readStamp("2026-09-01T23:59:59"))).toBe("2026-09-01T23:59:59");
  expect(readStamp("yesterday")).toBeNaN();
});

const COMMON = { peak_at: "", peak_lon: 0, peak_lat: 0, fixes: 3, parameters_version: "", registry_version: "" };

test.each<[Partial<Evidence>, string]>([
  [{ back_m: 141.6 }, "逆行 142 m"],
  [{ stops_skipped: 2 }, "漏停 2 站"],
  [{ stood_s: 430 }, "停留 7 分"],
  [{ speed_kmh: 34.4 }, "34 km/h"],
  [{ silent_s: 200 }, "3 分无定位"],
  [{ faults: ["sign_expired", "route_not_approved"] }, "标牌过期 · 路线未获批准"],
  [{}, ""],
])("evidence %j reads %s", (evidence, line) => {
  expect(gravity({ rule: "silent", evidence: { ...COMMON, ...evidence } }, zh)).toBe(line);
});

test("doubts about fixes are counted by mark", () => {
  const fixes = [0, 2, 2 | 4, 64].map((quality) => ({ lon: 0, lat: 0, quality }));
  expect(doubts(fixes, zh)).toBe("跳点 2 · 车速可疑 1 · 重复 1");
  expect(doubts([{ lon: 0, lat: 0 }], zh)).toBe("");
});
