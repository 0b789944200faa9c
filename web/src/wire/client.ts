/** The REST side of the API. Every failure becomes an `ApiError`. */
import type { Alert, AlertFile, AlertPage, BaseMap, Bus, BusFile, Fleet, Incident, Problem, Routes, Status, WaiverOrder } from "./contract";

export const ROOT = "/api/v1";

export class ApiError extends Error {
  /** `status` is the HTTP status, or 0 when no answer came. */
  constructor(
    readonly status: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Somebody changed the alert since it was read. */
  get isConflict(): boolean {
    return this.status === 409;
  }
}

export async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, init);
  } catch (cause) {
    throw new ApiError(0, "no answer", { cause });
  }
  if (!answer.ok) {
    const problem = (await answer.json().catch(() => ({}))) as Problem;
    throw new ApiError(answer.status, problem.detail ?? problem.title ?? answer.statusText);
  }
  return (await answer.json()) as T;
}

export function readFleet(): Promise<Fleet> {
  return ask("/fleet");
}

export async function readBuses(): Promise<Bus[]> {
  return (await ask<{ items: Bus[] }>("/buses")).items;
}

export function readBus(busId: string): Promise<BusFile> {
  return ask(`/buses/${encodeURIComponent(busId)}`);
}

export function readRoutes(): Promise<Routes> {
  return ask("/routes?limits=false");
}

export function readBaseMap(): Promise<BaseMap> {
  return ask("/base-map");
}

/** Alerts of one status, newest first, at most `pages` pages; `complete` is false when more were left. */
export async function readAlerts(status: Status, pages: number): Promise<{ alerts: Alert[]; complete: boolean }> {
  const alerts: Alert[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pages; page++) {
    const query = new URLSearchParams({ status, limit: "200" });
    if (cursor !== null) query.set("cursor", cursor);
    const answer: AlertPage = await ask<AlertPage>(`/alerts?${query}`);
    alerts.push(...answer.items);
    cursor = answer.next_cursor;
    if (cursor === null) return { alerts, complete: true };
  }
  return { alerts, complete: false };
}

export function readAlert(alertId: string): Promise<AlertFile> {
  return ask(`/alerts/${encodeURIComponent(alertId)}`);
}

export async function readIncidents(): Promise<Incident[]> {
  return (await ask<{ items: Incident[] }>("/incidents?ongoing=true")).items;
}

/** One waiver for an incident: it marks all of its alerts. */
export function waiveIncident(incidentId: string, order: WaiverOrder): Promise<unknown> {
  return ask(`/incidents/${encodeURIComponent(incidentId)}/waiver`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(order),
  });
}
