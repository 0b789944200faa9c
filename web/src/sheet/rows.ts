/** Which rows go on paper when not all do: those that the matter turns on. */
import type { SheetStep } from "../wire/evidence";

/**
 * The places of `most` rows at most, in order: those nearest to the anchors, shared evenly among them.
 * `times` rise; all rows when there is room.
 */
export function rowsRound(times: readonly number[], anchors: readonly [number, ...number[]], most: number): number[] {
  if (times.length <= most) return times.map((_, at) => at);
  const kept = new Set<number>();
  const ways = anchors.map((anchor) => outwards(times, anchor));
  while (kept.size < most) {
    for (const way of ways) {
      if (kept.size >= most) break;
      let next = way.next();
      while (next.done !== true && kept.has(next.value)) next = way.next();
      if (next.done !== true) kept.add(next.value);
    }
  }
  return [...kept].sort((a, b) => a - b);
}

/** All places, the nearest in time to `anchor` first; of two as near, the earlier. */
function* outwards(times: readonly number[], anchor: number): Generator<number, void, undefined> {
  let right = times.findIndex((time) => time >= anchor);
  if (right < 0) right = times.length;
  let left = right - 1;
  while (left >= 0 || right < times.length) {
    const before = left >= 0 ? anchor - (times[left] ?? 0) : Infinity;
    const after = right < times.length ? (times[right] ?? 0) - anchor : Infinity;
    yield before <= after ? left-- : right++;
  }
}

/** The engine wrote an alert on and it was as grave as before. */
const WRITTEN_ON = 3;

/** Lower is kept first: what people did, how it ended or was raised, where it got graver. */
function rank(step: SheetStep, before: SheetStep | undefined): number {
  if (step.by !== null) return 0;
  if (step.kind === "ended" || step.kind === "escalated") return 1;
  return step.kind === "updated" && step.severity === before?.severity ? WRITTEN_ON : 2;
}

/**
 * `most` steps at most in their order: the first, and of those of a kind the last. What the engine wrote on
 * without changing how grave it is says nothing to a reader and is left out.
 */
export function stepsThatMatter(history: readonly SheetStep[], most: number): SheetStep[] {
  const [first, ...later] = history;
  if (first === undefined) return [];
  const ranked = later
    .map((step, at) => ({ step, rank: rank(step, history[at]) }))
    .filter(({ rank }) => rank < WRITTEN_ON);
  ranked.sort((a, b) => a.rank - b.rank || b.step.seq - a.step.seq);
  const kept = new Set([first, ...ranked.slice(0, Math.max(0, most - 1)).map(({ step }) => step)]);
  return history.filter((step) => kept.has(step));
}
