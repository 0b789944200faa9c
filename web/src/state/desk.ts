/** The alert desk: which alerts are shown, and in what order. */
import { SEVERITIES, type Rule, type Severity, type Status } from "../wire/contract";
import { isSettled, type Alerts, type Entry } from "./alerts";

/** `unsettled` is what still wants somebody: open or acknowledged. */
export type StatusFilter = "unsettled" | Status;

export interface DeskFilter {
  rule: Rule | null;
  severity: Severity | null;
  status: StatusFilter;
}

export const WHOLE_DESK: DeskFilter = { rule: null, severity: null, status: "unsettled" };

function passes(entry: Entry, filter: DeskFilter): boolean {
  const { rule, severity, status } = entry.alert;
  return (
    (filter.rule === null || filter.rule === rule) &&
    (filter.severity === null || filter.severity === severity) &&
    (filter.status === "unsettled" ? !isSettled(entry.alert) : filter.status === status)
  );
}

const STATUS_RANK: Record<Status, number> = { open: 0, acknowledged: 1, closed: 2, false_alarm: 2 };

/** What nobody has taken comes first, then what goes on and can still be stopped, then the worst, then the newest. */
function byUrgency(a: Entry, b: Entry): number {
  return (
    STATUS_RANK[a.alert.status] - STATUS_RANK[b.alert.status] ||
    Number(a.endedMs !== null) - Number(b.endedMs !== null) ||
    SEVERITIES.indexOf(a.alert.severity) - SEVERITIES.indexOf(b.alert.severity) ||
    b.startedMs - a.startedMs ||
    a.alert.alert_id.localeCompare(b.alert.alert_id)
  );
}

export function deskRows(alerts: Alerts, filter: DeskFilter): Entry[] {
  return [...alerts.entries.values()].filter((entry) => passes(entry, filter)).sort(byUrgency);
}

/** Open alerts by severity: what nobody has taken yet. */
export function openCounts(alerts: Alerts): Record<Severity, number> {
  const counts: Record<Severity, number> = { critical: 0, serious: 0, warning: 0 };
  for (const { alert } of alerts.entries.values()) {
    if (alert.status === "open") counts[alert.severity]++;
  }
  return counts;
}
