/** The overview of some days, as docs/interfaces.md writes it. */
import { ask } from "./client";
import type { Rule, SchoolDay, Severity } from "./contract";

/** A part of a whole; `rate` is null where the whole is 0. */
export interface Ratio {
  part: number;
  whole: number;
  rate: number | null;
}

/** How well buses were watched. */
export interface Figures {
  online: Ratio;
  valid: Ratio;
  complete: Ratio;
  drift: Ratio;
  jumps: number;
  frozen: number;
  connected: Ratio;
  trips: Ratio;
  km: number;
  bus_hours: number;
  top_speed_kmh: number | null;
}

/** How an alert stands against its deadline. */
export type Standing = "on_time" | "late" | "waiting" | "overdue" | "exempt" | "unknown";

/** Alerts that began in the span, and how they were handled. */
export interface Raised {
  alerts: number;
  by_severity: Record<Severity, number>;
  false_alarms: Ratio;
  standings: Record<Standing, number>;
  on_time: Ratio;
}

export interface Total extends Figures, Raised {
  alerts_per_1000_km: number | null;
}

/** An hour or a day; rules and severities without any are left out. */
export interface Step extends Figures {
  begins: string;
  alerts: number;
  by_rule: Partial<Record<Rule, number>>;
  by_severity: Partial<Record<Severity, number>>;
}

export interface Group extends Total {
  name: string;
  buses: number;
  in_service: number;
}

export interface Overview {
  from: string;
  to: string;
  step: "hour" | "day";
  now: string;
  /** For what time figures from positions stand. */
  counted: { from: string | null; until: string | null };
  days: SchoolDay[];
  deadlines_s: Record<Severity, number>;
  total: Total;
  series: Step[];
  rules: (Raised & { rule: Rule })[];
  severities: (Raised & { severity: Severity })[];
  schools: Group[];
  operators: Group[];
  before: { from: string; to: string; until: string | null; whole: boolean; total: Total };
}

/** Both days are included. */
export function readOverview(from: string, to: string, signal?: AbortSignal): Promise<Overview> {
  return ask(`/overview?${new URLSearchParams({ from, to })}`, signal === undefined ? undefined : { signal });
}
