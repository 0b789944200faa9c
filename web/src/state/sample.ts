/** Sample alerts, changes and approved routes for the tests of this folder. */
import type { Alert, Change, LonLat } from "../wire/contract";
import type { ApprovedRoute, LimitStretch } from "../wire/tracks";

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

/** With a corridor of 50 m to either side. */
export function approvedRoute(coordinates: LonLat[], limits: LimitStretch[]): ApprovedRoute {
  return {
    type: "Feature",
    geometry: { type: "LineString", coordinates },
    properties: {
      approval_id: "R1.1",
      route_id: "R1",
      name: "一号线",
      number: "1",
      school: "",
      direction: "to_school",
      corridor_m: 50,
      stops: [],
      limits,
      version: 1,
      valid_from: "2026-01-01",
      valid_to: "2026-12-31",
    },
  };
}
