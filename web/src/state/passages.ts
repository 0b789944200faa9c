/** The stops of a trip as an operator looks at them: where the bus is between them. */
import type { StopPassage, Trip } from "../wire/bus";

export interface StopRow {
  stop: StopPassage;
  /** `there` now, `passed`, `missed` (it drove on without being seen there), the `next` one, or still `ahead`. */
  progress: "passed" | "there" | "missed" | "next" | "ahead";
}

export function stopRows(trip: Trip): StopRow[] {
  const last = trip.stops.findLastIndex(({ reached_at }) => reached_at !== null);
  return trip.stops.map((stop, at) => ({ stop, progress: progressOf(trip, stop, at, last) }));
}

function progressOf({ state, stops }: Trip, stop: StopPassage, at: number, last: number): StopRow["progress"] {
  if (stop.reached_at !== null) {
    const isThere = at === last && stop.left_at === null && state !== "ended";
    return isThere ? "there" : "passed";
  }
  if (at < last || state === "ended") return "missed";
  const next = state === "under_way" && at === last + 1 && stops.length > 0;
  return next ? "next" : "ahead";
}

/** Minutes within which a bus is on time. */
const ON_TIME_MIN = 1;
const MINUTE_MS = 60_000;

/**
 * Whole minutes that a bus was behind its timetable at a stop, negative ahead of it; 0 on time, null where that is not
 * known. At the first stop of a trip it waits for its time: there it counts when it left.
 */
export function minutesLate(trip: Trip, stop: StopPassage): number | null {
  const was = stop === trip.stops[0] ? stop.left_at : stop.reached_at;
  if (was === null || stop.due_at === null) return null;
  const minutes = Math.trunc((Date.parse(was) - Date.parse(stop.due_at)) / MINUTE_MS);
  return Math.abs(minutes) <= ON_TIME_MIN ? 0 : minutes;
}

/** The rows round where the bus is, so many before and after; all when there are no more. */
export function rowsNear(rows: readonly StopRow[], before: number, after: number): StopRow[] {
  const last = rows.findLastIndex(({ progress }) => progress === "passed" || progress === "there");
  const end = Math.min(rows.length, Math.max(last + 1 + after, before + after));
  return rows.slice(Math.max(0, end - before - after), end);
}
