/** Tracks, and what else the review of one needs: the trips of its day, the approvals then in force, its alerts. */
import { ask, ROOT } from "./client";
import type { Alert, AlertPage, BusFile, RouteProperties } from "./contract";

/** A stretch of time in epoch milliseconds, both ends included. */
export interface Span {
  fromMs: number;
  toMs: number;
}

export type TrackAnswer = GeoJSON.Feature<
  GeoJSON.LineString | GeoJSON.Point | null,
  {
    bus_id: string;
    times: string[];
    speed_kmh: (number | null)[];
    quality: number[];
    returned: number;
    truncated: boolean;
    /** Fixes of the span that thinning left out. */
    left_out: number;
  }
>;

/** One trip that an assignment calls for on a day. */
export interface Run {
  assignment_id: string;
  bus_id: string;
  driver_id: string;
  driver_name: string;
  route_id: string;
  route_name: string;
  school: string;
  direction: "to_school" | "to_home";
  /** The version in force on that day; null when there was none. */
  approval_id: string | null;
  starts: string;
  ends: string;
}

export interface DayTimetable {
  day: string;
  weekday: number | null;
  day_off: string | null;
  items: Run[];
}

export interface Driver {
  driver_id: string;
  name: string;
  qualified_until: string;
  bus_ids: string[];
}

export interface LimitStretch {
  from_m: number;
  to_m: number;
  limit_kmh: number;
}

export interface ApprovalProperties extends RouteProperties {
  limits: LimitStretch[];
  version: number;
  valid_from: string;
  valid_to: string;
}
export type ApprovedRoute = GeoJSON.Feature<GeoJSON.LineString, ApprovalProperties>;

export interface ReviewedBus extends BusFile {
  /** Null when the bus never reported. */
  last_position: { time: string } | null;
}

export const FILE_FORMS = ["geojson", "gpx", "csv"] as const;
export type FileForm = (typeof FILE_FORMS)[number];

const ALERT_PAGES = 5;
/** Alerts that began so long before a span may still go on in it. */
const LONGEST_ALERT_MS = 12 * 3_600_000;

function spanQuery(span: Span, by: string): URLSearchParams {
  return new URLSearchParams({ from: new Date(span.fromMs).toISOString(), to: new Date(span.toMs).toISOString(), by });
}

/** The fixes of a span, thinned evenly to `most` where there are more. `by` names who looks: the look is recorded. */
export function readTrack(busId: string, span: Span, most: number, by: string): Promise<TrackAnswer> {
  const query = spanQuery(span, by);
  query.set("most", String(most));
  return ask(`/buses/${encodeURIComponent(busId)}/track?${query}`);
}

/** Where the whole span can be had as a file. */
export function trackFile(busId: string, span: Span, form: FileForm, by: string): string {
  return `${ROOT}/buses/${encodeURIComponent(busId)}/track.${form}?${spanQuery(span, by)}`;
}

export function readReviewedBus(busId: string): Promise<ReviewedBus> {
  return ask(`/buses/${encodeURIComponent(busId)}`);
}

export function readTimetable(day: string): Promise<DayTimetable> {
  return ask(`/timetable?on=${day}`);
}

export async function readDrivers(): Promise<Driver[]> {
  return (await ask<{ items: Driver[] }>("/drivers")).items;
}

export function readApproval(approvalId: string): Promise<ApprovedRoute> {
  return ask(`/approvals/${encodeURIComponent(approvalId)}`);
}

/** The alerts of a bus that went on at some moment of a span, oldest first. */
export async function readAlertsIn(busId: string, span: Span): Promise<Alert[]> {
  const query = new URLSearchParams({
    bus: busId,
    from: new Date(span.fromMs - LONGEST_ALERT_MS).toISOString(),
    to: new Date(span.toMs).toISOString(),
    limit: "500",
  });
  const found: Alert[] = [];
  for (let page = 0; page < ALERT_PAGES; page++) {
    const answer: AlertPage = await ask<AlertPage>(`/alerts?${query}`);
    found.push(...answer.items);
    if (answer.next_cursor === null) break;
    query.set("cursor", answer.next_cursor);
  }
  return found
    .filter(({ ended_at }) => ended_at === null || Date.parse(ended_at) >= span.fromMs)
    .sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));
}
