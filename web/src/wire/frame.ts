/** Live frames from the wire into positions. */
import type { BusState, Frame } from "./contract";

/** A bus's newest fix with what the engine made of it. Degrees, km/h, metres, epoch milliseconds. */
export interface Position {
  bus: string;
  timeMs: number;
  lon: number;
  lat: number;
  speedKmh: number | null;
  heading: number | null;
  limitKmh: number | null;
  offM: number | null;
  state: BusState;
}

export interface PositionFrame {
  timeMs: number;
  /** Why the monitor commits nothing at present, if so. */
  stalled: string | null;
  positions: Position[];
}

const COLUMNS = ["bus", "time_ms", "lon", "lat", "speed_kmh", "heading", "limit_kmh", "off_m", "state"] as const;

/** Reads columns by name, so that a column added later or an order changed does no harm. */
export function decodeFrame(frame: Frame): PositionFrame {
  const [bus, time, lon, lat, speed, heading, limit, off, state] = COLUMNS.map((name) => {
    const at = frame.columns.indexOf(name);
    if (at < 0) throw new Error(`the live frame has no column ${name}`);
    return at;
  }) as [number, number, number, number, number, number, number, number, number];
  return {
    timeMs: frame.time_ms,
    stalled: frame.stalled ?? null,
    positions: frame.rows.map((row) => ({
      bus: row[bus] as string,
      timeMs: row[time] as number,
      lon: row[lon] as number,
      lat: row[lat] as number,
      speedKmh: row[speed] as number | null,
      heading: row[heading] as number | null,
      limitKmh: row[limit] as number | null,
      offM: row[off] as number | null,
      state: row[state] as BusState,
    })),
  };
}
