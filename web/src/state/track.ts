/**
 * A track as it is drawn and played: the fixes whose place can be believed, in columns, and beside them the others.
 *
 * Between two fixes the bus is drawn on the straight way from the one to the other; across a gap, before the first fix
 * and after the last it is nowhere between: the map shows no place that a bus did not report.
 */
import { QUALITY_MARKS } from "../wire/contract";
import type { Span, TrackAnswer } from "../wire/tracks";

export interface Fixes {
  /** Epoch milliseconds, rising. */
  times: Float64Array;
  lon: Float64Array;
  lat: Float64Array;
  /** km/h; NaN where none was reported or it is contradicted. */
  speed: Float32Array;
  quality: Uint8Array;
}

export interface Track {
  way: Fixes;
  /** Fixes whose place is doubtful. */
  doubtful: Fixes;
  /** Fixes of the span that are not here. */
  leftOut: number;
  /** Fixes of the way that lie farther apart are not joined. */
  gapMs: number;
}

export interface Place {
  lon: number;
  lat: number;
  /** Degrees clockwise from north. */
  heading: number;
  /** km/h; NaN where it is not known. */
  speed: number;
  /** For how long there has been no fix, when there is none around; 0 on the way between two. */
  silentMs: number;
}

/** Marks that make the place of a fix doubtful. One that is only late, or whose speed is contradicted, lies right. */
const DOUBTFUL_PLACE =
  QUALITY_MARKS.jump | QUALITY_MARKS.no_fix | QUALITY_MARKS.from_future | QUALITY_MARKS.frozen | QUALITY_MARKS.duplicate;
const SHORTEST_GAP_MS = 60_000;
/** Fixes that are so many times the usual apart are not joined. */
const GAP_INTERVALS = 3;
/** A bus that moved less has not turned: the rest is the receiver's error. */
const TURNS_FROM_M = 4;
const DEGREE_M = 111_320;

export const NO_FIXES: Fixes = {
  times: new Float64Array(),
  lon: new Float64Array(),
  lat: new Float64Array(),
  speed: new Float32Array(),
  quality: new Uint8Array(),
};

function pick(fixes: Fixes, rows: readonly number[]): Fixes {
  const take = <Column extends Float64Array | Float32Array | Uint8Array>(column: Column): Column =>
    (column.constructor as unknown as { from(values: Iterable<number>): Column }).from(rows.map((row) => column[row] as number));
  return { times: take(fixes.times), lon: take(fixes.lon), lat: take(fixes.lat), speed: take(fixes.speed), quality: take(fixes.quality) };
}

function rowsWhere(fixes: Fixes, holds: (row: number) => boolean): number[] {
  return Array.from(fixes.times.keys()).filter(holds);
}

/** The fixes of an answer, in columns. */
export function fixesOf(answer: TrackAnswer): Fixes {
  const { times, speed_kmh, quality } = answer.properties;
  const places = answer.geometry === null ? [] : answer.geometry.type === "Point" ? [answer.geometry.coordinates] : answer.geometry.coordinates;
  return {
    times: Float64Array.from(times, (time) => Date.parse(time)),
    lon: Float64Array.from(places, (place) => place[0] as number),
    lat: Float64Array.from(places, (place) => place[1] as number),
    speed: Float32Array.from(speed_kmh, (speed, row) => {
      return speed === null || ((quality[row] as number) & QUALITY_MARKS.speed_contradicted) !== 0 ? Number.NaN : speed;
    }),
    quality: Uint8Array.from(quality),
  };
}

/** The track of some fixes. */
export function trackOf(fixes: Fixes, leftOut: number): Track {
  const isDoubtful = (row: number): boolean => ((fixes.quality[row] as number) & DOUBTFUL_PLACE) !== 0;
  const way = pick(fixes, rowsWhere(fixes, (row) => !isDoubtful(row)));
  return { way, doubtful: pick(fixes, rowsWhere(fixes, isDoubtful)), leftOut, gapMs: gapOf(way.times) };
}

/** From what distance in time on two fixes are not joined: a minute, or more where the bus reports seldom. */
export function gapOf(times: Float64Array): number {
  const apart = Array.from(times.subarray(1), (time, row) => time - (times[row] as number)).sort((a, b) => a - b);
  const usual = apart[(apart.length - 1) >> 1] ?? 0;
  return Math.max(SHORTEST_GAP_MS, GAP_INTERVALS * usual);
}

/** The fixes with those of a span replaced by `piece`, which has more of them. */
export function spliced(fixes: Fixes, piece: Fixes, span: Span): Fixes {
  const before = pick(fixes, rowsWhere(fixes, (row) => (fixes.times[row] as number) < span.fromMs));
  const after = pick(fixes, rowsWhere(fixes, (row) => (fixes.times[row] as number) > span.toMs));
  const join = <Column extends Float64Array | Float32Array | Uint8Array>(name: keyof Fixes): Column => {
    const parts = [before[name], piece[name], after[name]];
    const whole = new (piece[name].constructor as new (length: number) => Column)(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  return { times: join("times"), lon: join("lon"), lat: join("lat"), speed: join("speed"), quality: join("quality") };
}

/** The rows [first, last] of each stretch without a gap. */
export function stretches({ way, gapMs }: Track): [first: number, last: number][] {
  const found: [number, number][] = [];
  let first = 0;
  for (let row = 1; row <= way.times.length; row++) {
    if (row < way.times.length && (way.times[row] as number) - (way.times[row - 1] as number) <= gapMs) continue;
    found.push([first, row - 1]);
    first = row;
  }
  return way.times.length === 0 ? [] : found;
}

/** The spans in which there are fixes. */
export function heard(track: Track): Span[] {
  return stretches(track).map(([first, last]) => ({ fromMs: track.way.times[first] as number, toMs: track.way.times[last] as number }));
}

/** The row of the last fix at or before a moment, -1 when there is none. */
export function rowAt(times: Float64Array, ms: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where the bus was at a moment; null before its first fix. */
export function placeAt({ way, gapMs }: Track, ms: number): Place | null {
  const row = rowAt(way.times, ms);
  if (row < 0) return null;
  const [at, lon, lat, speed] = fixAt(way, row);
  const here = { lon, lat, heading: headingAt(way, row, gapMs), speed };
  if (row === way.times.length - 1) return { ...here, silentMs: ms - at };
  const [nextAt, nextLon, nextLat, nextSpeed] = fixAt(way, row + 1);
  if (nextAt - at > gapMs) return { ...here, silentMs: ms - at };
  const share = (ms - at) / (nextAt - at);
  const turn = ((headingAt(way, row + 1, gapMs) - here.heading + 540) % 360) - 180;
  return {
    lon: lon + (nextLon - lon) * share,
    lat: lat + (nextLat - lat) * share,
    heading: (here.heading + turn * share + 360) % 360,
    speed: speed + (nextSpeed - speed) * share,
    silentMs: 0,
  };
}

function fixAt(way: Fixes, row: number): [number, number, number, number] {
  return [way.times[row] as number, way.lon[row] as number, way.lat[row] as number, way.speed[row] as number];
}

/** How far back or ahead a standing bus is looked at for which way it faces. */
const LOOK_ROWS = 600;

/** The course at a fix: from the last place that lies clearly apart, else to the next such; 0 for a bus that stood still. */
function headingAt(way: Fixes, row: number, gapMs: number): number {
  for (const step of [-1, 1]) {
    for (let other = row + step; other >= 0 && other < way.times.length && Math.abs(other - row) <= LOOK_ROWS; other += step) {
      if (Math.abs((way.times[other] as number) - (way.times[other - step] as number)) > gapMs) break;
      const scale = Math.cos(((way.lat[row] as number) * Math.PI) / 180);
      const east = ((way.lon[row] as number) - (way.lon[other] as number)) * scale * -step;
      const north = ((way.lat[row] as number) - (way.lat[other] as number)) * -step;
      if (Math.hypot(east, north) * DEGREE_M >= TURNS_FROM_M) return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
    }
  }
  return 0;
}
