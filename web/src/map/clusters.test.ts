import { expect, test } from "vitest";
import { SHOWN_STATES, type ShownState } from "../state/fleet";
import { gather, isCrowded, type Mark } from "./clusters";

const mark = (x: number, y: number, state: ShownState = "on_route"): Mark => ({ x, y, state: SHOWN_STATES.indexOf(state) });

/** Marks without end that always come out the same. */
function scattered(count: number): Mark[] {
  return Array.from({ length: count }, (_, at) => {
    const state = SHOWN_STATES[at % 17 === 0 ? 0 : at % 23 === 0 ? 1 : 3 + (at % 4)] as ShownState;
    return mark((at * 7919) % 10_000, (at * 104_729) % 10_000, state);
  });
}

test("buses of one square are one cluster in their middle, with the number of each state", () => {
  const { clusters, alone } = gather([mark(10, 10), mark(30, 20), mark(20, 60, "off_trip")], 100);
  expect(alone).toEqual([]);
  expect(clusters).toHaveLength(1);
  expect(clusters[0]).toMatchObject({ x: 20, y: 30, count: 3, worst: SHOWN_STATES.indexOf("on_route") });
  expect(clusters[0]?.states[SHOWN_STATES.indexOf("off_trip")]).toBe(1);
});

test("a bus alone in its square is no cluster", () => {
  const bus = mark(150, 10);
  expect(gather([mark(10, 10), mark(20, 20), bus], 100).alone).toEqual([bus]);
});

test.each<ShownState>(["speeding", "deviating", "silent"])("a bus that is %s keeps its mark and shows through the cluster", (state) => {
  const bus = mark(50, 50, state);
  const { clusters, alone } = gather([mark(10, 10), mark(20, 20), bus], 100);
  expect(alone).toEqual([bus]);
  expect(clusters[0]).toMatchObject({ count: 3, worst: SHOWN_STATES.indexOf(state) });
});

test("every bus is in exactly one cluster or stands alone, at every distance", () => {
  const marks = scattered(2_000);
  for (const side of [50, 400, 3_000, 20_000]) {
    const { clusters, alone } = gather(marks, side);
    const calmAlone = alone.filter(({ state }) => state > 2).length;
    const grave = marks.filter(({ state }) => state <= 2);
    const inClusters = clusters.reduce((sum, cluster) => sum + cluster.count, 0);
    const graveInClusters = clusters.reduce((sum, { states }) => sum + states.slice(0, 3).reduce((all, each) => all + each, 0), 0);
    expect(inClusters - graveInClusters + calmAlone).toBe(marks.length - grave.length);
    expect(alone.filter(({ state }) => state <= 2)).toHaveLength(grave.length);
    for (const { states, count } of clusters) expect(states.reduce((sum, each) => sum + each)).toBe(count);
  }
});

test("buses are gathered where their squares are crowded, and not to and fro at the edge of it", () => {
  const marks = Array.from({ length: 110 }, (_, at) => mark((at % 10) * 100 + 50, 50));
  expect(isCrowded(marks, 100, false)).toBe(false);
  expect(isCrowded(marks, 100, true)).toBe(true);
  expect(isCrowded(marks, 200, false)).toBe(true);
  expect(isCrowded([], 100, true)).toBe(false);
});
