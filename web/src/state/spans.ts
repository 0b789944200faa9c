/** Spans of time as people ask for them: today's morning run, the afternoon, the whole day, the last hour. */
import { dayOf, minuteOf, momentOf } from "../text/zone";
import type { Run, Span } from "../wire/tracks";

export const PRESETS = ["morning", "afternoon", "day", "hour"] as const;
export type Preset = (typeof PRESETS)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Before and after a run: the way from the depot, and being late. */
const MARGIN_MS = 10 * MINUTE_MS;
/** For a bus that no timetable names on the day. */
const USUAL = { morning: ["06:00", "09:00"], afternoon: ["15:00", "18:30"] } as const;
const DIRECTIONS = { morning: "to_school", afternoon: "to_home" } as const;

/** A day from one time of day to another; to the next day's when the second is not after the first. */
export function spanOn(day: string, from: string, to: string): Span {
  const fromMs = momentOf(day, from);
  const toMs = momentOf(day, to);
  return { fromMs, toMs: toMs > fromMs ? toMs : toMs + 24 * HOUR_MS };
}

/** How a span stands in the form: its day and the two times of day, to the minute. */
export function spanFields(span: Span): { day: string; from: string; to: string } {
  return { day: dayOf(span.fromMs), from: minuteOf(span.fromMs), to: minuteOf(span.toMs) };
}

function around(runs: readonly Run[]): Span {
  return {
    fromMs: Math.min(...runs.map((run) => Date.parse(run.starts))) - MARGIN_MS,
    toMs: Math.max(...runs.map((run) => Date.parse(run.ends))) + MARGIN_MS,
  };
}

/** The span of a preset on a day; `runs` are the bus's trips of that day. The last hour is that before `nowMs`. */
export function presetSpan(preset: Preset, day: string, runs: readonly Run[], nowMs: number): Span {
  if (preset === "hour") {
    const toMs = Math.ceil(nowMs / MINUTE_MS) * MINUTE_MS;
    return { fromMs: toMs - HOUR_MS, toMs };
  }
  if (preset === "day") return spanOn(day, "00:00", "00:00");
  const due = runs.filter((run) => run.direction === DIRECTIONS[preset]);
  const [from, to] = USUAL[preset];
  return due.length > 0 ? around(due) : spanOn(day, from, to);
}

/** What is shown of a bus and a day first: of its runs the one that began last, else the whole day. */
export function sensibleSpan(day: string, runs: readonly Run[], nowMs: number): Span {
  const begun = runs.filter((run) => Date.parse(run.starts) <= nowMs).sort((a, b) => a.starts.localeCompare(b.starts));
  const last = begun.at(-1);
  return last === undefined ? presetSpan("day", day, runs, nowMs) : around([last]);
}

/** The same times of day on another day. */
export function onDay(span: Span, day: string): Span {
  const moved = momentOf(day, "00:00") - momentOf(dayOf(span.fromMs), "00:00");
  return { fromMs: span.fromMs + moved, toMs: span.toMs + moved };
}

/** A day so many days later. */
export function dayAfter(day: string, days: number): string {
  return dayOf(momentOf(day, "12:00") + days * 24 * HOUR_MS);
}
