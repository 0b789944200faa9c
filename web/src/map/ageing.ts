/**
 * How the age of a fix shows in a mark: what is known of a calm bus fades, and round a bus that is silent though
 * it should report a ring grows. A mark never fades so far that its shape cannot be told.
 */
import type { ShownState } from "../state/fleet";

export interface Ageing {
  /** Opacity, 0 to 1. */
  opacity: number;
  /** Width of the ring in widths of a mark; null for none. */
  ring: number | null;
}

const FRESH_MS = 10_000;
/** A mark of this age is as faint, a ring as wide as they get. */
const OLD_MS = 600_000;
const FAINTEST = 0.5;
const NARROWEST = 1.1;
const WIDEST = 2.2;

export function ageing(state: ShownState, ageMs: number): Ageing {
  if (state === "out_of_service" || ageMs <= FRESH_MS) return { opacity: 1, ring: null };
  // By ratios and not by differences: from 10 to 20 s is as much news as from 5 to 10 min.
  const share = Math.min(1, Math.log(ageMs / FRESH_MS) / Math.log(OLD_MS / FRESH_MS));
  if (state === "silent") return { opacity: 1, ring: NARROWEST + (WIDEST - NARROWEST) * share };
  return { opacity: 1 - (1 - FAINTEST) * share, ring: null };
}
