/**
 * A whole review as the query of its address: `bus`, `from`, `to`; `bus2`, `from2`, `to2` and `shift` for the track
 * beside it; `at` for the clock and `rate`. Times are those of the fleet's zone.
 */
import { readStamp, stampOf } from "../text/zone";
import type { Span } from "../wire/tracks";
import { isRate } from "./playback";

export interface Asked {
  busId: string;
  /** Null: the most sensible one. */
  span: Span | null;
}

export interface Review {
  first: Asked | null;
  second: Asked | null;
  /** By how many seconds the second track is moved against the first's time of day. */
  shiftS: number;
  /** Where the first track's clock stands; null at its beginning. */
  atMs: number | null;
  rate: number;
}

const USUAL_RATE = 10;
const LONGEST_MS = 24 * 3_600_000;
const LONGEST_SHIFT_S = 24 * 3_600;

function moment(query: URLSearchParams, name: string): number | null {
  const ms = readStamp(query.get(name) ?? "");
  return Number.isNaN(ms) ? null : ms;
}

function asked(query: URLSearchParams, place: "" | "2"): Asked | null {
  const busId = query.get(`bus${place}`);
  if (busId === null || busId === "") return null;
  const [fromMs, toMs] = [moment(query, `from${place}`), moment(query, `to${place}`)];
  const isSpan = fromMs !== null && toMs !== null && toMs > fromMs && toMs - fromMs <= LONGEST_MS;
  return { busId, span: isSpan ? { fromMs, toMs } : null };
}

/** The review that an address names; what it names wrongly is left to be chosen. */
export function readReview(query: URLSearchParams): Review {
  const [rate, shift] = [Number(query.get("rate")), Number(query.get("shift"))];
  return {
    first: asked(query, ""),
    second: asked(query, "2"),
    shiftS: Number.isInteger(shift) && Math.abs(shift) <= LONGEST_SHIFT_S ? shift : 0,
    atMs: moment(query, "at"),
    rate: isRate(rate) ? rate : USUAL_RATE,
  };
}

function written(asked: Asked | null, place: "" | "2"): Record<string, string | undefined> {
  if (asked === null) return {};
  return {
    [`bus${place}`]: asked.busId,
    [`from${place}`]: asked.span === null ? undefined : stampOf(asked.span.fromMs),
    [`to${place}`]: asked.span === null ? undefined : stampOf(asked.span.toMs),
  };
}

export function writeReview({ first, second, shiftS, atMs, rate }: Review): Record<string, string | undefined> {
  return {
    ...written(first, ""),
    ...written(second, "2"),
    shift: second === null || shiftS === 0 ? undefined : String(shiftS),
    at: atMs === null ? undefined : stampOf(atMs),
    rate: rate === USUAL_RATE ? undefined : String(rate),
  };
}
