/** Which assignment a bus is about now, by the fleet's wall clock. */
import type { Assignment, SchoolDay } from "../wire/contract";

/** Wall-clock moment: ISO weekday (Monday is 1) and minutes since midnight. */
export interface WallClock {
  weekday: number;
  minute: number;
}

const DAY = 24 * 60;

function minuteOf(time: string): number {
  const [hours = "0", minutes = "0"] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** The wall clock as schools have it: on a make-up day, that of the weekday which it is taught as. */
export function schoolClock(now: WallClock, schoolDay: SchoolDay | null): WallClock {
  return { ...now, weekday: schoolDay?.weekday ?? now.weekday };
}

/** Minutes until the window opens: 0 within it, up to a week before it. Windows may pass midnight. */
function minutesAhead(assignment: Assignment, now: WallClock): number {
  const starts = minuteOf(assignment.starts);
  const length = (minuteOf(assignment.ends) - starts + DAY) % DAY || DAY;
  const waits = assignment.weekdays.map((weekday) => {
    const week = 7 * DAY;
    const since = (((now.weekday - weekday) * DAY + now.minute - starts) % week + week) % week;
    return since < length ? 0 : week - since;
  });
  return Math.min(...waits);
}

/** The assignment under way, or else the next one; null when a bus has none. */
export function nearestAssignment(assignments: readonly Assignment[], now: WallClock): Assignment | null {
  let nearest: Assignment | null = null;
  let ahead = Infinity;
  for (const assignment of assignments) {
    const minutes = minutesAhead(assignment, now);
    if (minutes < ahead) [nearest, ahead] = [assignment, minutes];
  }
  return nearest;
}
