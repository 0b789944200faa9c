/** The clock of a review: where it stands, how fast it goes, and what it passes over. */
import type { Span } from "../wire/tracks";

export const RATES = [1, 2, 5, 10, 30, 60] as const;

export interface Playback {
  atMs: number;
  playing: boolean;
  /** Seconds of the track that pass in a second. */
  rate: number;
}

/** A silence as long as this is passed over: nothing is to be seen in it. */
const PASSED_OVER_MS = 60_000;

export function isRate(rate: number): boolean {
  return RATES.some((known) => known === rate);
}

export function seek(playback: Playback, atMs: number, range: Span): Playback {
  return { ...playback, atMs: Math.min(range.toMs, Math.max(range.fromMs, atMs)) };
}

/** Begins or stops to play; at the end it begins from the start. */
export function toggle(playback: Playback, range: Span): Playback {
  if (playback.playing) return { ...playback, playing: false };
  return { ...playback, playing: true, atMs: playback.atMs >= range.toMs ? range.fromMs : playback.atMs };
}

/**
 * The clock some milliseconds of the wall later. It stops at the end of the range, and goes at once to where the next
 * fix is when it stands in one of the `silences`.
 */
export function advance(playback: Playback, elapsedMs: number, range: Span, silences: readonly Span[]): Playback {
  if (!playback.playing) return playback;
  let atMs = playback.atMs + elapsedMs * playback.rate;
  const silence = silences.find(({ fromMs, toMs }) => fromMs < atMs && atMs < toMs);
  if (silence !== undefined) atMs = silence.toMs;
  return atMs >= range.toMs ? { ...playback, atMs: range.toMs, playing: false } : { ...playback, atMs };
}

/** The times within a range in which none of the tracks has a fix; `heard` are the times in which one has, in any order. */
export function silencesIn(range: Span, heard: readonly Span[]): Span[] {
  const silences: Span[] = [];
  let quietFrom = range.fromMs;
  for (const { fromMs, toMs } of [...heard].sort((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs - quietFrom > PASSED_OVER_MS) silences.push({ fromMs: quietFrom, toMs: fromMs });
    quietFrom = Math.max(quietFrom, toMs);
  }
  return silences;
}

/** What of a range is shown after zooming by a factor about a moment; null for all of it. */
export function zoomed(shown: Span, range: Span, aboutMs: number, factor: number): Span | null {
  const SHORTEST_MS = 60_000;
  const length = Math.max(SHORTEST_MS, (shown.toMs - shown.fromMs) * factor);
  if (length >= range.toMs - range.fromMs) return null;
  const share = (aboutMs - shown.fromMs) / (shown.toMs - shown.fromMs);
  return within({ fromMs: aboutMs - length * share, toMs: aboutMs + length * (1 - share) }, range);
}

/** A window moved so that a moment lies in it; the same window where it does already. */
export function following(shown: Span, range: Span, atMs: number): Span {
  if (shown.fromMs <= atMs && atMs <= shown.toMs) return shown;
  const length = shown.toMs - shown.fromMs;
  return within({ fromMs: atMs - length / 10, toMs: atMs + (length * 9) / 10 }, range);
}

function within({ fromMs, toMs }: Span, range: Span): Span {
  const moved = Math.max(0, range.fromMs - fromMs) - Math.max(0, toMs - range.toMs);
  return { fromMs: fromMs + moved, toMs: toMs + moved };
}

/** As far as a span asked for in full may reach: at a fix a second some 7,000 fixes. */
const LONGEST_FULL_MS = 2 * 3_600_000;
const BEHIND_MS = 5 * 60_000;
const AHEAD_MS = 40 * 60_000;
/** What lies around the clock is asked for again when so little of it is left ahead, in seconds of the wall. */
const RESERVE_S = 4;

/**
 * Which span of a thinned track is wanted in full: what is shown, when that is short enough, else what the clock is
 * about to pass. Null when the spans that are full already suffice.
 */
export function wantedInFull(shown: Span, { atMs, rate, playing }: Playback, full: readonly Span[]): Span | null {
  const has = (span: Span): boolean => full.some(({ fromMs, toMs }) => fromMs <= span.fromMs && span.toMs <= toMs);
  if (shown.toMs - shown.fromMs <= LONGEST_FULL_MS) return has(shown) ? null : shown;
  if (!playing || has({ fromMs: atMs, toMs: atMs + RESERVE_S * 1_000 * rate })) return null;
  return { fromMs: atMs - BEHIND_MS, toMs: atMs + AHEAD_MS };
}
