/**
 * The running control room: what is known, kept up to date from the API, and what is being looked at.
 *
 * The only place where the reducer meets the network and the clock.
 */
import { SvelteMap } from "svelte/reactivity";
import type { Alert, AlertFile, BaseMap, BusFile, Incident, Route, WaiverOrder } from "../wire/contract";
import { ApiError, readAlert, readAlerts, readBaseMap, readBus, readBuses, readIncidents, readRoutes, waiveIncident } from "../wire/client";
import { decodeFrame } from "../wire/frame";
import { actOnAlert, type Deed } from "../wire/handling";
import { openStream } from "../wire/stream";
import { addressOf } from "../state/address";
import type { Entry, Handling } from "../state/alerts";
import { choices, deskRows, filteredOut, hasFresh, knownPeople, openCounts, WHOLE_DESK, type DeskFilter, type Onlooker } from "../state/desk";
import { census, fixRate, shownState, type ShownState } from "../state/fleet";
import { linkHealth, serverTime } from "../state/link";
import { EMPTY_ROOM, reduce, type Room, type RoomEvent } from "../state/room";
import { silentBuses } from "../state/silence";
import { nearestAssignment, schoolClock } from "../state/trips";
import { arrivalWords } from "../text/arrivals";
import { gravity } from "../text/format";
import { text } from "../text/text.svelte";
import { dayOf, wallClock } from "../text/zone";
import { address } from "./address.svelte";
import { Arrivals, type Arrival } from "./arrivals";
import { Bell } from "./bell.svelte";
import { preferences } from "./preferences.svelte";
import { Ground } from "./ground.svelte";

const TICK_MS = 1_000;
const RETRY_MS = 5_000;
/** Pages of 200 alerts read of each unsettled status. */
const UNSETTLED_PAGES = 10;
const SETTLED_PAGES = 1;

/**
 * How an act on an alert came out. `conflict` carries what the other person did, or null when it was the
 * engine; `failed` the server's reason, or null when no answer came.
 */
export type ActResult =
  | { kind: "done" }
  | { kind: "conflict"; handling: Handling | null }
  | { kind: "failed"; reason: string | null };

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export class ControlRoom {
  #room = $state.raw<Room>(EMPTY_ROOM);
  #pageMs = $state(Date.now());
  #closeStream: (() => void) | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #closeBell: (() => void) | undefined;
  /** The alerts on file have been read once: what was there before the page does not ring. */
  #listed = false;
  readonly #arrivals = new Arrivals(() => this.#room.alerts, (arrivals) => this.#announce(arrivals));

  readonly bell = new Bell();
  /** What last rang, in words. */
  announced = $state("");

  /** Roads to draw under everything; null until they came. */
  baseMap = $state.raw<BaseMap | null>(null);
  filter = $state.raw<DeskFilter>(WHOLE_DESK);
  selectedBus = $state<string | null>(null);
  selectedAlert = $state<string | null>(null);
  /** Details read so far, by bus and by alert. */
  readonly busFiles = new SvelteMap<string, BusFile>();
  readonly alertFiles = new SvelteMap<string, AlertFile>();

  /** Zones, waivers and weather. */
  readonly ground = new Ground();

  readonly #incidents = new SvelteMap<string, Incident>();
  /** Probable closures that go on, the newest first. */
  readonly incidents = $derived.by(() => {
    return [...this.#incidents.values()].sort((a, b) => b.first_at.localeCompare(a.first_at));
  });

  // Each part by itself: a frame a second must not wake what depends on the routes alone.
  readonly #alerts = $derived(this.#room.alerts);
  readonly fleet = $derived(this.#room.fleet);
  readonly buses = $derived(this.#room.buses);
  readonly routes = $derived(this.#room.routes);

  readonly health = $derived.by(() => linkHealth(this.#room.link, this.#pageMs));
  /** The server's clock; it moves once a second. */
  readonly nowMs = $derived.by(() => serverTime(this.#room.link, this.#pageMs));
  /** How old the picture is, in milliseconds; null before the first frame. */
  readonly ageMs = $derived.by(() => (this.fleet.frameMs === null ? null : Math.max(0, this.nowMs - this.fleet.frameMs)));
  /** Why the monitor commits nothing at present, in its own words. */
  readonly stalled = $derived(this.#room.link.stalled);
  /** Buses that should report and do not. */
  readonly silent = $derived.by(() => silentBuses(this.#alerts));
  readonly census = $derived.by(() => census(this.fleet, this.buses, this.nowMs, this.silent));
  readonly fixRate = $derived.by(() => fixRate(this.fleet));
  // The desk is sorted by the clock only while somebody's deed is fresh in it.
  readonly #deskMs = $derived.by(() => (hasFresh(this.#alerts, this.nowMs) ? this.nowMs : 0));
  readonly #onlooker = $derived.by((): Onlooker => ({ buses: this.buses, me: preferences.operator, nowMs: this.#deskMs }));
  readonly desk = $derived.by(() => deskRows(this.#alerts, this.filter, this.#onlooker));
  readonly filteredOut = $derived.by(() => filteredOut(this.#alerts, this.filter, this.#onlooker));
  readonly choices = $derived.by(() => choices(this.buses));
  readonly people = $derived.by(() => knownPeople(this.#alerts, preferences.operator));
  readonly entries = $derived(this.#alerts.entries);
  readonly openCounts = $derived.by(() => openCounts(this.#alerts));

  /** The track around the selected alert, once read. */
  readonly selectedTrack = $derived(this.selectedAlert === null ? [] : (this.alertFiles.get(this.selectedAlert)?.fixes ?? []));
  readonly selectedEntry = $derived.by((): Entry | undefined => {
    return this.selectedAlert === null ? undefined : this.#alerts.entries.get(this.selectedAlert);
  });

  shownState(busId: string): ShownState {
    return shownState(this.fleet.positions.get(busId), this.buses.get(busId), this.nowMs, this.silent.has(busId));
  }

  /** The approved route to show with a bus: that of its alert, of its trip under way, or its first. */
  readonly shownRoute = $derived.by((): Route | null => {
    const ofAlert = this.routes.get(this.selectedEntry?.alert.evidence.approval_id ?? "");
    return ofAlert ?? this.routes.get(this.currentAssignment?.approval_id ?? "") ?? null;
  });

  /** What today is by the school calendar; null while that is not known. */
  readonly schoolDay = $derived.by(() => {
    const today = this.selectedBus === null ? undefined : this.busFiles.get(this.selectedBus)?.today;
    return today?.day === dayOf(this.nowMs) ? today : null;
  });

  /** What the selected bus is about now: the assignment of its alert, else the one nearest in time. */
  readonly currentAssignment = $derived.by(() => {
    if (this.selectedBus === null) return null;
    const file = this.busFiles.get(this.selectedBus);
    if (file === undefined) return null;
    const ofAlert = this.selectedEntry?.alert.evidence.assignment_id;
    return (
      file.assignments.find((assignment) => assignment.assignment_id === ofAlert) ??
      nearestAssignment(file.assignments, schoolClock(wallClock(this.nowMs), this.schoolDay))
    );
  });

  open(): void {
    this.#closeBell = this.bell.open();
    // While frames come once a second they are the clock: all that follows it is then worked out once and not twice.
    this.#ticking = setInterval(() => {
      if (Date.now() - this.#pageMs >= TICK_MS) this.#pageMs = Date.now();
    }, TICK_MS / 2);
    this.#closeStream = openStream("/api/v1/live", {
      connected: () => {
        this.#apply({ type: "connected", pageMs: Date.now() });
        void this.#readAlertsIfWanted();
        void this.#readIncidents();
        this.ground.readOrders();
      },
      disconnected: () => this.#apply({ type: "disconnected" }),
      frame: (frame) => this.#apply({ type: "frame", frame: decodeFrame(frame), pageMs: Date.now() }),
      change: (change) => {
        this.#apply({ type: "change", change });
        if (change.kind === "waived") this.ground.readOrders();
        if (this.selectedAlert === change.alert.alert_id) void this.#readAlertFile(change.alert.alert_id);
      },
      incident: (incident) => this.#take(incident),
      gap: () => {
        void this.#readIncidents();
        this.#apply({ type: "gap" });
        void this.#readAlertsIfWanted();
      },
    });
    void this.#readRecord();
    this.ground.open();
  }

  close(): void {
    this.#closeStream?.();
    this.#closeBell?.();
    this.#arrivals.close();
    this.ground.close();
    clearInterval(this.#ticking);
  }

  selectBus(busId: string | null): void {
    this.selectedBus = busId;
    this.selectedAlert = null;
    if (busId !== null) void this.#readBusFile(busId);
  }

  selectAlert(alert: Alert): void {
    this.selectedBus = alert.bus_id;
    this.selectedAlert = alert.alert_id;
    void this.#readBusFile(alert.bus_id);
    void this.#readAlertFile(alert.alert_id);
  }

  async act(alert: Alert, deed: Deed, by: string): Promise<ActResult> {
    try {
      await actOnAlert(alert, deed, by);
      await this.#readAlertFile(alert.alert_id);
      return { kind: "done" };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!error.isConflict) return { kind: "failed", reason: error.status === 0 ? null : error.message };
      await this.#readAlertFile(alert.alert_id);
      return { kind: "conflict", handling: this.#alerts.entries.get(alert.alert_id)?.handling ?? null };
    }
  }

  /** Whether a waiver covers all of an incident's alerts, as far as they are known here. */
  isWaived(incident: Incident): boolean {
    const known = incident.alert_ids.map((name) => this.#alerts.entries.get(name)).filter((entry) => entry !== undefined);
    return known.length > 0 && known.every((entry) => entry.alert.evidence.waiver_id !== undefined);
  }

  /** The stop of its routes that is nearest to an incident. */
  placeOf(incident: Incident): string | null {
    const scale = Math.cos((incident.lat * Math.PI) / 180);
    let [place, nearest]: [string | null, number] = [null, Infinity];
    for (const { properties } of this.routes.values()) {
      if (!incident.route_ids.includes(properties.route_id)) continue;
      for (const stop of properties.stops) {
        const away = Math.hypot((stop.lon - incident.lon) * scale, stop.lat - incident.lat);
        if (away < nearest) [place, nearest] = [stop.name, away];
      }
    }
    return place;
  }

  /** Gives one waiver for an incident; the server's reason when it refuses, null when all went well. */
  async waive(incident: Incident, order: WaiverOrder): Promise<string | null> {
    try {
      await waiveIncident(incident.incident_id, order);
      return null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.message;
    }
  }

  #take(incident: Incident): void {
    if (incident.ended_at === null) this.#incidents.set(incident.incident_id, incident);
    else this.#incidents.delete(incident.incident_id);
  }

  async #readIncidents(): Promise<void> {
    const listed = await readIncidents().catch(() => undefined);
    if (listed === undefined) return;
    const names = new Set(listed.map((incident) => incident.incident_id));
    for (const name of [...this.#incidents.keys()]) if (!names.has(name)) this.#incidents.delete(name);
    for (const incident of listed) this.#take(incident);
  }

  #apply(event: RoomEvent): void {
    const before = this.#room.alerts;
    this.#room = reduce(this.#room, event);
    this.#pageMs = Date.now();
    if (this.#listed && this.#room.alerts !== before) this.#arrivals.hear(before, this.#room.alerts);
    if (event.type === "alertsListed") this.#listed = true;
  }

  #announce(arrivals: readonly Arrival[]): void {
    const said = arrivalWords();
    const words = text();
    const first = arrivals.find(({ cause }) => cause === "critical") ?? arrivals[0];
    if (first === undefined) return;
    const { alert } = first.entry;
    const plate = this.buses.get(alert.bus_id)?.plate ?? alert.bus_id;
    const one = said.one(said.cause[first.cause], plate, words.rules[alert.rule], gravity(alert, words));
    this.announced = arrivals.length === 1 ? one : said.many(arrivals.length, one);
    this.bell.ring(first.cause);
    this.bell.notify(said.cause[first.cause], this.announced, "buswatch", () => {
      address.open(addressOf("live"));
      this.selectAlert(alert);
    });
  }

  async #readAlertsIfWanted(): Promise<void> {
    if (!this.#room.wantsAlerts) return;
    this.#apply({ type: "alertsAsked" });
    const asOfSeq = this.#room.alerts.newestSeq;
    try {
      const [open, acknowledged, closed, falseAlarms] = await Promise.all([
        readAlerts("open", UNSETTLED_PAGES),
        readAlerts("acknowledged", UNSETTLED_PAGES),
        readAlerts("closed", SETTLED_PAGES),
        readAlerts("false_alarm", SETTLED_PAGES),
      ]);
      this.#apply({
        type: "alertsListed",
        alerts: [open, acknowledged, closed, falseAlarms].flatMap((list) => list.alerts),
        asOfSeq,
        complete: open.complete && acknowledged.complete,
      });
    } catch {
      this.#apply({ type: "alertsUnread" });
      await pause(RETRY_MS);
      await this.#readAlertsIfWanted();
    }
  }

  /** Reads what is on record, for as long as it takes: the page is of use without it meanwhile. */
  async #readRecord(): Promise<void> {
    await Promise.all([
      insist(async () => this.#apply({ type: "busesRead", buses: await readBuses() })),
      insist(async () => this.#apply({ type: "routesRead", routes: (await readRoutes()).features })),
      insist(async () => (this.baseMap = await readBaseMap())),
    ]);
  }

  async #readBusFile(busId: string): Promise<void> {
    const file = await readBus(busId).catch(() => undefined);
    if (file !== undefined) this.busFiles.set(busId, file);
  }

  async #readAlertFile(alertId: string): Promise<void> {
    const file = await readAlert(alertId).catch(() => undefined);
    if (file === undefined) return;
    this.alertFiles.set(alertId, file);
    this.#apply({ type: "alertRead", file });
  }
}

async function insist(read: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await read();
      return;
    } catch {
      await pause(RETRY_MS);
    }
  }
}
