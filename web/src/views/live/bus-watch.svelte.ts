/** What the page follows of the one bus that is looked at: its last minutes, its trip, its alerts of the day. */
import { untrack } from "svelte";
import type { ControlRoom } from "../../room/control-room.svelte";
import { preferences } from "../../room/preferences.svelte";
import { afterTrack, RECENT_MS, withPosition, type Sample } from "../../state/recent";
import type { StopTime } from "../../map/city-map";
import { dayStart, minuteOf } from "../../text/zone";
import { readAlertsOf, readTrackSince, readTrip, type StopPassage, type Trip } from "../../wire/bus";
import type { Alert } from "../../wire/contract";
import { readApproval } from "../../wire/tracks";
import { liveText } from "./words";

const POLL_MS = 10_000;

export class BusWatch {
  readonly #room: ControlRoom;
  samples = $state.raw<readonly Sample[]>([]);
  /** Null when none is due that day; undefined while that is not known. */
  trip = $state.raw<Trip | null | undefined>(undefined);
  /** The newest first; undefined while they are not known. */
  alerts = $state.raw<readonly Alert[] | undefined>(undefined);
  #polling: ReturnType<typeof setInterval> | undefined;

  /** When the bus was or is due at the stops of the route that is shown, by chainage in whole metres. */
  readonly stopTimes = $derived.by((): ReadonlyMap<number, StopTime> => {
    const { trip } = this;
    if (trip == null || trip.approval_id !== this.#room.shownRoute?.properties.approval_id) return NO_STOPS;
    return new Map(trip.stops.map((stop) => [Math.round(stop.chainage_m), stopTime(stop)]));
  });

  /** To be made where effects may be: in a component's beginning. */
  constructor(room: ControlRoom) {
    this.#room = room;
    $effect(() => {
      const busId = room.selectedBus;
      untrack(() => this.#open(busId));
      return () => clearInterval(this.#polling);
    });
    $effect(() => {
      const position = room.selectedBus === null ? undefined : room.fleet.positions.get(room.selectedBus);
      if (position !== undefined) untrack(() => (this.samples = withPosition(this.samples, position)));
    });
  }

  #open(busId: string | null): void {
    [this.samples, this.trip, this.alerts] = [[], undefined, undefined];
    if (busId === null) return;
    this.#polling = setInterval(() => void this.#read(busId), POLL_MS);
    void this.#read(busId);
    void this.#readTrack(busId);
  }

  async #read(busId: string): Promise<void> {
    const from = new Date(dayStart(this.#room.nowMs)).toISOString();
    const [trip, alerts] = await Promise.allSettled([readTrip(busId), readAlertsOf(busId, from)]);
    if (this.#room.selectedBus !== busId) return;
    if (trip.status === "fulfilled" && isNews(this.trip, trip.value)) this.trip = trip.value;
    if (alerts.status === "fulfilled" && isNews(this.alerts, alerts.value)) this.alerts = alerts.value;
  }

  async #readTrack(busId: string): Promise<void> {
    // A bus that is on no trip is about no line, however near one lies.
    const onTrip = this.#room.fleet.positions.get(busId)?.offM != null;
    const approval = onTrip ? this.#room.shownRoute?.properties.approval_id : undefined;
    const [track, route] = await Promise.all([
      readTrackSince(busId, this.#room.nowMs - RECENT_MS, preferences.operator).catch(() => []),
      approval === undefined ? null : readApproval(approval).catch(() => null),
    ]);
    if (this.#room.selectedBus === busId) this.samples = afterTrack(this.samples, track, route);
  }
}

const NO_STOPS: ReadonlyMap<number, StopTime> = new Map();

function stopTime({ reached_at, due_at }: StopPassage): StopTime {
  if (reached_at !== null) return { passed: true, said: minuteOf(Date.parse(reached_at)) };
  return { passed: false, said: due_at === null ? "" : liveText().dueAt(minuteOf(Date.parse(due_at))) };
}

/** Whether an answer says anything new: what depends on it is drawn anew only then. */
function isNews(held: unknown, read: unknown): boolean {
  return JSON.stringify(held) !== JSON.stringify(read);
}
