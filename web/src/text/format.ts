/** Numbers and durations as an operator reads them. */
import { QUALITY_MARKS, type Alert, type Fix, type QualityMark } from "../wire/contract";
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

/** How bad, in one line: the measured against the allowed, else what the rule counts. */
export function gravity({ rule, evidence }: Pick<Alert, "rule" | "evidence">, words: Dictionary): string {
  if (evidence.speed_kmh !== undefined && evidence.limit_kmh !== undefined) {
    return words.overLimit(whole(evidence.speed_kmh), whole(evidence.limit_kmh));
  }
  if (evidence.off_line_m !== undefined && evidence.corridor_m !== undefined) {
    return words.offLine(whole(evidence.off_line_m), whole(evidence.corridor_m));
  }
  if (evidence.faults !== undefined && evidence.faults.length > 0) {
    return evidence.faults.map((fault) => words.faults[fault]).join(" · ");
  }
  if (evidence.back_m !== undefined) return words.droveBack(whole(evidence.back_m));
  if (evidence.stops_skipped !== undefined) return words.skipped(evidence.stops_skipped);
  if (evidence.stood_s !== undefined) return words.stood(duration(evidence.stood_s * 1000, words));
  if (evidence.silent_s !== undefined) {
    const waited = duration(evidence.silent_s * 1000, words);
    return rule === "trip_not_begun" ? words.overdue(waited) : words.noFixFor(waited);
  }
  if (evidence.speed_kmh !== undefined) return words.drives(whole(evidence.speed_kmh));
  return "";
}

/** Which doubts there are about the fixes of a track, and of how many fixes. */
export function doubts(fixes: readonly Fix[], words: Dictionary): string {
  const marks = Object.keys(QUALITY_MARKS) as QualityMark[];
  return marks
    .map((mark) => ({ mark, count: fixes.filter((fix) => ((fix.quality ?? 0) & QUALITY_MARKS[mark]) !== 0).length }))
    .filter(({ count }) => count > 0)
    .map(({ mark, count }) => `${words.qualityMarks[mark]} ${count}`)
    .join(" · ");
}
