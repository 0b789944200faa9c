/** What an evidence sheet is about, taken out of the document once for all that is drawn of it. */
import type { QualityMark, Rule } from "../wire/contract";
import type { EvidenceSheet, SheetFix } from "../wire/evidence";
import { silenceOf } from "./chart";

/** A place with one of these is not drawn as a part of the way. */
const NO_PLACE: readonly QualityMark[] = ["jump", "no_fix", "from_future", "frozen", "duplicate"];
/** The rules that are about the distance from the approved line; the others are about the speed, or none. */
const OF_DISTANCE: readonly Rule[] = ["deviation", "stops_skipped"];

export interface DrawnFix extends SheetFix {
  timeMs: number;
  /** Whether its place can be a part of the way driven. */
  placed: boolean;
  /** From the start to the end of the episode. */
  within: boolean;
}

export interface Matter {
  startMs: number;
  peakMs: number;
  /** Null while the episode goes on. */
  endMs: number | null;
  fixes: DrawnFix[];
  curve: "speed" | "distance";
  /** What the curve is held against; null where the rule has no such bound. */
  bound: number | null;
}

export function matterOf(sheet: EvidenceSheet): Matter {
  const { alert } = sheet;
  const startMs = Date.parse(alert.started_at);
  const endMs = alert.ended_at === null ? null : Date.parse(alert.ended_at);
  const curve = OF_DISTANCE.includes(alert.rule) && sheet.approval !== null ? "distance" : "speed";
  return {
    startMs,
    peakMs: Date.parse(alert.evidence.peak_at),
    endMs,
    curve,
    bound: (curve === "speed" ? sheet.limit?.limit_kmh : sheet.approval?.corridor_m) ?? null,
    fixes: sheet.fixes.map((fix) => {
      const timeMs = Date.parse(fix.time);
      const placed = !fix.marks.some((mark) => NO_PLACE.includes(mark));
      return { ...fix, timeMs, placed, within: timeMs >= startMs && timeMs <= (endMs ?? Infinity) };
    }),
  };
}

/** What a curve shows of a fix; null where it says nothing. */
export function readingOf(fix: DrawnFix, curve: Matter["curve"]): number | null {
  if (curve === "distance") return fix.placed ? fix.off_line_m : null;
  return fix.marks.includes("speed_contradicted") || fix.marks.includes("no_fix") ? null : fix.speed_kmh;
}

/** `within`: of the episode; `silence`: straight over a silence, where nobody knows; `plain`: before and after. */
export type WayKind = "plain" | "within" | "silence";

/** The way driven, in parts that are drawn alike; each begins with the fix that the one before ends with. */
export function ways(fixes: readonly DrawnFix[]): { kind: WayKind; fixes: DrawnFix[] }[] {
  const placed = fixes.filter((fix) => fix.placed);
  const silence = silenceOf(placed.map((fix) => fix.timeMs));
  const parts: { kind: WayKind; fixes: DrawnFix[] }[] = [];
  for (const [at, to] of placed.slice(1).entries()) {
    const from = placed[at];
    if (from === undefined) continue;
    const kind = to.timeMs - from.timeMs > silence ? "silence" : from.within && to.within ? "within" : "plain";
    const part = parts.at(-1);
    if (part?.kind === kind) part.fixes.push(to);
    else parts.push({ kind, fixes: [from, to] });
  }
  return parts;
}
