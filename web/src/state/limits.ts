/**
 * Which limit held along a track, as far as the page can know it: that of the approved line where the bus was on it, and
 * where the engine raised a speeding the limit that the engine held it to.
 *
 * Zones and weather advisories are not known here; the violations are the engine's, who knows them.
 */
import type { Alert } from "../wire/contract";
import type { ApprovedRoute, Span } from "../wire/tracks";
import { rowAt, type Fixes } from "./track";

/** An approved line that a bus was held to for a time. */
export interface Held extends Span {
  route: ApprovedRoute;
}

/** Article 35: where no stretch of the approval says otherwise. */
const ROAD_CAP_KMH = 60;
const DEGREE_M = 111_320;
/** Legs of the line looked at around the last found one, before the whole line is. */
const NEAR_LEGS = 30;

interface Line {
  x: number[];
  y: number[];
  chainage: number[];
  scale: number;
}

function lineOf(route: ApprovedRoute): Line {
  const places = route.geometry.coordinates;
  const scale = Math.cos((((places[0]?.[1] ?? 0) as number) * Math.PI) / 180);
  const x = places.map((place) => (place[0] as number) * scale * DEGREE_M);
  const y = places.map((place) => (place[1] as number) * DEGREE_M);
  const chainage = [0];
  for (let leg = 1; leg < x.length; leg++) {
    chainage.push((chainage[leg - 1] as number) + Math.hypot((x[leg] as number) - (x[leg - 1] as number), (y[leg] as number) - (y[leg - 1] as number)));
  }
  return { x, y, chainage, scale };
}

/** The leg, the metres along the line and the metres off it of the nearest point of some legs. */
function nearest(line: Line, x: number, y: number, from: number, to: number): { leg: number; along: number; off: number } {
  let found = { leg: from, along: 0, off: Number.POSITIVE_INFINITY };
  for (let leg = Math.max(1, from); leg <= Math.min(line.x.length - 1, to); leg++) {
    const [ax, ay] = [line.x[leg - 1] as number, line.y[leg - 1] as number];
    const [dx, dy] = [(line.x[leg] as number) - ax, (line.y[leg] as number) - ay];
    const length = Math.hypot(dx, dy);
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length ** 2));
    const off = Math.hypot(x - ax - dx * share, y - ay - dy * share);
    if (off < found.off) found = { leg, along: (line.chainage[leg - 1] as number) + length * share, off };
  }
  return found;
}

function limitAt(route: ApprovedRoute, along: number): number {
  const there = route.properties.limits.filter((stretch) => stretch.from_m <= along && along < stretch.to_m);
  return there.length === 0 ? ROAD_CAP_KMH : Math.min(...there.map((stretch) => stretch.limit_kmh));
}

/** A limit for each fix, km/h; NaN where none is known: off the approved lines, or out of their times. */
export function limitsAlong(way: Fixes, held: readonly Held[], alerts: readonly Alert[]): Float32Array {
  const limits = new Float32Array(way.times.length).fill(Number.NaN);
  for (const { route, fromMs, toMs } of held) {
    const line = lineOf(route);
    let last = 0;
    for (let row = rowAt(way.times, fromMs - 1) + 1; row < limits.length && (way.times[row] as number) <= toMs; row++) {
      const [x, y] = [(way.lon[row] as number) * line.scale * DEGREE_M, (way.lat[row] as number) * DEGREE_M];
      let found = nearest(line, x, y, last - NEAR_LEGS, last + NEAR_LEGS);
      if (found.off > route.properties.corridor_m) found = nearest(line, x, y, 1, line.x.length - 1);
      if (found.off > route.properties.corridor_m) continue;
      last = found.leg;
      limits[row] = limitAt(route, found.along);
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
