/** Times in the fleet's zone, whatever zone the PC believes in. */
import type { WallClock } from "../state/trips";

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function formatsOf(timeZone: string) {
  return {
    timeZone,
    clock: new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    day: new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }),
    weekday: new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "short" }),
  };
}

let formats = formatsOf("Asia/Shanghai");

/** Takes the zone of the fleet, before anything is shown. */
export function setFleetZone(zone: string): void {
  formats = formatsOf(zone);
}

export function fleetZone(): string {
  return formats.timeZone;
}

/** 07:31:05 */
export function timeOfDay(ms: number): string {
  return formats.clock.format(ms);
}

/** 07:31 */
export function minuteOf(ms: number): string {
  return timeOfDay(ms).slice(0, 5);
}

/** 2026-09-01 */
export function dayOf(ms: number): string {
  return formats.day.format(ms);
}

export function wallClock(ms: number): WallClock {
  const [hours, minutes] = formats.clock.format(ms).split(":");
  return { weekday: WEEKDAYS.indexOf(formats.weekday.format(ms)) + 1, minute: Number(hours) * 60 + Number(minutes) };
}

/** Epoch milliseconds of 07:30 or 07:30:05 on a day, both in the fleet's zone; NaN for what is no time. */
export function momentOf(date: string, time: string): number {
  const asUtc = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(asUtc)) return Number.NaN;
  return asUtc - (Date.parse(`${dayOf(asUtc)}T${timeOfDay(asUtc)}Z`) - asUtc);
}

/** The moment at which the day of a moment began. */
export function dayStart(ms: number): number {
  return momentOf(dayOf(ms), "00:00");
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
