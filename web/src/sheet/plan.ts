/**
 * Drawing a map on paper: places to millimetres, what part of the city to show, how long the scale bar is.
 *
 * The plane is a plain one round the centre of what is shown: over the kilometres of a sheet it errs by less
 * than the line is thick.
 */
import type { LonLat } from "../wire/contract";

const M_PER_DEGREE = 111_320;
/** Less than this is not shown: a bus that stands would fill the sheet with the noise of its receiver. */
const LEAST_M = 500;
/** Free round what must be seen, as a part of its size. */
const MARGIN = 0.14;

export interface Point {
  x: number;
  y: number;
}

/** A box: of metres, or of millimetres on a sheet. */
export interface Extent {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** A part of the city on a sheet of `width` by `height` millimetres, north up. */
export interface Plan {
  centre: LonLat;
  width: number;
  height: number;
  /** Millimetres a metre. */
  scale: number;
}

function metres([lon, lat]: LonLat, [lon0, lat0]: LonLat): Point {
  return { x: (lon - lon0) * M_PER_DEGREE * Math.cos((lat0 * Math.PI) / 180), y: (lat - lat0) * M_PER_DEGREE };
}

/** The plan that shows all `places` as large as it can; null when there is none to show. */
export function planOf(places: readonly LonLat[], width: number, height: number, leastM = LEAST_M): Plan | null {
  if (places.length === 0) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of places) {
    [west, east] = [Math.min(west, lon), Math.max(east, lon)];
    [south, north] = [Math.min(south, lat), Math.max(north, lat)];
  }
  const centre: LonLat = [(west + east) / 2, (south + north) / 2];
  const corner = metres([east, north], centre);
  const grown = (half: number) => Math.max(2 * half * (1 + 2 * MARGIN), leastM);
  return { centre, width, height, scale: Math.min(width / grown(corner.x), height / grown(corner.y)) };
}

/** Millimetres from the left and upper edge. */
export function onPlan(plan: Plan, place: LonLat): Point {
  const { x, y } = metres(place, plan.centre);
  return { x: plan.width / 2 + x * plan.scale, y: plan.height / 2 - y * plan.scale };
}

export function isOn(plan: Plan, { x, y }: Point): boolean {
  return x >= 0 && y >= 0 && x <= plan.width && y <= plan.height;
}

/** Points at least `apart` millimetres from the one before; the last is kept. */
export function thinned(points: readonly Point[], apart: number): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    const last = kept.at(-1);
    if (last === undefined || Math.hypot(point.x - last.x, point.y - last.y) >= apart) kept.push(point);
  }
  const end = points.at(-1);
  if (end !== undefined && kept.at(-1) !== end) kept.push(end);
  return kept;
}

const short = (value: number): string => String(Math.round(value * 100) / 100);

/** Points as the `d` of an SVG path. */
export function pathOf(points: readonly Point[]): string {
  return points.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${short(x)} ${short(y)}`).join("");
}

/** A line as an SVG path, in parts where it has gaps. */
export function linePath(plan: Plan, line: readonly LonLat[], gaps: readonly number[]): string {
  const ends = [...gaps.map((gap) => gap + 1).sort((a, b) => a - b), line.length];
  let from = 0;
  let path = "";
  for (const end of ends) {
    if (end - from > 1) path += pathOf(thinned(line.slice(from, end).map((place) => onPlan(plan, place)), 0.2));
    from = end;
  }
  return path;
}

/** The length of a scale bar: 1, 2 or 5 times a power of ten metres, and no more than `most` millimetres. */
export function scaleBar(plan: Plan, most: number): { metres: number; mm: number } {
  const limit = most / plan.scale;
  const power = 10 ** Math.floor(Math.log10(limit));
  const step = [5, 2, 1].find((factor) => factor * power <= limit) ?? 1;
  return { metres: step * power, mm: step * power * plan.scale };
}

/** How wide a text is in letters of a size, in millimetres: a Chinese letter is as wide as it is high. */
export function letters(text: string, size: number): number {
  return [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? size : size * 0.55), 0);
}

/** A text beside a point: right of it, or left of it with the anchor `end`. */
export interface Label extends Point {
  text: string;
  anchor: "start" | "end";
}

/** Millimetres from a point to its label. */
const BESIDE = 2.4;

/**
 * Labels beside their points, right or left, wherever there is room: within the plan, off `taken`, and on no
 * label before them; those for which there is none are left out.
 */
export function labelled(points: readonly (Point & { text: string })[], plan: Plan, size: number, taken: readonly Extent[]): Label[] {
  const blocked = [...taken];
  return points.flatMap(({ x, y, text }) => {
    const wide = letters(text, size);
    for (const anchor of ["start", "end"] as const) {
      const west = anchor === "start" ? x + BESIDE : x - BESIDE - wide;
      const box = { west, east: west + wide, north: y - size * 0.6, south: y + size * 0.6 };
      const fits = box.west >= 0 && box.east <= plan.width && box.north >= 0 && box.south <= plan.height;
      if (!fits || blocked.some((other) => overlap(box, other))) continue;
      blocked.push(box);
      return [{ x: anchor === "start" ? box.west : box.east, y, text, anchor }];
    }
    return [];
  });
}

/** Whether two boxes on a sheet, where south is down and its numbers are greater, share a place. */
function overlap(a: Extent, b: Extent): boolean {
  return a.west <= b.east && a.east >= b.west && a.north <= b.south && a.south >= b.north;
}

/** How many of the points lie in a box of the sheet. */
export function countIn(points: readonly Point[], { west, east, north, south }: Extent): number {
  return points.filter(({ x, y }) => x >= west && x <= east && y >= north && y <= south).length;
}

export interface Arrow extends Point {
  /** Degrees clockwise from the right. */
  turn: number;
}

/** Which way a line runs: an arrow every `apart` millimetres along it, the first after half of that. */
export function arrows(points: readonly Point[], apart: number): Arrow[] {
  const found: Arrow[] = [];
  let next = apart / 2;
  let gone = 0;
  for (const [at, to] of points.slice(1).entries()) {
    const from = points[at] ?? to;
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    for (; length > 0 && next <= gone + length; next += apart) {
      const share = (next - gone) / length;
      const turn = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
      found.push({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, turn });
    }
    gone += length;
  }
  return found;
}
