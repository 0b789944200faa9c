import { describe, expect, test } from "vitest";
import type { Bus } from "../wire/contract";
import type { Position } from "../wire/frame";
import { applyFrame, census, fixRate, NO_FLEET, shownState } from "./fleet";

function position(bus: string, timeMs: number, more: Partial<Position> = {}): Position {
  return { bus, timeMs, lon: 114.3, lat: 30.6, speedKmh: 30, heading: 90, limitKmh: 50, offM: 2, state: "on_route", ...more };
}

function bus(bus_id: string, state: Bus["state"] = "in_service"): Bus {
  return {
    bus_id,
    plate: `鄂A${bus_id}`,
    sign_number: "1",
    sign_expires: "2027-01-31",
    inspection_expires: "2027-01-31",
    operator: "",
    school: "",
    district: "",
    seats: 19,
    depot: [114.3, 30.6],
    state,
    route_ids: [],
  };
}

describe("a frame", () => {
  test("moves the buses in it and leaves the others where they are", () => {
    const before = applyFrame(NO_FLEET, { timeMs: 1000, stalled: null, positions: [position("A", 900), position("B", 900)] }, true);
    const after = applyFrame(before, { timeMs: 2000, stalled: null, positions: [position("A", 1900, { lon: 114.4 })] }, false);
    expect(after.positions.get("A")?.lon).toBe(114.4);
    expect(after.positions.get("B")).toBe(before.positions.get("B"));
  });

  test("does not change the fleet that it is applied to", () => {
    const before = applyFrame(NO_FLEET, { timeMs: 1000, stalled: null, positions: [position("A", 900)] }, true);
    applyFrame(before, { timeMs: 2000, stalled: null, positions: [position("A", 1900)] }, false);
    expect(before.positions.get("A")?.timeMs).toBe(900);
  });

  test("with an older fix leaves the newer one standing", () => {
    const before = applyFrame(NO_FLEET, { timeMs: 2000, stalled: null, positions: [position("A", 1900)] }, true);
    const after = applyFrame(before, { timeMs: 2100, stalled: null, positions: [position("A", 1000)] }, false);
    expect(after.positions.get("A")?.timeMs).toBe(1900);
  });

  test("seen twice counts once", () => {
    const first = applyFrame(NO_FLEET, { timeMs: 1000, stalled: null, positions: [position("A", 900)] }, true);
    const frame = { timeMs: 2000, stalled: null, positions: [position("A", 1900)] };
    const once = applyFrame(first, frame, false);
    const twice = applyFrame(once, frame, false);
    expect(twice.positions).toEqual(once.positions);
    expect(twice.frameMs).toBe(2000);
  });
});

describe("the rate of fixes", () => {
  test("is unknown before two frames came", () => {
    expect(fixRate(applyFrame(NO_FLEET, { timeMs: 1000, stalled: null, positions: [position("A", 900)] }, true))).toBeNull();
  });

  test("counts what came since the snapshot, over the last ten seconds", () => {
    let fleet = applyFrame(NO_FLEET, { timeMs: 0, stalled: null, positions: [position("A", 0), position("B", 0)] }, true);
    for (let second = 1; second <= 30; second++) {
      const timeMs = second * 1000;
      fleet = applyFrame(fleet, { timeMs, stalled: null, positions: [position("A", timeMs), position("B", timeMs)] }, false);
    }
    expect(fixRate(fleet)).toBe(2);
    expect(fleet.arrivals.length).toBeLessThanOrEqual(11);
  });
});

describe("a bus is shown", () => {
  test("in its state while its fix is fresh, as stale when the fix is older than 30 s", () => {
    expect(shownState(position("A", 0), bus("A"), 30_000, false)).toBe("on_route");
    expect(shownState(position("A", 0), bus("A"), 30_001, false)).toBe("stale");
  });

  test("as out of service however old its fix", () => {
    expect(shownState(position("A", 0, { state: "out_of_service" }), bus("A"), 1e9, true)).toBe("out_of_service");
    expect(shownState(undefined, bus("A", "out_of_service"), 0, false)).toBe("out_of_service");
  });

  test("as silent when it should report and does not, and as what it does as soon as it reports again", () => {
    expect(shownState(position("A", 0), bus("A"), 200_000, true)).toBe("silent");
    expect(shownState(undefined, bus("A"), 0, true)).toBe("silent");
    expect(shownState(position("A", 199_000), bus("A"), 200_000, true)).toBe("on_route");
  });

  test("as stale when nothing was ever heard of it", () => {
    expect(shownState(undefined, bus("A"), 0, false)).toBe("stale");
  });
});

test("the census counts every bus on record once, and those that report without being on record", () => {
  const fleet = applyFrame(
    NO_FLEET,
    { timeMs: 1000, stalled: null, positions: [position("A", 900), position("B", 900, { state: "speeding" }), position("X", 900)] },
    true,
  );
  const buses = new Map([bus("A"), bus("B"), bus("C"), bus("D", "out_of_service"), bus("E")].map((each) => [each.bus_id, each]));
  expect(census(fleet, buses, 1000, new Set(["E"]))).toEqual({
    on_route: 2,
    speeding: 1,
    deviating: 0,
    off_trip: 0,
    silent: 1,
    stale: 1,
    out_of_service: 1,
  });
});
