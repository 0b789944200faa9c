/** Speeds in classes, and a track in lines of one class each. */
import { stretches, type Track } from "./track";

/** Where each class but the first begins, km/h. Article 35 of 校车安全管理条例 draws two of them: 60, and 80 on motorways. */
export const SPEED_BOUNDS = [5, 20, 40, 60, 80] as const;
export const SPEED_CLASSES = SPEED_BOUNDS.length + 1;
/** The class of a speed that is not known. */
export const UNKNOWN_SPEED = -1;

export function speedClass(kmh: number): number {
  if (Number.isNaN(kmh)) return UNKNOWN_SPEED;
  const above = SPEED_BOUNDS.findIndex((bound) => kmh < bound);
  return above < 0 ? SPEED_BOUNDS.length : above;
}

export interface LineProperties {
  speed: number;
  /** Whether the bus was over the limit in force. */
  over: boolean;
}

export type TrackLines = GeoJSON.FeatureCollection<GeoJSON.LineString, LineProperties>;

/**
 * The way in lines of one colour and width; the last place of one is the first of the next. A piece between two fixes
 * has the speed of the later one. `limits` has a limit for each fix of the way, NaN where none is known.
 */
export function trackLines(track: Track, limits: Float32Array): TrackLines {
  const { lon, lat, speed } = track.way;
  const features: TrackLines["features"] = [];
  for (const [first, last] of stretches(track)) {
    let line: GeoJSON.Position[] = [];
    let shown: LineProperties | null = null;
    for (let row = first + 1; row <= last; row++) {
      const kmh = speed[row] as number;
      const next = { speed: speedClass(kmh), over: kmh > (limits[row] as number) };
      if (shown === null || shown.speed !== next.speed || shown.over !== next.over) {
        line = [[lon[row - 1] as number, lat[row - 1] as number]];
        features.push({ type: "Feature", properties: next, geometry: { type: "LineString", coordinates: line } });
        shown = next;
      }
      line.push([lon[row] as number, lat[row] as number]);
    }
  }
  return { type: "FeatureCollection", features };
}
