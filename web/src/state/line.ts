/** Where along a line, and how far off it, a bus is. */
import type { LonLat } from "../wire/contract";

export interface Nearest {
  /** Metres from the line's beginning. */
  along: number;
  /** Metres off it. */
  off: number;
}

const DEGREE_M = 111_320;
/** Legs looked at around the last found one, before the whole line is. */
const NEAR_LEGS = 30;
/** Two legs of which neither is nearer by so much are the same street: the one that is driven first is meant. */
const SAME_M = 1;

/**
 * Asked for one place after another as a bus drove, answers with the nearest point of the line near the last one and
 * rather ahead of it, so that a line which crosses itself or comes back is followed; of the whole line when that is
 * more than `reachM` off.
 */
export function follow(line: readonly LonLat[], reachM: number): (place: LonLat) => Nearest {
  const east = Math.cos(((line[0]?.[1] ?? 0) * Math.PI) / 180) * DEGREE_M;
  const x = line.map(([lon]) => lon * east);
  const y = line.map(([, lat]) => lat * DEGREE_M);
  const chainage = [0];
  for (let leg = 1; leg < line.length; leg++) {
    chainage.push(at(chainage, leg - 1) + Math.hypot(at(x, leg) - at(x, leg - 1), at(y, leg) - at(y, leg - 1)));
  }
  let last = 0;

  function among(from: number, to: number, px: number, py: number): Nearest & { leg: number } {
    let found = { leg: from, along: 0, off: Number.POSITIVE_INFINITY };
    for (let leg = Math.max(1, from); leg <= Math.min(line.length - 1, to); leg++) {
      const [ax, ay] = [at(x, leg - 1), at(y, leg - 1)];
      const [dx, dy] = [at(x, leg) - ax, at(y, leg) - ay];
      const length = Math.hypot(dx, dy);
      const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length ** 2));
      const off = Math.hypot(px - ax - dx * share, py - ay - dy * share);
      if (off < found.off - SAME_M) found = { leg, along: at(chainage, leg - 1) + length * share, off };
    }
    return found;
  }

  return ([lon, lat]) => {
    const [px, py] = [lon * east, lat * DEGREE_M];
    let found = among(last, last + NEAR_LEGS, px, py);
    const behind = among(last - NEAR_LEGS, last - 1, px, py);
    if (behind.off < found.off - SAME_M) found = behind;
    if (found.off > reachM) found = among(1, line.length - 1, px, py);
    if (found.off <= reachM) last = found.leg;
    return found;
  };
}

function at(numbers: readonly number[], index: number): number {
  return numbers[index] as number;
}
