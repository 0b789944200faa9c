/** Periods of whole days, written as 2026-09-01: which days they are, and which of them an address names. */

export const PERIODS = ["today", "yesterday", "this_week", "last_week", "this_month", "custom"] as const;
export type Period = (typeof PERIODS)[number];

export interface Days {
  from: string;
  to: string;
}

/** As many days as the API tells at once. */
export const LONGEST_DAYS = 92;
const DAY_MS = 86_400_000;

/** The day's number since 1970; NaN for what is no day. */
function number(day: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) / DAY_MS : NaN;
}

export function shiftDay(day: string, days: number): string {
  return new Date((number(day) + days) * DAY_MS).toISOString().slice(0, 10);
}

/** Monday is 1. */
export function weekdayOf(day: string): number {
  return new Date(number(day) * DAY_MS).getUTCDay() || 7;
}

/** How many days a period has, both ends included. */
export function lengthOf({ from, to }: Days): number {
  return number(to) - number(from) + 1;
}

/** The days of a named period as seen from a day; what is not over ends with that day. */
export function daysOf(period: Exclude<Period, "custom">, today: string): Days {
  const monday = shiftDay(today, 1 - weekdayOf(today));
  switch (period) {
    case "today":
      return { from: today, to: today };
    case "yesterday":
      return { from: shiftDay(today, -1), to: shiftDay(today, -1) };
    case "this_week":
      return { from: monday, to: today };
    case "last_week":
      return { from: shiftDay(monday, -7), to: shiftDay(monday, -1) };
    case "this_month":
      return { from: `${today.slice(0, 7)}-01`, to: today };
  }
}

/** The period that some days are; the first that fits, so that a Monday is today and not this week. */
export function periodOf(days: Days, today: string): Period {
  const named = PERIODS.find((period) => {
    if (period === "custom") return false;
    const its = daysOf(period, today);
    return its.from === days.from && its.to === days.to;
  });
  return named ?? "custom";
}

export type Flaw = "no_day" | "backwards" | "too_long" | "ahead";

/** Why some days cannot be told; null when they can. */
export function flawOf(days: Days, today: string): Flaw | null {
  const length = lengthOf(days);
  if (Number.isNaN(length)) return "no_day";
  if (length < 1) return "backwards";
  if (length > LONGEST_DAYS) return "too_long";
  return number(days.from) > number(today) ? "ahead" : null;
}

/** The days that an address names: today where it names none, or none that can be told. */
export function daysIn(query: URLSearchParams, today: string): Days {
  const from = query.get("from") ?? query.get("to") ?? today;
  const days = { from, to: query.get("to") ?? from };
  return flawOf(days, today) === null ? days : { from: today, to: today };
}
