/** Times in the fleet's zone, whatever zone the PC believes in. */
import type { WallClock } from "../state/trips";

export const FLEET_ZONE = "Asia/Shanghai";

const clock = new Intl.DateTimeFormat("en-GB", { timeZone: FLEET_ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-CA", { timeZone: FLEET_ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
const weekday = new Intl.DateTimeFormat("en-GB", { timeZone: FLEET_ZONE, weekday: "short" });
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** 07:31:05 */
export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

/** 2026-09-01 */
export function dayOf(ms: number): string {
  return day.format(ms);
}

/** The moment at which the day of a moment began; the fleet's zone has no summer time. */
export function dayStart(ms: number): number {
  const [hours, minutes, seconds] = clock.format(ms).split(":").map(Number) as [number, number, number];
  return Math.floor(ms / 1000) * 1000 - ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

export function wallClock(ms: number): WallClock {
  const [hours, minutes] = clock.format(ms).split(":");
  return { weekday: WEEKDAYS.indexOf(weekday.format(ms)) + 1, minute: Number(hours) * 60 + Number(minutes) };
}
