import { expect, test } from "vitest";
import type { Assignment } from "../wire/contract";
import { nearestAssignment, schoolClock } from "./trips";

function assignment(assignment_id: string, weekdays: number[], starts: string, ends: string): Assignment {
  return {
    assignment_id,
    route_id: "R",
    route_name: "",
    direction: "to_school",
    approval_id: null,
    approval_number: null,
    driver: { driver_id: "D", name: "", phone: "" },
    weekdays,
    starts,
    ends,
  };
}

const SCHOOL_DAYS = [1, 2, 3, 4, 5];
const morning = assignment("morning", SCHOOL_DAYS, "06:40:00", "08:10:00");
const afternoon = assignment("afternoon", SCHOOL_DAYS, "16:00:00", "17:30:00");
const night = assignment("night", [5], "23:30:00", "00:30:00");
const at = (weekday: number, hour: number, minute = 0) => ({ weekday, minute: hour * 60 + minute });
const chosen = (...when: Parameters<typeof at>) => nearestAssignment([morning, afternoon, night], at(...when))?.assignment_id;

test("the assignment under way is the one", () => {
  expect(chosen(1, 7)).toBe("morning");
  expect(chosen(1, 16)).toBe("afternoon");
});

test("between two trips it is the next one", () => {
  expect(chosen(1, 8, 10)).toBe("afternoon");
  expect(chosen(1, 18)).toBe("morning");
});

test("a window that passes midnight belongs to the day it starts on", () => {
  expect(chosen(6, 0, 15)).toBe("night");
});

test("after the week's last trip it is Monday's first", () => {
  expect(chosen(6, 12)).toBe("morning");
});

test("on a make-up Saturday it is that of the weekday which is taught", () => {
  const taught = { day: "2026-10-10", weekday: 3, day_off: null };
  expect(schoolClock(at(6, 16), taught)).toEqual(at(3, 16));
  expect(nearestAssignment([morning, afternoon], schoolClock(at(6, 16), taught))).toBe(afternoon);
});

test("on a day off, and before it is known what the day is, the weekday stands", () => {
  expect(schoolClock(at(4, 7), { day: "2026-10-01", weekday: null, day_off: "国庆节" })).toEqual(at(4, 7));
  expect(schoolClock(at(4, 7), null)).toEqual(at(4, 7));
});

test("a bus without assignments has none", () => {
  expect(nearestAssignment([], at(1, 7))).toBeNull();
});
