import { afterEach, expect, test } from "vitest";
import { dayOf, setFleetZone, timeOfDay, wallClock } from "./zone";

const MS = Date.UTC(2026, 8, 1, 23, 30, 5);

afterEach(() => setFleetZone("Asia/Shanghai"));

test("times are the fleet's, whatever zone the PC believes in", () => {
  expect([dayOf(MS), timeOfDay(MS)]).toEqual(["2026-09-02", "07:30:05"]);
  expect(wallClock(MS)).toEqual({ weekday: 3, minute: 450 });
});

test("a fleet elsewhere has its own", () => {
  setFleetZone("Europe/Paris");
  expect([dayOf(MS), timeOfDay(MS)]).toEqual(["2026-09-02", "01:30:05"]);
});
