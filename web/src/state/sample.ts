/** Sample alerts and changes for the tests of this folder. */
import type { Alert, Change } from "../wire/contract";

export function alert(alert_id: string, more: Partial<Alert> = {}): Alert {
  return {
    alert_id,
    bus_id: "B0001",
    rule: "speeding",
    severity: "serious",
    status: "open",
    started_at: "2026-09-01T07:30:00.000+08:00",
    detected_at: "2026-09-01T07:30:05.000+08:00",
    ended_at: null,
    lon: 114.28,
    lat: 30.59,
    found_late: false,
    version: 1,
    assignee: null,
    level: 0,
    due_at: null,
    false_reason: null,
    evidence: {
      peak_at: "2026-09-01T07:30:05.000+08:00",
      peak_lon: 114.28,
      peak_lat: 30.59,
      fixes: 6,
      parameters_version: "1",
      registry_version: "1",
      speed_kmh: 71,
      limit_kmh: 50,
      limit_reason: "posted",
      over_percent: 42,
    },
    ...more,
  };
}

export function change(seq: number, changed: Alert, more: Partial<Change> = {}): Change {
  return { seq, kind: "updated", at: changed.detected_at, by: null, note: null, alert: changed, ...more };
}
