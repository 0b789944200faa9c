/**
 * Smooth motion between fixes, never ahead of them.
 *
 * When a fix comes, a bus starts from where it is drawn and arrives at the fix after as long as the
 * fixes lie apart. It is therefore drawn up to one interval late and stands still when none follows:
 * the map shows no place that a bus did not report. Lengths are in any plane, times in milliseconds.
 */

export interface Place {
  x: number;
  y: number;
  /** Radians clockwise from north. */
  heading: number;
}

export interface Motion {
  from: Place;
  to: Place;
  startMs: number;
  durationMs: number;
  /** Event time of the fix that it leads to. */
  fixMs: number;
}

/** Fleets that report seldom would be drawn far behind; they arrive earlier and wait instead. */
const LONGEST_MS = 3_000;
/** After a silence longer than this the way between the fixes is unknown: the bus is moved at once. */
const JUMP_AFTER_MS = 60_000;

export function placeAt(motion: Motion, nowMs: number): Place {
  if (nowMs >= motion.startMs + motion.durationMs) return motion.to;
  const share = Math.max(0, (nowMs - motion.startMs) / motion.durationMs);
  const { from, to } = motion;
  return {
    x: from.x + (to.x - from.x) * share,
    y: from.y + (to.y - from.y) * share,
    heading: from.heading + (to.heading - from.heading) * share,
  };
}

/** The motion towards a new fix; `to.heading` is turned by whole circles so that the short way is taken. */
export function towards(motion: Motion | undefined, to: Place, fixMs: number, nowMs: number): Motion {
  if (motion === undefined || fixMs - motion.fixMs > JUMP_AFTER_MS) {
    return { from: to, to, startMs: nowMs, durationMs: 0, fixMs };
  }
  const from = placeAt(motion, nowMs);
  const circles = Math.round((from.heading - to.heading) / (2 * Math.PI));
  return {
    from,
    to: { ...to, heading: to.heading + circles * 2 * Math.PI },
    startMs: nowMs,
    durationMs: Math.min(fixMs - motion.fixMs, LONGEST_MS),
    fixMs,
  };
}
