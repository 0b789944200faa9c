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

export function wallClock(ms: number): WallClock {
  const [hours, minutes] = clock.format(ms).split(":");
  return { weekday: WEEKDAYS.indexOf(weekday.format(ms)) + 1, minute: Number(hours) * 60 + Number(minutes) };
}

/** Epoch milliseconds of 07:30 or 07:30:05 on a day, both in the fleet's zone; NaN for what is no time. */
export function momentOf(date: string, time: string): number {
  const asUtc = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(asUtc)) return Number.NaN;
  return asUtc - (Date.parse(`${dayOf(asUtc)}T${timeOfDay(asUtc)}Z`) - asUtc);
}

/** 2026-09-01T07:31:05 in the fleet's zone, to the second. */
export function stampOf(ms: number): string {
  return `${dayOf(ms)}T${timeOfDay(ms)}`;
}

/** What `stampOf` wrote; NaN for anything else. */
export function readStamp(stamp: string): number {
  const [date = "", time = ""] = stamp.split("T", 2);
  return momentOf(date, time);
}
