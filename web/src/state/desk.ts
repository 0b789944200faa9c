/** The alert desk: which alerts are shown, and in what order. */
import { SEVERITIES, type Bus, type Rule, type Severity, type Status } from "../wire/contract";
import { isSettled, type Alerts, type Entry } from "./alerts";

/** `unsettled` is what still wants somebody: open or acknowledged. */
export type StatusFilter = "unsettled" | Status;

export interface DeskFilter {
  rule: Rule | null;
  severity: Severity | null;
  status: StatusFilter;
  school: string | null;
  district: string | null;
  operator: string | null;
  /** Only what is assigned to whoever looks. */
  mine: boolean;
}

export const WHOLE_DESK: DeskFilter = {
  rule: null,
  severity: null,
  status: "unsettled",
  school: null,
  district: null,
  operator: null,
  mine: false,
};

/** What the desk is seen by: the record, who looks, and when. */
export interface Onlooker {
  buses: ReadonlyMap<string, Bus>;
  me: string;
  nowMs: number;
}

/** For so long a row says what somebody just did, and keeps the place from which it did it. */
export const FRESH_MS = 8_000;

export function isFresh({ handling }: Entry, nowMs: number): boolean {
  return handling !== null && Math.abs(nowMs - handling.atMs) < FRESH_MS;
}

export function hasFresh(alerts: Alerts, nowMs: number): boolean {
  return [...alerts.entries.values()].some((entry) => isFresh(entry, nowMs));
}

function passesStatus(entry: Entry, status: StatusFilter, nowMs: number): boolean {
  if (isFresh(entry, nowMs) && passesStatusOf(entry.was, status)) return true;
  return passesStatusOf(entry.alert.status, status);
}

function passesStatusOf(status: Status, filter: StatusFilter): boolean {
  return filter === "unsettled" ? status === "open" || status === "acknowledged" : status === filter;
}

function passes(entry: Entry, filter: DeskFilter, { buses, me, nowMs }: Onlooker): boolean {
  const { rule, severity, assignee, bus_id } = entry.alert;
  const bus = buses.get(bus_id);
  return (
    (filter.rule === null || filter.rule === rule) &&
    (filter.severity === null || filter.severity === severity) &&
    (filter.school === null || filter.school === bus?.school) &&
    (filter.district === null || filter.district === bus?.district) &&
    (filter.operator === null || filter.operator === bus?.operator) &&
    (!filter.mine || assignee === me) &&
    passesStatus(entry, filter.status, nowMs)
  );
}

const STATUS_RANK: Record<Status, number> = { open: 0, acknowledged: 1, closed: 2, false_alarm: 2 };

/**
 * What nobody has taken comes first, of it what was raised highest, then what goes on and can still be stopped,
 * then the worst, then the newest.
 */
function byUrgency(nowMs: number): (a: Entry, b: Entry) => number {
  const rank = (entry: Entry) => STATUS_RANK[isFresh(entry, nowMs) ? entry.was : entry.alert.status];
  return (a, b) =>
    rank(a) - rank(b) ||
    b.alert.level - a.alert.level ||
    Number(a.endedMs !== null) - Number(b.endedMs !== null) ||
    SEVERITIES.indexOf(a.alert.severity) - SEVERITIES.indexOf(b.alert.severity) ||
    b.startedMs - a.startedMs ||
    a.alert.alert_id.localeCompare(b.alert.alert_id);
}

export function deskRows(alerts: Alerts, filter: DeskFilter, onlooker: Onlooker): Entry[] {
  return [...alerts.entries.values()].filter((entry) => passes(entry, filter, onlooker)).sort(byUrgency(onlooker.nowMs));
}

/** What still wants somebody and the filter does not show. */
export function filteredOut(alerts: Alerts, filter: DeskFilter, onlooker: Onlooker): Entry[] {
  if (filter === WHOLE_DESK) return [];
  return [...alerts.entries.values()].filter((entry) => !isSettled(entry.alert) && !passes(entry, filter, onlooker));
}

export function isWanting({ alert }: Entry): boolean {
  return alert.status === "open" && alert.severity === "critical";
}

/** Open alerts by severity: what nobody has taken yet. */
export function openCounts(alerts: Alerts): Record<Severity, number> {
  const counts: Record<Severity, number> = { critical: 0, serious: 0, warning: 0 };
  for (const { alert } of alerts.entries.values()) {
    if (alert.status === "open") counts[alert.severity]++;
  }
  return counts;
}

/** The names of people who are known to deal with alerts, in their order, for whoever hands one on. */
export function knownPeople(alerts: Alerts, me: string): string[] {
  const names = new Set<string>([me]);
  for (const { alert, handling } of alerts.entries.values()) {
    names.add(alert.assignee ?? "").add(handling?.by ?? "");
  }
  names.delete("");
  return [...names].sort((a, b) => a.localeCompare(b, "zh-CN"));
}

/** The schools, districts and operators on record, for choosing among them; what no bus names is left out. */
export function choices(buses: ReadonlyMap<string, Bus>): Record<"school" | "district" | "operator", string[]> {
  const named = (noun: "school" | "district" | "operator") =>
    [...new Set([...buses.values()].map((bus) => bus[noun]))].filter(Boolean).sort((a, b) => a.localeCompare(b, "zh-CN"));
  return { school: named("school"), district: named("district"), operator: named("operator") };
}
