/** Where every bus is: the newest position of each, and how fast positions arrive. */
import type { Bus, BusState } from "../wire/contract";
import type { Position, PositionFrame } from "../wire/frame";

/**
 * What a bus is shown as: its state, or that nothing was heard of it lately. `silent` is a bus that should report
 * and has an alert going on because it does not; `stale` is any other whose newest fix is old.
 */
export type ShownState = BusState | "silent" | "stale";

/** The order is that of the status bar; the map draws the first ones on top. */
export const SHOWN_STATES = ["speeding", "deviating", "silent", "on_route", "off_trip", "stale", "out_of_service"] as const;

/** A fix older than this no longer tells where a bus is. */
export const STALE_AFTER_MS = 30_000;
const RATE_WINDOW_MS = 10_000;

interface Arrival {
  timeMs: number;
  fixes: number;
}

export interface Fleet {
  positions: ReadonlyMap<string, Position>;
  /** Server time of the newest frame; null before the monitor sent one. */
  frameMs: number | null;
  /** Frames of the last ten seconds. */
  arrivals: readonly Arrival[];
}

export const NO_FLEET: Fleet = { positions: new Map(), frameMs: null, arrivals: [] };

/**
 * The fleet after a frame. Only a newer fix replaces a position, so a frame seen twice is harmless.
 * A `snapshot` holds all buses rather than those that moved and says nothing about the rate.
 */
export function applyFrame(fleet: Fleet, frame: PositionFrame, snapshot: boolean): Fleet {
  const positions = new Map(fleet.positions);
  let fixes = 0;
  for (const position of frame.positions) {
    const held = positions.get(position.bus);
    if (held !== undefined && held.timeMs >= position.timeMs) continue;
    positions.set(position.bus, position);
    fixes++;
  }
  const since = frame.timeMs - RATE_WINDOW_MS;
  const recent = snapshot ? [] : fleet.arrivals.filter((arrival) => arrival.timeMs >= since && arrival.timeMs < frame.timeMs);
  return {
    positions,
    frameMs: Math.max(fleet.frameMs ?? 0, frame.timeMs) || null,
    arrivals: [...recent, { timeMs: frame.timeMs, fixes }],
  };
}

/** Fixes a second over the last frames; null until two frames came. */
export function fixRate(fleet: Fleet): number | null {
  const first = fleet.arrivals[0];
  const last = fleet.arrivals.at(-1);
  if (first === undefined || last === undefined || last.timeMs <= first.timeMs) return null;
  // The first frame only marks where the window starts: what it brought came before.
  const fixes = fleet.arrivals.reduce((sum, arrival) => sum + arrival.fixes, -first.fixes);
  return (fixes * 1000) / (last.timeMs - first.timeMs);
}

/** A bus by its newest fix, if any; `silent` tells that a silence of it is an alert that goes on. */
export function shownState(position: Position | undefined, bus: Bus | undefined, nowMs: number, silent: boolean): ShownState {
  const state = position?.state ?? (bus?.state === "out_of_service" ? "out_of_service" : undefined);
  if (state === "out_of_service") return state;
  const fresh = position !== undefined && nowMs - position.timeMs <= STALE_AFTER_MS;
  if (state !== undefined && fresh) return state;
  return silent ? "silent" : "stale";
}

/** How many buses are shown as what, those on record that were never heard of among them. */
export function census(
  fleet: Fleet,
  buses: ReadonlyMap<string, Bus>,
  nowMs: number,
  silent: ReadonlySet<string>,
): Record<ShownState, number> {
  const counts: Record<ShownState, number> = {
    on_route: 0,
    deviating: 0,
    speeding: 0,
    off_trip: 0,
    out_of_service: 0,
    silent: 0,
    stale: 0,
  };
  for (const bus of buses.values()) {
    counts[shownState(fleet.positions.get(bus.bus_id), bus, nowMs, silent.has(bus.bus_id))]++;
  }
  for (const position of fleet.positions.values()) {
    if (!buses.has(position.bus)) counts[shownState(position, undefined, nowMs, silent.has(position.bus))]++;
  }
  return counts;
}
