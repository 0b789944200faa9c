/**
 * The alerts this page knows, each in its newest version.
 *
 * They come from two sides that race each other: lists read over REST and changes on the stream.
 * `version` counts every change of an alert, so the higher one is the truth wherever it came from;
 * `seq` is the one order of all changes and tells which side is newer when an alert is in one alone.
 */
import type { Alert, AlertFile, Change, HandlingKind, Status, Step } from "../wire/contract";

/** What a person last did about an alert. */
export interface Handling {
  kind: HandlingKind;
  by: string;
  at: string;
  atMs: number;
  note: string | null;
  /** Who held the alert after it. */
  assignee: string | null;
}

export interface Entry {
  alert: Alert;
  startedMs: number;
  endedMs: number | null;
  /** When it goes up a level; null when it does not. */
  dueMs: number | null;
  /** The newest change known when this entry was last confirmed. */
  seq: number;
  handling: Handling | null;
  /** The status before that. */
  was: Status;
}

export interface Alerts {
  entries: ReadonlyMap<string, Entry>;
  newestSeq: number;
}

export const NO_ALERTS: Alerts = { entries: new Map(), newestSeq: 0 };

/** Settled alerts kept for the operator to look back on; all that still want somebody are kept. */
const SETTLED_KEPT = 200;

export function isSettled(alert: Alert): boolean {
  return alert.status === "closed" || alert.status === "false_alarm";
}

function handlingOf({ kind, by, at, note }: Step, assignee: string | null): Handling | null {
  if (by === null) return null;
  if (kind === "opened" || kind === "updated" || kind === "ended" || kind === "waived" || kind === "escalated") return null;
  return { kind, by, at, atMs: Date.parse(at), note, assignee };
}

/** `held` is the alert as it was known before; `handling` what a person has done, where that is news. */
function entryOf(alert: Alert, seq: number, held: Entry | undefined, handling: Handling | null): Entry {
  return {
    alert,
    startedMs: Date.parse(alert.started_at),
    endedMs: alert.ended_at === null ? null : Date.parse(alert.ended_at),
    dueMs: alert.due_at === null ? null : Date.parse(alert.due_at),
    seq,
    handling: handling ?? held?.handling ?? null,
    was: (handling === null ? held?.was : held?.alert.status) ?? alert.status,
  };
}

function withoutOldSettled(entries: Map<string, Entry>): Map<string, Entry> {
  const settled = [...entries.values()].filter((entry) => isSettled(entry.alert));
  if (settled.length <= SETTLED_KEPT) return entries;
  settled.sort((a, b) => b.startedMs - a.startedMs);
  for (const entry of settled.slice(SETTLED_KEPT)) entries.delete(entry.alert.alert_id);
  return entries;
}

/** A change from the stream. One that came before, or is older than what is held, alters nothing. */
export function applyChange(alerts: Alerts, change: Change): Alerts {
  const newestSeq = Math.max(alerts.newestSeq, change.seq);
  const held = alerts.entries.get(change.alert.alert_id);
  if (held !== undefined && held.alert.version >= change.alert.version) {
    return newestSeq === alerts.newestSeq ? alerts : { ...alerts, newestSeq };
  }
  const entries = new Map(alerts.entries);
  entries.set(
    change.alert.alert_id,
    entryOf(change.alert, change.seq, held, handlingOf(change, change.alert.assignee)),
  );
  return { entries: withoutOldSettled(entries), newestSeq };
}

/**
 * The unsettled alerts as the server listed them, asked for when `asOfSeq` was the newest change.
 * With a `complete` list, an unsettled alert that is held but not listed has been settled meanwhile
 * and goes, unless the stream spoke of it after the question was asked.
 */
export function applyList(alerts: Alerts, listed: readonly Alert[], asOfSeq: number, complete: boolean): Alerts {
  const entries = new Map(alerts.entries);
  const names = new Set(listed.map((alert) => alert.alert_id));
  if (complete) {
    for (const [name, entry] of entries) {
      if (!names.has(name) && !isSettled(entry.alert) && entry.seq <= asOfSeq) entries.delete(name);
    }
  }
  for (const alert of listed) {
    const held = entries.get(alert.alert_id);
    if (held === undefined || held.alert.version < alert.version) {
      entries.set(alert.alert_id, entryOf(alert, asOfSeq, held, null));
    }
  }
  return { entries: withoutOldSettled(entries), newestSeq: alerts.newestSeq };
}

/** One alert read by itself, with the steps that say who did what. */
export function applyFile(alerts: Alerts, file: AlertFile): Alerts {
  const held = alerts.entries.get(file.alert_id);
  if (held !== undefined && held.alert.version > file.version) return alerts;
  const { changes, fixes: _, ...alert } = file;
  const handling = changes.map((step) => handlingOf(step, step.assignee)).findLast((step) => step !== null) ?? null;
  const news = handling?.at === held?.handling?.at ? null : handling;
  const entries = new Map(alerts.entries);
  entries.set(file.alert_id, entryOf(alert, held?.seq ?? alerts.newestSeq, held, news));
  return { ...alerts, entries: withoutOldSettled(entries) };
}
