/** Numbers and durations as an operator reads them. */
import type { Evidence } from "../wire/contract";
import type { Dictionary } from "./zh";

export function whole(value: number): string {
  return Math.round(value).toString();
}

/** The two largest useful units at most: 8 s, 3 min, 2 h 5 min, 4 d. */
export function duration(ms: number, words: Dictionary): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return words.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return words.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? words.hours(hours, minutes % 60) : words.days(Math.floor(hours / 24));
}

/** 1:05, 12:40 or 2:03:00: a running duration whose width does not jump. */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => value.toString().padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** How bad, in one line: the measured against the allowed. */
export function gravity(evidence: Evidence, words: Dictionary): string {
  if (evidence.speed_kmh !== undefined && evidence.limit_kmh !== undefined) {
    return words.overLimit(whole(evidence.speed_kmh), whole(evidence.limit_kmh));
  }
  if (evidence.off_line_m !== undefined && evidence.corridor_m !== undefined) {
    return words.offLine(whole(evidence.off_line_m), whole(evidence.corridor_m));
  }
  return words.unknown;
}
