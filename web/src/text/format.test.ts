import { expect, test } from "vitest";
import { alert } from "../state/sample";
import { en } from "./en";
import { duration, gravity, stopwatch } from "./format";
import { zh } from "./zh";
import { dayOf, timeOfDay, wallClock } from "./zone";

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
  expect(gravity(evidence, zh)).toBe("71 km/h · 限 50");
  const { speed_kmh: _speed, limit_kmh: _limit, ...rest } = evidence;
  expect(gravity({ ...rest, off_line_m: 182.4, corridor_m: 50 }, zh)).toBe("偏离 182 m · 允许 50 m");
  expect(gravity(rest, zh)).toBe(zh.unknown);
});

test("times are those of the fleet's zone", () => {
  const ms = Date.parse("2026-08-31T23:31:05Z");
  expect(timeOfDay(ms)).toBe("07:31:05");
  expect(dayOf(ms)).toBe("2026-09-01");
  expect(wallClock(ms)).toEqual({ weekday: 2, minute: 451 });
  expect(timeOfDay(Date.parse("2026-08-31T16:00:00Z"))).toBe("00:00:00");
});
