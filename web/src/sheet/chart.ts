/** A curve over time on paper: axes, and the curve thinned without losing a peak. */
import type { Point } from "./plan";

export interface Reading {
  timeMs: number;
  /** Null where nothing was measured: the curve has a gap there. */
  value: number | null;
}

export interface Axis {
  from: number;
  to: number;
  ticks: number[];
}

const STEPS = [1, 2, 5];
const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400];
/** A longer silence than this, and than three of the usual steps, is drawn as one. */
const SILENCE_MS = 30_000;

/** From 0 to a round number not below `highest`, with about `count` steps. */
export function valueAxis(highest: number, count: number): Axis {
  const rough = Math.max(highest, 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (STEPS.find((factor) => factor * power >= rough) ?? 10);
  const ticks = Array.from({ length: Math.ceil(Math.max(highest, 1) / step - 1e-9) + 1 }, (_, at) => at * step);
  return { from: 0, to: ticks.at(-1) ?? step, ticks };
}

/** Round moments between two, at most `count`; in a zone that is whole hours from UTC they are round there too. */
export function timeAxis(from: number, to: number, count: number): Axis {
  const wanted = (to - from) / 1_000 / count;
  const step = (TIME_STEPS_S.find((seconds) => seconds >= wanted) ?? Math.ceil(wanted / 14_400) * 14_400) * 1_000;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return { from, to, ticks };
}

export function along(axis: Axis, value: number, length: number): number {
  return axis.to === axis.from ? length / 2 : ((value - axis.from) / (axis.to - axis.from)) * length;
}

/** Readings in `most` slots of time at most, each with its lowest and highest, in order of time. */
export function thinnedReadings(readings: readonly Reading[], most: number): Reading[] {
  if (readings.length <= 2 * most) return [...readings];
  const size = readings.length / most;
  const kept: Reading[] = [];
  for (let slot = 0; slot < most; slot++) {
    const part = readings.slice(Math.floor(slot * size), Math.floor((slot + 1) * size));
    let [low, high] = [part[0], part[0]];
    for (const reading of part) {
      if (reading.value === null) continue;
      if ((low?.value ?? null) === null || reading.value < (low?.value ?? 0)) low = reading;
      if ((high?.value ?? null) === null || reading.value > (high?.value ?? 0)) high = reading;
    }
    kept.push(...[...new Set([low, high])].filter((reading) => reading !== undefined).sort((a, b) => a.timeMs - b.timeMs));
  }
  return kept;
}

/** How long nothing must have come, in milliseconds, for what rises in `times` to count as broken. */
export function silenceOf(times: readonly number[]): number {
  const steps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  const usual = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  return Math.max(SILENCE_MS, 3 * usual);
}

/** The stretches of a curve: it is broken where nothing was measured, and by a silence. */
export function stretches(readings: readonly Reading[], place: (reading: Reading & { value: number }) => Point): Point[][] {
  const silence = silenceOf(readings.map(({ timeMs }) => timeMs));
  const parts: Point[][] = [];
  let part: Point[] = [];
  let last: number | null = null;
  for (const reading of readings) {
    const { timeMs, value } = reading;
    if (value === null || (last !== null && timeMs - last > silence)) {
      if (part.length > 0) parts.push(part);
      part = [];
    }
    if (value !== null) {
      part.push(place({ timeMs, value }));
      last = timeMs;
    }
  }
  return part.length > 0 ? [...parts, part] : parts;
}
