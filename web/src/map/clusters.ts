/**
 * Buses gathered by the square of a grid that they are drawn in, for a map so far that marks would cover
 * each other. The grid lies fast on the plane, so a cluster stays where it is while the map is dragged.
 *
 * What wants somebody is never gathered away: a bus that speeds, deviates or is silent keeps its own mark and
 * is counted in the cluster's number and shown by its ring as well.
 */
import { SHOWN_STATES } from "../state/fleet";
import type { Point } from "./projection";

/** A bus as it is gathered: where it is drawn, and its state as an index in `SHOWN_STATES`. */
export interface Mark extends Point {
  state: number;
}

export interface Cluster extends Point {
  count: number;
  /** How many of each state, by index in `SHOWN_STATES`. */
  states: number[];
  /** The gravest of them: the lowest index. */
  worst: number;
}

export interface Gathering<M extends Mark> {
  clusters: Cluster[];
  /** Marks that are drawn by themselves: those in no cluster, and those that want somebody. */
  alone: M[];
}

/** States that are drawn by themselves at any distance, as indices. */
const WANTS_SOMEBODY = SHOWN_STATES.indexOf("silent");

/** How crowded a square must be on average before buses are gathered, and under which they are spread again. */
const CROWDED = 12;
const SPREAD = 10;

/** Squares in a row of the grid's numbering: more than lie round the Earth at any side in use. */
const ROW = 2 ** 26;

function squareOf({ x, y }: Point, sideM: number): number {
  return Math.floor(x / sideM) * ROW + Math.floor(y / sideM);
}

/** Whether marks should be gathered in squares of `sideM` metres; `gathered` is whether they are now. */
export function isCrowded(marks: Iterable<Point>, sideM: number, gathered: boolean): boolean {
  const squares = new Set<number>();
  let count = 0;
  for (const mark of marks) {
    squares.add(squareOf(mark, sideM));
    count++;
  }
  return count >= (gathered ? SPREAD : CROWDED) * squares.size && count > 0;
}

export function gather<M extends Mark>(marks: Iterable<M>, sideM: number): Gathering<M> {
  const squares = new Map<number, M[]>();
  for (const mark of marks) {
    const square = squareOf(mark, sideM);
    const held = squares.get(square);
    if (held === undefined) squares.set(square, [mark]);
    else held.push(mark);
  }
  const gathering: Gathering<M> = { clusters: [], alone: [] };
  for (const held of squares.values()) {
    const calm = held.filter((mark) => mark.state > WANTS_SOMEBODY);
    if (calm.length < 2) {
      gathering.alone.push(...held);
      continue;
    }
    gathering.alone.push(...held.filter((mark) => mark.state <= WANTS_SOMEBODY));
    gathering.clusters.push(clusterOf(held, calm));
  }
  return gathering;
}

/** It lies in the middle of the calm ones, away from the marks that stand by themselves. */
function clusterOf(held: readonly Mark[], calm: readonly Mark[]): Cluster {
  const states = SHOWN_STATES.map(() => 0);
  for (const { state } of held) states[state] = (states[state] ?? 0) + 1;
  return {
    x: calm.reduce((sum, mark) => sum + mark.x, 0) / calm.length,
    y: calm.reduce((sum, mark) => sum + mark.y, 0) / calm.length,
    count: held.length,
    states,
    worst: states.findIndex((count) => count > 0),
  };
}
