/** The last minutes of one bus: what its frames said, after what its track says of the time before. */
import { QUALITY_MARKS, type LonLat } from "../wire/contract";
import type { TrackFix } from "../wire/bus";
import type { Position } from "../wire/frame";

/** One moment; what is not known of it is null. */
export interface Sample {
  timeMs: number;
  speedKmh: number | null;
  limitKmh: number | null;
  offM: number | null;
}

export const RECENT_MS = 10 * 60_000;

const EARTH_M_A_DEGREE = 111_320;
const PLACE_IN_DOUBT =
  QUALITY_MARKS.jump | QUALITY_MARKS.no_fix | QUALITY_MARKS.from_future | QUALITY_MARKS.frozen | QUALITY_MARKS.duplicate;

/** The samples with a newer position; the same ones when it is none. What is too old for the chart goes. */
export function withPosition(samples: readonly Sample[], position: Position): readonly Sample[] {
  const last = samples.at(-1);
  if (last !== undefined && position.timeMs <= last.timeMs) return samples;
  const { timeMs, speedKmh, limitKmh, offM } = position;
  const kept = samples.filter((sample) => sample.timeMs >= timeMs - RECENT_MS);
  return [...kept, { timeMs, speedKmh, limitKmh, offM }];
}

/**
 * The samples after the fixes of a track that are older than all of them. A track says nothing of the limit; how
 * far off it was is measured from `line`, where the bus is about one. Fixes in doubt are left out.
 */
export function afterTrack(samples: readonly Sample[], track: readonly TrackFix[], line: readonly LonLat[] | null): readonly Sample[] {
  const first = samples[0]?.timeMs ?? Infinity;
  const before = track
    .filter(({ timeMs, quality }) => timeMs < first && (quality & PLACE_IN_DOUBT) === 0)
    .map(({ timeMs, speedKmh, place, quality }): Sample => {
      const believed = (quality & QUALITY_MARKS.speed_contradicted) === 0;
      return { timeMs, speedKmh: believed ? speedKmh : null, limitKmh: null, offM: line === null ? null : metresOff(place, line) };
    });
  return [...before, ...samples];
}

/** Metres from a place to the nearest point of a line. */
export function metresOff([lon, lat]: LonLat, line: readonly LonLat[]): number {
  const east = Math.cos((lat * Math.PI) / 180) * EARTH_M_A_DEGREE;
  const metres = line.map(([x, y]) => [(x - lon) * east, (y - lat) * EARTH_M_A_DEGREE] as const);
  let nearest = Infinity;
  metres.forEach(([ax, ay], at) => {
    const [bx, by] = metres[at + 1] ?? [ax, ay];
    const [dx, dy] = [bx - ax, by - ay];
    const length2 = dx * dx + dy * dy;
    const part = length2 === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length2));
    nearest = Math.min(nearest, Math.hypot(ax + part * dx, ay + part * dy));
  });
  return nearest;
}
