/** The evidence of an alert, as docs/interfaces.md writes it. */
import { ask } from "./client";
import type { Alert, FileStep, LimitReason, LonLat, QualityMark, Severity, Status, Stop, WaiverReason } from "./contract";

export interface LimitStretch {
  from_m: number;
  to_m: number;
  limit_kmh: number;
  reason: LimitReason;
}

/** A fix with its marks in words. */
export interface SheetFix {
  time: string;
  lon: number;
  lat: number;
  speed_kmh: number | null;
  heading: number | null;
  accuracy_m: number | null;
  satellites: number | null;
  quality: number;
  marks: QualityMark[];
  /** Metres to the nearest point of the approved line; null without approval or place. */
  off_line_m: number | null;
}

/** A step in the life of the alert, and how it stood after it. */
export interface SheetStep extends FileStep {
  severity: Severity;
  status: Status;
  version: number;
}

export interface SheetApproval {
  approval_id: string;
  route_id: string;
  version: number;
  number: string;
  name: string;
  school: string;
  direction: "to_school" | "to_home";
  line: LonLat[];
  /** No line is approved between point `i` and the next, for each `i` named. */
  gaps: number[];
  corridor_m: number;
  stops: Stop[];
  limits: LimitStretch[];
  valid_from: string;
  valid_to: string;
}

export interface Clause {
  article: number;
  /** Null is the whole article. */
  paragraph: number | null;
}

export interface EvidenceSheet {
  digest: string;
  made_at: string;
  format: string;
  software: string;
  zone: string;
  record: { city: string; version: string; as_judged: boolean };
  alert: Alert;
  law: { title: string; clauses: Clause[] };
  limit: {
    limit_kmh: number;
    reason: LimitReason;
    stretch: LimitStretch | null;
    zone: { name: string } | null;
    advisory: { name: string; issued_by: string } | null;
  } | null;
  bus: {
    plate: string;
    sign_number: string;
    sign_expires: string;
    inspection_expires: string;
    operator: string;
    school: string;
    district: string;
    seats: number;
  } | null;
  driver: { driver_id: string; name: string; qualified_until: string } | null;
  assignment: { assignment_id: string; weekdays: number[]; starts: string; ends: string } | null;
  approval: SheetApproval | null;
  parameters: { version: string; as_judged: boolean; group: string; values: Record<string, Record<string, number>> };
  waiver: { waiver_id: string; reason: WaiverReason; approved_by: string; from: string; to: string; revoked_at: string | null } | null;
  history: SheetStep[];
  fixes: SheetFix[];
  fixes_truncated: boolean;
}

export function readEvidence(alertId: string): Promise<EvidenceSheet> {
  return ask(`/alerts/${encodeURIComponent(alertId)}/evidence`);
}
