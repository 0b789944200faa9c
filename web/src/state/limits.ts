/**
 * Which limit held along a track, as far as the page can know it: that of the approved line where the bus was on it, and
 * where the engine raised a speeding the limit that the engine held it to.
 *
 * Zones and weather advisories are not known here; the violations are the engine's, who knows them.
 */
import type { Alert, LonLat } from "../wire/contract";
import type { ApprovedRoute, Span } from "../wire/tracks";
import { follow } from "./line";
import { rowAt, type Fixes } from "./track";

/** An approved line that a bus was held to for a time. */
export interface Held extends Span {
  route: ApprovedRoute;
}

/** Article 35: where no stretch of the approval says otherwise. */
const ROAD_CAP_KMH = 60;

/** The lowest of the approval's limits that hold so many metres along its line, km/h. */
export function limitAt(route: ApprovedRoute, along: number): number {
  const there = route.properties.limits.filter((stretch) => stretch.from_m <= along && along < stretch.to_m);
  return there.length === 0 ? ROAD_CAP_KMH : Math.min(...there.map((stretch) => stretch.limit_kmh));
}

/** A limit for each fix, km/h; NaN where none is known: off the approved lines, or out of their times. */
export function limitsAlong(way: Fixes, held: readonly Held[], alerts: readonly Alert[]): Float32Array {
  const limits = new Float32Array(way.times.length).fill(Number.NaN);
  for (const { route, fromMs, toMs } of held) {
    const nearest = follow(route.geometry.coordinates as LonLat[], route.properties.corridor_m);
    for (let row = rowAt(way.times, fromMs - 1) + 1; row < limits.length && (way.times[row] as number) <= toMs; row++) {
      const { along, off } = nearest([way.lon[row] as number, way.lat[row] as number]);
      if (off <= route.properties.corridor_m) limits[row] = limitAt(route, along);
    }
  }
  for (const { rule, started_at, ended_at, evidence } of alerts) {
    if (rule !== "speeding" || evidence.limit_kmh === undefined) continue;
    const untilMs = ended_at === null ? Number.POSITIVE_INFINITY : Date.parse(ended_at);
    for (let row = rowAt(way.times, Date.parse(started_at) - 1) + 1; row < limits.length && (way.times[row] as number) <= untilMs; row++) {
      limits[row] = evidence.limit_kmh;
    }
  }
  return limits;
}
