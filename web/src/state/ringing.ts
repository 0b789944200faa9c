/** Which news of an alert rings, and how often anything may. */
import type { Alerts, Entry } from "./alerts";

/** Why an alert rings: it is critical since now, or was raised. */
export type Cause = "critical" | "escalated";

export interface Ring {
  cause: Cause;
  alertId: string;
}

/** However many arrive, a tone is heard once in so long. */
export const QUIET_MS = 5_000;

/**
 * Why what is known of an alert now rings, given what was known before. Only what has or had a deadline does: what
 * was found late, what a replay shows and what a waiver covers have none.
 */
export function causeOf(before: Entry | undefined, { alert, dueMs }: Entry): Cause | null {
  if (alert.status !== "open") return null;
  if (alert.level > (before?.alert.level ?? 0)) return "escalated";
  if (alert.severity !== "critical" || dueMs === null) return null;
  return before?.alert.severity === "critical" && before.dueMs !== null ? null : "critical";
}

/** What rings between two states of knowledge, in no order. */
export function ringsBetween(before: Alerts, after: Alerts): Ring[] {
  const rings: Ring[] = [];
  for (const [alertId, entry] of after.entries) {
    const held = before.entries.get(alertId);
    const cause = held === entry ? null : causeOf(held, entry);
    if (cause !== null) rings.push({ cause, alertId });
  }
  return rings;
}

/** Rings whose alerts still want somebody: a page that catches up hears of what was settled meanwhile. */
export function stillRinging(rings: readonly Ring[], alerts: Alerts): Ring[] {
  const last = new Map(rings.map((ring) => [ring.alertId, ring]));
  return [...last.values()].filter((ring) => alerts.entries.get(ring.alertId)?.alert.status === "open");
}

export function maySound(lastMs: number | null, nowMs: number): boolean {
  return lastMs === null || nowMs - lastMs >= QUIET_MS;
}
