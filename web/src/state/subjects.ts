/** Whom a question is about: a bus, a school or a driver; and which buses that comes to on a day. */
import type { Bus } from "../wire/contract";
import type { Driver, Run } from "../wire/tracks";

export type Subject = { kind: "bus"; bus: Bus } | { kind: "school"; school: string } | { kind: "driver"; driver: Driver };

/** A bus with its trips of the day, by their start; without any when it had none. */
export interface Duty {
  busId: string;
  runs: Run[];
}

const MOST_BUSES = 8;
const MOST = { bus: 6, school: 3, driver: 4 } as const;

/** How well a text answers: 0 when it is what was typed, 1 when it begins so, 2 when it holds it; else null. */
function match(text: string, part: string): number | null {
  const at = text.toUpperCase().indexOf(part);
  if (at < 0) return null;
  return at > 0 ? 2 : text.length === part.length ? 0 : 1;
}

function best<Item>(items: Iterable<Item>, texts: (item: Item) => string[], part: string, most: number): Item[] {
  const hits: { item: Item; rank: number }[] = [];
  for (const item of items) {
    const ranks = texts(item).map((text) => match(text, part)).filter((rank) => rank !== null);
    if (ranks.length > 0) hits.push({ item, rank: Math.min(...ranks) });
  }
  return hits.sort((a, b) => a.rank - b.rank).slice(0, most).map(({ item }) => item);
}

/** Buses by plate, identity or school. */
export function findBuses(typed: string, buses: Iterable<Bus>): Bus[] {
  return best(buses, ({ plate, bus_id, school }) => [plate, bus_id, school], typed.toUpperCase(), MOST_BUSES);
}

/** What the typed text may mean, at most a dozen: buses by plate or identity, schools and drivers by name. */
export function findSubjects(typed: string, buses: Iterable<Bus>, drivers: Iterable<Driver>): Subject[] {
  const part = typed.toUpperCase();
  const all = [...buses];
  const schools = new Set(all.map((bus) => bus.school));
  return [
    ...best(all, (bus) => [bus.plate, bus.bus_id], part, MOST.bus).map((bus) => ({ kind: "bus", bus }) as const),
    ...best(schools, (school) => [school], part, MOST.school).map((school) => ({ kind: "school", school }) as const),
    ...best(drivers, ({ name, driver_id }) => [name, driver_id], part, MOST.driver).map((driver) => ({ kind: "driver", driver }) as const),
  ];
}

/** The buses of a subject on the day of `runs`: those with trips first. */
export function dutiesOf(subject: Subject, buses: Iterable<Bus>, runs: readonly Run[]): Duty[] {
  if (subject.kind === "bus") return [dutyOf(subject.bus.bus_id, runs)];
  const due = runs.filter((run) => (subject.kind === "school" ? run.school === subject.school : run.driver_id === subject.driver.driver_id));
  const onRecord =
    subject.kind === "driver" ? subject.driver.bus_ids : [...buses].filter((bus) => bus.school === subject.school).map((bus) => bus.bus_id);
  const duties = [...new Set([...due.map((run) => run.bus_id), ...onRecord])].map((busId) => dutyOf(busId, due));
  return duties.sort((a, b) => Number(b.runs.length > 0) - Number(a.runs.length > 0) || a.busId.localeCompare(b.busId));
}

export function dutyOf(busId: string, runs: readonly Run[]): Duty {
  const own = runs.filter((run) => run.bus_id === busId);
  return { busId, runs: own.sort((a, b) => a.starts.localeCompare(b.starts)) };
}
