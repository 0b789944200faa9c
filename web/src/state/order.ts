/**
 * The order of the list while somebody reads or aims at it.
 *
 * A list that sorts itself under the pointer has the wrong bus clicked. So while it is held every row keeps its
 * place and shows what is new in it; rows that no longer belong stay, and rows that came wait.
 */
import type { Entry } from "./alerts";

/** Nobody aims for so long without moving: the list that was forgotten under a pointer goes on by itself. */
export const IDLE_MS = 120_000;

export interface HeldRows {
  rows: Entry[];
  /** What came since, in the order that it will have. */
  waiting: Entry[];
  /** Whether letting go would change anything. */
  moved: boolean;
}

/** `places` are the rows as they stood when the list was held, `wanted` those that it would show now. */
export function heldRows(places: readonly string[], wanted: readonly Entry[], entries: ReadonlyMap<string, Entry>): HeldRows {
  const rows = places.map((name) => entries.get(name)).filter((entry) => entry !== undefined);
  const known = new Set(places);
  const waiting = wanted.filter((entry) => !known.has(entry.alert.alert_id));
  const moved = rows.length !== wanted.length || rows.some((entry, at) => entry.alert.alert_id !== wanted[at]?.alert.alert_id);
  return { rows, waiting, moved };
}

/** The row that lies `step` rows from another, the first or last when there is none, and itself at an end. */
export function neighbour(names: readonly string[], from: string | null, step: 1 | -1): string | null {
  const at = from === null ? -1 : names.indexOf(from);
  if (at < 0) return (step === 1 ? names[0] : names.at(-1)) ?? null;
  return names[at + step] ?? from;
}
