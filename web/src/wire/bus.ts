/** What is asked about one bus: its trip, its way of the last minutes, its alerts of the day. */
import { ask } from "./client";
import type { Alert, AlertPage, LonLat, Stop } from "./contract";

/** A stop, when the bus is due there and when it was there by its own track; null where that is not known. */
export interface StopPassage extends Stop {
  due_at: string | null;
  reached_at: string | null;
  left_at: string | null;
}

/** A run of an assignment on a day. */
export interface Trip {
  assignment_id: string;
  approval_id: string;
  route_id: string;
  route_name: string;
  direction: "to_school" | "to_home";
  starts: string;
  ends: string;
  state: "waiting" | "under_way" | "ended";
  stops: StopPassage[];
}

/** A fix of a track. Epoch milliseconds, degrees, km/h. */
const HOUR_MS = 3_600_000;

export interface TrackFix {
  timeMs: number;
  place: LonLat;
  speedKmh: number | null;
  quality: number;
}

interface Track {
  geometry: GeoJSON.LineString | GeoJSON.Point | null;
  properties: { times: string[]; speed_kmh: (number | null)[]; quality: number[] };
}

export async function readTrip(busId: string): Promise<Trip | null> {
  return (await ask<{ trip: Trip | null }>(`/buses/${encodeURIComponent(busId)}/trip`)).trip;
}

/** The track of the hour that begins at a moment, as `by` looks at it: who did is kept. */
export async function readTrackSince(busId: string, fromMs: number, by: string): Promise<TrackFix[]> {
  const query = new URLSearchParams({ from: new Date(fromMs).toISOString(), to: new Date(fromMs + HOUR_MS).toISOString() });
  if (by !== "") query.set("by", by);
  const { geometry, properties } = await ask<Track>(`/buses/${encodeURIComponent(busId)}/track?${query}`);
  const places = geometry === null ? [] : geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates;
  return places.map((place, at) => ({
    timeMs: Date.parse(properties.times[at] ?? ""),
    place: place as LonLat,
    speedKmh: properties.speed_kmh[at] ?? null,
    quality: properties.quality[at] ?? 0,
  }));
}

/** A bus's alerts since a moment, the newest first; the first page of them. */
export async function readAlertsOf(busId: string, from: string): Promise<Alert[]> {
  return (await ask<AlertPage>(`/alerts?${new URLSearchParams({ bus: busId, from, limit: "50" })}`)).items;
}
