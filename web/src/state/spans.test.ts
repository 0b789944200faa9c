import { expect, test } from "vitest";
import type { Run } from "../wire/tracks";
import { momentOf } from "../text/zone";
import { dayAfter, onDay, presetSpan, sensibleSpan, spanFields, spanOn } from "./spans";

const DAY = "2026-09-01";
const at = (time: string): number => momentOf(DAY, time);
const run = (direction: Run["direction"], from: string, to: string): Run => ({
  assignment_id: "A1",
  bus_id: "B1",
  driver_id: "D1",
  driver_name: "王师傅",
  route_id: "R1",
  route_name: "一号线",
  school: "实验小学",
  direction,
  approval_id: "R1.1",
  starts: `${DAY}T${from}:00.000+08:00`,
  ends: `${DAY}T${to}:00.000+08:00`,
});
const RUNS = [run("to_school", "06:40", "07:20"), run("to_school", "07:10", "08:00"), run("to_home", "16:00", "17:00")];

test("the morning and the afternoon run are those of the timetable, with ten minutes around them", () => {
  expect(presetSpan("morning", DAY, RUNS, 0)).toEqual({ fromMs: at("06:30"), toMs: at("08:10") });
  expect(presetSpan("afternoon", DAY, RUNS, 0)).toEqual({ fromMs: at("15:50"), toMs: at("17:10") });
});

test("without a trip they are the usual hours", () => {
  expect(presetSpan("morning", DAY, [], 0)).toEqual({ fromMs: at("06:00"), toMs: at("09:00") });
  expect(presetSpan("afternoon", DAY, [], 0)).toEqual({ fromMs: at("15:00"), toMs: at("18:30") });
});

test("a whole day ends with the next one, and the last hour with the minute under way", () => {
  expect(presetSpan("day", DAY, RUNS, 0)).toEqual({ fromMs: at("00:00"), toMs: at("00:00") + 86_400_000 });
  expect(presetSpan("hour", "2020-01-01", RUNS, at("10:30:12"))).toEqual({ fromMs: at("09:31"), toMs: at("10:31") });
});

test("the run that began last is shown first, and the whole day when none has begun", () => {
  expect(sensibleSpan(DAY, RUNS, at("12:00"))).toEqual({ fromMs: at("07:00"), toMs: at("08:10") });
  expect(sensibleSpan(DAY, RUNS, at("16:01"))).toEqual({ fromMs: at("15:50"), toMs: at("17:10") });
  expect(sensibleSpan(DAY, RUNS, at("05:00"))).toEqual(presetSpan("day", DAY, RUNS, 0));
});

test("a span past midnight ends on the next day, and the form shows what was asked", () => {
  const night = spanOn(DAY, "22:00", "01:30");
  expect(night.toMs - night.fromMs).toBe(3.5 * 3_600_000);
  expect(spanFields(night)).toEqual({ day: DAY, from: "22:00", to: "01:30" });
  expect(spanFields(onDay(night, "2026-08-25"))).toEqual({ day: "2026-08-25", from: "22:00", to: "01:30" });
});

test("days follow each other over the end of a month", () => {
  expect(dayAfter("2026-08-31", 1)).toBe(DAY);
  expect(dayAfter("2026-09-01", -7)).toBe("2026-08-25");
});
