/**
 * What the API sends and takes, as docs/interfaces.md writes it.
 *
 * Names stay as they are on the wire, so that a line here can be held against the document.
 */

export const RULES = [
  "speeding",
  "deviation",
  "wrong_way",
  "stops_skipped",
  "unapproved_operation",
  "off_hours",
  "long_stop",
  "silent",
  "trip_not_begun",
  "substitute",
] as const;
export const SEVERITIES = ["critical", "serious", "warning"] as const;
export const STATUSES = ["open", "acknowledged", "closed", "false_alarm"] as const;

/** Why an alert was false. */
export const FALSE_REASONS = ["position_drift", "device_fault", "approval_outdated", "detour_not_on_record", "other"] as const;

export type FalseReason = (typeof FALSE_REASONS)[number];
export type Rule = (typeof RULES)[number];
export type Severity = (typeof SEVERITIES)[number];
export type Status = (typeof STATUSES)[number];
export type BusState = "on_route" | "deviating" | "speeding" | "off_trip" | "out_of_service";
export type LimitReason = "legal_cap" | "posted" | "hazard" | "school_zone" | "weather";
/** What a bus lacks that drives all the same. */
export type Fault = "out_of_service" | "sign_expired" | "inspection_expired" | "driver_unqualified" | "route_not_approved";
/** The five exceptions of article 30. */
export const WAIVER_REASONS = ["traffic_control", "roadworks", "natural_disaster", "bad_weather", "major_accident"] as const;
export type WaiverReason = (typeof WAIVER_REASONS)[number];
export type LonLat = [lon: number, lat: number];

/** A live frame: what moved since the frame before, in rows under named columns. */
export interface Frame {
  time_ms: number;
  /** Why the monitor commits nothing at present; null or left out when all is well. */
  stalled?: string | null;
  columns: string[];
  rows: (string | number | null)[][];
}

export interface Evidence {
  peak_at: string;
  peak_lon: number;
  peak_lat: number;
  fixes: number;
  parameters_version: string;
  registry_version: string;
  speed_kmh?: number;
  limit_kmh?: number;
  limit_reason?: LimitReason;
  over_percent?: number;
  off_line_m?: number;
  corridor_m?: number;
  chainage_m?: number;
  approval_id?: string;
  assignment_id?: string;
  driver_id?: string;
  /** Wrong way: metres driven backwards along the line. */
  back_m?: number;
  stops_skipped?: number;
  stood_s?: number;
  silent_s?: number;
  faults?: Fault[];
  waiver_id?: string;
}

export interface Alert {
  alert_id: string;
  bus_id: string;
  rule: Rule;
  severity: Severity;
  status: Status;
  started_at: string;
  detected_at: string;
  ended_at: string | null;
  lon: number;
  lat: number;
  found_late: boolean;
  version: number;
  evidence: Evidence;
  /** Who is to deal with it. */
  assignee: string | null;
  level: Level;
  /** When it goes up a level unless somebody acknowledges it; null when it does not. */
  due_at: string | null;
  false_reason: FalseReason | null;
}

/** How far an alert was raised: the desk, the shift leader, the authority in charge. */
export type Level = 0 | 1 | 2;
export type HandlingKind = "acknowledged" | "closed" | "false_alarm" | "assigned" | "noted";
export type ChangeKind = "opened" | "updated" | "ended" | "waived" | "escalated" | HandlingKind;

/** One step in the life of an alert. */
export interface Step {
  seq: number;
  kind: ChangeKind;
  at: string;
  by: string | null;
  note: string | null;
}

/** A step as an alert's file has it, with what the alert then was. */
export interface FileStep extends Step {
  assignee: string | null;
  level: Level;
  false_reason: FalseReason | null;
}

/** A step with the alert as it stands after it. */
export interface Change extends Step {
  alert: Alert;
}

/** A position report, as far as this page shows it. */
export interface Fix {
  lon: number;
  lat: number;
  /** Marks as bits, see `QUALITY_MARKS`; 0 is a good fix. */
  quality?: number;
}

/** What the screen found about a fix that is kept all the same, by bit. */
export const QUALITY_MARKS = {
  late: 1,
  jump: 2,
  speed_contradicted: 4,
  no_fix: 8,
  from_future: 16,
  frozen: 32,
  duplicate: 64,
} as const;
export type QualityMark = keyof typeof QUALITY_MARKS;

/** An alert with all its steps, and the track around it. */
export interface AlertFile extends Alert {
  changes: FileStep[];
  fixes: Fix[];
}

/** Many buses that left their routes at one place: a probable closure. */
export interface Incident {
  incident_id: string;
  lon: number;
  lat: number;
  first_at: string;
  last_at: string;
  ended_at: string | null;
  alert_ids: string[];
  bus_ids: string[];
  route_ids: string[];
}

/** What a person signs: one waiver for an incident. */
export interface WaiverOrder {
  by: string;
  reason: WaiverReason;
  to: string;
  note: string;
}

export interface AlertPage {
  items: Alert[];
  next_cursor: string | null;
}

/** The fleet as a whole. */
export interface Fleet {
  city: string;
  /** The zone in which its times are read. */
  zone: string;
}

export interface Bus {
  bus_id: string;
  plate: string;
  sign_number: string;
  sign_expires: string;
  inspection_expires: string;
  operator: string;
  school: string;
  seats: number;
  depot: LonLat;
  state: "in_service" | "out_of_service";
  /** Whose authority gave its permit; empty where the record does not say. */
  district: string;
  route_ids: string[];
}

export interface Assignment {
  assignment_id: string;
  route_id: string;
  route_name: string;
  direction: "to_school" | "to_home";
  /** Null when no approval of the route is in force today. */
  approval_id: string | null;
  approval_number: string | null;
  driver: { driver_id: string; name: string; phone: string };
  /** ISO numbers, Monday is 1. */
  weekdays: number[];
  starts: string;
  ends: string;
}

/** What a day is by the school calendar. */
export interface SchoolDay {
  day: string;
  /** The weekday whose assignments are due; null when none are. */
  weekday: number | null;
  /** What the day off is called. */
  day_off: string | null;
}

/** A bus with what its sign states. */
export interface BusFile extends Bus {
  assignments: Assignment[];
  today: SchoolDay;
}

export interface Stop {
  name: string;
  lon: number;
  lat: number;
  chainage_m: number;
}

export interface RouteProperties {
  approval_id: string;
  route_id: string;
  name: string;
  number: string;
  school: string;
  direction: "to_school" | "to_home";
  corridor_m: number;
  stops: Stop[];
}

export type Route = GeoJSON.Feature<GeoJSON.LineString, RouteProperties>;
export type Routes = GeoJSON.FeatureCollection<GeoJSON.LineString, RouteProperties>;
export type BaseMap = GeoJSON.FeatureCollection<GeoJSON.Geometry, { class: string }>;

/** What a person does about an alert's status, as the last part of its path. */
export type Act = "acknowledge" | "close" | "false-alarm";

/** RFC 9457. */
export interface Problem {
  title?: string;
  detail?: string;
  status?: number;
}
