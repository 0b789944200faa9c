/** The last minutes of one bus: what its frames said, after what its track says of the time before. */
import { QUALITY_MARKS, type LonLat } from "../wire/contract";
import type { TrackFix } from "../wire/bus";
import type { Position } from "../wire/frame";
import type { ApprovedRoute } from "../wire/tracks";
import { limitAt } from "./limits";
import { follow } from "./line";

/** One moment; what is not known of it is null. */
export interface Sample {
  timeMs: number;
  speedKmh: number | null;
  limitKmh: number | null;
  offM: number | null;
}

export const RECENT_MS = 10 * 60_000;

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
 * The samples after the fixes of a track that are older than all of them. Where the bus was on `route`, the track's
 * limits are those of the approval and its metres off are from its line; null is a bus about none. Fixes in doubt are
 * left out.
 */
export function afterTrack(samples: readonly Sample[], track: readonly TrackFix[], route: ApprovedRoute | null): readonly Sample[] {
  const first = samples[0]?.timeMs ?? Infinity;
  const corridorM = route?.properties.corridor_m ?? 0;
  const nearest = route === null ? null : follow(route.geometry.coordinates as LonLat[], corridorM);
  const before = track
    .filter(({ timeMs, quality }) => timeMs < first && (quality & PLACE_IN_DOUBT) === 0)
    .map(({ timeMs, speedKmh, place, quality }): Sample => {
      const believed = (quality & QUALITY_MARKS.speed_contradicted) === 0;
      const { along, off } = nearest?.(place) ?? { along: 0, off: null };
      const limitKmh = route !== null && off !== null && off <= corridorM ? limitAt(route, along) : null;
      return { timeMs, speedKmh: believed ? speedKmh : null, limitKmh, offM: off };
    });
  return [...before, ...samples];
}
