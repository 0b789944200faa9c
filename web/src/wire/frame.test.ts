import { expect, test } from "vitest";
import { decodeFrame } from "./frame";

const COLUMNS = ["bus", "time_ms", "lon", "lat", "speed_kmh", "heading", "limit_kmh", "off_m", "state"];

test("rows become positions", () => {
  const frame = { time_ms: 2000, columns: COLUMNS, rows: [["B0001", 1900, 114.28, 30.59, 34.2, null, 50, 3.1, "on_route"]] };
  expect(decodeFrame(frame)).toEqual({
    timeMs: 2000,
    stalled: null,
    positions: [
      { bus: "B0001", timeMs: 1900, lon: 114.28, lat: 30.59, speedKmh: 34.2, heading: null, limitKmh: 50, offM: 3.1, state: "on_route" },
    ],
  });
});

test("columns are found by name, in any order and beside new ones", () => {
  const columns = ["new", ...COLUMNS.toReversed()];
  const rows = [["?", "speeding", null, 50, 90, 71, 30.59, 114.28, 1900, "B0001"]];
  expect(decodeFrame({ time_ms: 2000, columns, rows }).positions[0]).toMatchObject({ bus: "B0001", lon: 114.28, speedKmh: 71, state: "speeding" });
});

test("a frame without a column that the page needs is refused by name", () => {
  expect(() => decodeFrame({ time_ms: 0, columns: COLUMNS.slice(0, -1), rows: [] })).toThrow("state");
});
