/**
 * All that the control room knows, as one value and the events that change it.
 *
 * `reduce` is pure: no clock, no network, no map, no document. What an operator is looking at
 * (selection, filter, language) is not knowledge about the fleet and lives elsewhere.
 */
import type { Alert, AlertFile, Bus, Change, Route } from "../wire/contract";
import type { PositionFrame } from "../wire/frame";
import { applyChange, applyFile, applyList, NO_ALERTS, type Alerts } from "./alerts";
import { applyFrame, NO_FLEET, type Fleet } from "./fleet";
import { hear, NO_LINK, type Link } from "./link";

export interface Room {
  link: Link;
  fleet: Fleet;
  alerts: Alerts;
  buses: ReadonlyMap<string, Bus>;
  /** Approvals in force, by their identity. */
  routes: ReadonlyMap<string, Route>;
  /** The next frame holds all buses. */
  awaitsSnapshot: boolean;
  /** The list of alerts must be read anew: it was never read, or changes were lost. */
  wantsAlerts: boolean;
}

export const EMPTY_ROOM: Room = {
  link: NO_LINK,
  fleet: NO_FLEET,
  alerts: NO_ALERTS,
  buses: new Map(),
  routes: new Map(),
  awaitsSnapshot: true,
  wantsAlerts: true,
};

export type RoomEvent =
  | { type: "connected"; pageMs: number }
  | { type: "disconnected" }
  | { type: "frame"; frame: PositionFrame; pageMs: number }
  | { type: "change"; change: Change }
  | { type: "gap" }
  | { type: "alertsAsked" }
  | { type: "alertsListed"; alerts: readonly Alert[]; asOfSeq: number; complete: boolean }
  | { type: "alertsUnread" }
  | { type: "alertRead"; file: AlertFile }
  | { type: "busesRead"; buses: readonly Bus[] }
  | { type: "routesRead"; routes: readonly Route[] };

export function reduce(room: Room, event: RoomEvent): Room {
  switch (event.type) {
    case "connected":
      return { ...room, link: { ...room.link, phase: "connected", connectedMs: event.pageMs }, awaitsSnapshot: true };
    case "disconnected":
      return { ...room, link: { ...room.link, phase: "lost" } };
    case "frame":
      return {
        ...room,
        fleet: applyFrame(room.fleet, event.frame, room.awaitsSnapshot),
        link: room.awaitsSnapshot ? room.link : hear(room.link, event.frame.timeMs, event.frame.stalled, event.pageMs),
        awaitsSnapshot: false,
      };
    case "change":
      return { ...room, alerts: applyChange(room.alerts, event.change) };
    case "gap":
    case "alertsUnread":
      return { ...room, wantsAlerts: true };
    case "alertsAsked":
      return { ...room, wantsAlerts: false };
    case "alertsListed":
      return { ...room, alerts: applyList(room.alerts, event.alerts, event.asOfSeq, event.complete) };
    case "alertRead":
      return { ...room, alerts: applyFile(room.alerts, event.file) };
    case "busesRead":
      return { ...room, buses: new Map(event.buses.map((bus) => [bus.bus_id, bus])) };
    case "routesRead":
      return { ...room, routes: new Map(event.routes.map((route) => [route.properties.approval_id, route])) };
  }
}
