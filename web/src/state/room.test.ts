import { expect, test } from "vitest";
import type { Position } from "../wire/frame";
import { fixRate } from "./fleet";
import { linkHealth, serverTime } from "./link";
import { EMPTY_ROOM, reduce, type Room, type RoomEvent } from "./room";
import { alert, change } from "./sample";

function after(...events: RoomEvent[]): Room {
  return events.reduce(reduce, EMPTY_ROOM);
}

function frame(timeMs: number, pageMs: number, ...names: string[]): RoomEvent {
  const positions = names.map((bus): Position => {
    return { bus, timeMs, lon: 114, lat: 30, speedKmh: 0, heading: null, limitKmh: null, offM: null, state: "off_trip" };
  });
  return { type: "frame", frame: { timeMs, stalled: null, positions }, pageMs };
}

const CONNECTED: RoomEvent = { type: "connected", pageMs: 0 };

test("the link is connecting, live, quiet after 5 s without a frame, lost at once, and live again", () => {
  expect(linkHealth(EMPTY_ROOM.link, 0)).toBe("connecting");
  const live = after({ type: "connected", pageMs: 4000 }, frame(0, 4000, "A"), frame(1000, 5000, "A"));
  expect(linkHealth(live.link, 10_000)).toBe("live");
  expect(linkHealth(live.link, 10_001)).toBe("quiet");
  const lost = reduce(live, { type: "disconnected" });
  expect(linkHealth(lost.link, 5000)).toBe("lost");
  const back = reduce(lost, { type: "connected", pageMs: 13_000 });
  expect(linkHealth(back.link, 18_000)).toBe("live");
  expect(linkHealth(back.link, 18_001)).toBe("quiet");
});

test("the picture that greets a new page is no sign of life: the monitor may be long gone", () => {
  const room = after({ type: "connected", pageMs: 1_000_000 }, frame(400_000, 1_000_000, "A"));
  expect(linkHealth(room.link, 1_000_000)).toBe("connecting");
  expect(linkHealth(room.link, 1_005_001)).toBe("quiet");
  expect(serverTime(room.link, 1_000_000) - (room.fleet.frameMs ?? 0)).toBe(600_000);
});

test("a monitor that says why it commits nothing is not live, however often it says so", () => {
  const stalled = after(CONNECTED, frame(0, 0, "A"), {
    type: "frame",
    frame: { timeMs: 1000, stalled: "the database is away", positions: [] },
    pageMs: 1000,
  });
  expect(linkHealth(stalled.link, 1000)).toBe("quiet");
  expect(stalled.link.stalled).toBe("the database is away");
  expect(linkHealth(reduce(stalled, frame(2000, 2000, "A")).link, 2000)).toBe("live");
});

test("ages follow the server's clock, however wrong the PC's is", () => {
  const room = after(CONNECTED, frame(1_790_000_000_000, 4000, "A"), frame(1_790_000_001_000, 5000, "A"));
  expect(serverTime(room.link, 7000)).toBe(1_790_000_003_000);
});

test("what was known stays on screen while the link is lost", () => {
  const room = after(CONNECTED, frame(1000, 1000, "A"), { type: "change", change: change(1, alert("a")) }, { type: "disconnected" });
  expect(room.fleet.positions.size).toBe(1);
  expect(room.alerts.entries.size).toBe(1);
});

test("the frame that holds all buses after a reconnection is no burst of fixes", () => {
  const room = after(
    CONNECTED,
    frame(1000, 1000, "A", "B"),
    frame(2000, 2000, "A"),
    { type: "disconnected" },
    CONNECTED,
    frame(60_000, 60_000, "A", "B"),
    frame(61_000, 61_000, "A"),
  );
  expect(fixRate(room.fleet)).toBe(1);
});

test("the alerts are wanted at the start, not after they were asked for, and again after a gap", () => {
  expect(EMPTY_ROOM.wantsAlerts).toBe(true);
  const asked = after({ type: "alertsAsked" });
  expect(asked.wantsAlerts).toBe(false);
  expect(reduce(asked, { type: "gap" }).wantsAlerts).toBe(true);
  expect(reduce(asked, { type: "alertsUnread" }).wantsAlerts).toBe(true);
});

test("after a gap the list tells what was missed and what is over", () => {
  const before = after(
    { type: "change", change: change(1, alert("over")) },
    { type: "change", change: change(2, alert("worse")) },
    { type: "gap" },
    { type: "alertsAsked" },
  );
  const room = reduce(before, {
    type: "alertsListed",
    alerts: [alert("worse", { version: 5, severity: "critical" }), alert("missed")],
    asOfSeq: 2,
    complete: true,
  });
  expect([...room.alerts.entries.keys()].sort()).toEqual(["missed", "worse"]);
  expect(room.alerts.entries.get("worse")?.alert.severity).toBe("critical");
});

test("changes that a resumed stream repeats are harmless", () => {
  const first = after({ type: "change", change: change(1, alert("a")) }, { type: "change", change: change(2, alert("b")) });
  const resumed = [CONNECTED, { type: "change", change: change(2, alert("b")) } as const].reduce(reduce, first);
  expect(resumed.alerts).toBe(first.alerts);
});
