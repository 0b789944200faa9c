/** A review under way: one or two tracks, their common clock, and the address that holds it all. */
import { address } from "../../room/address.svelte";
import { preferences } from "../../room/preferences.svelte";
import { addressOf } from "../../state/address";
import { advance, following, seek, silencesIn, toggle, zoomed, type Playback } from "../../state/playback";
import { readReview, writeReview, type Asked, type Review } from "../../state/review-address";
import { sensibleSpan } from "../../state/spans";
import { dutyOf } from "../../state/subjects";
import { dayOf, momentOf } from "../../text/zone";
import { readDrivers, readTimetable, type Driver, type Run, type Span } from "../../wire/tracks";
import { TrackSession } from "./track-session.svelte";

export type Which = "first" | "second";

const DAY_MS = 24 * 3_600_000;

export class Reviewing {
  readonly first = new TrackSession((day) => this.timetable(day));
  readonly second = new TrackSession((day) => this.timetable(day));
  readonly #timetables = new Map<string, Promise<Run[]>>();
  drivers = $state.raw<Driver[]>([]);

  /** What the address asks for. */
  readonly review = $derived.by((): Review => readReview(address.now.query));
  readonly shiftS = $derived(this.review.shiftS);

  /** The first track's clock; null until it is set or its track is there. */
  #atMs = $state<number | null>(null);
  #playing = $state(false);
  #rate = $state(10);
  #window = $state.raw<Span | null>(null);
  /** The address as this page last wrote it: any other was opened by the person. */
  #written: string | null = null;

  readonly isCompared = $derived(this.review.second !== null);
  /** What the second track's clock shows more than the first's. */
  readonly offsetMs = $derived.by(() => {
    const [first, second] = [this.first.asked, this.second.asked];
    if (first === null || second === null) return 0;
    return midnight(second.span) - midnight(first.span) + this.shiftS * 1_000;
  });
  /** All that can be played, by the first track's clock. */
  readonly range = $derived.by((): Span => {
    const spans = this.#heard;
    if (spans.length === 0) return this.first.asked?.span ?? { fromMs: 0, toMs: DAY_MS };
    const fromMs = Math.min(...spans.map((span) => span.fromMs));
    return { fromMs, toMs: Math.max(fromMs + 1_000, ...spans.map((span) => span.toMs)) };
  });
  readonly #heard = $derived.by((): Span[] => {
    const moved = this.second.heard.map(({ fromMs, toMs }) => ({ fromMs: fromMs - this.offsetMs, toMs: toMs - this.offsetMs }));
    return [...this.first.heard, ...moved];
  });
  readonly #silences = $derived.by(() => silencesIn(this.range, this.#heard));
  readonly playback = $derived.by((): Playback => {
    const playback = { atMs: this.#atMs ?? this.range.fromMs, playing: this.#playing, rate: this.#rate };
    return seek(playback, playback.atMs, this.range);
  });
  readonly canPlay = $derived(this.#heard.length > 0);
  /** What the charts show. */
  readonly shown = $derived(this.#window ?? this.range);
  readonly isZoomed = $derived(this.#window !== null);

  session(which: Which): TrackSession {
    return which === "first" ? this.first : this.second;
  }

  /** How far a track's own clock is before the first's. */
  offsetOf(which: Which): number {
    return which === "first" ? 0 : this.offsetMs;
  }

  async readRecord(): Promise<void> {
    this.drivers = await readDrivers().catch(() => []);
  }

  /** Takes up an address that this page did not write itself. */
  followAddress(): void {
    const hash = addressOf("review", "", writeReview(this.review));
    if (hash === this.#written) return;
    this.#written = hash;
    this.#atMs = this.review.atMs;
    this.#rate = this.review.rate;
    this.#playing = false;
    this.#window = null;
  }

  /** Reads what the address asks for, in the name of the operator; a track without a span gets the most sensible one. */
  async openTracks(which: Which): Promise<void> {
    const asked = this.review[which];
    const session = this.session(which);
    if (asked === null || preferences.operator === "") session.close();
    else if (asked.span !== null) await session.open({ ...asked, span: asked.span }, preferences.operator);
    else {
      const span = await this.#sensible(asked.busId, dayOf(Date.now()));
      if (this.review[which]?.busId === asked.busId && this.review[which].span === null) this.#ask(which, { ...asked, span }, true);
    }
  }

  /** Shows a bus on a day: at its most sensible time there. */
  async askBus(which: Which, busId: string, day: string): Promise<void> {
    this.#ask(which, { busId, span: await this.#sensible(busId, day) });
  }

  askSpan(which: Which, span: Span): void {
    const busId = this.review[which]?.busId;
    if (busId !== undefined) this.#ask(which, { busId, span });
  }

  /** Puts a track beside the first: the same bus in the same hours, until another is chosen. */
  compare(): void {
    this.#ask("second", this.review.first);
  }

  endCompare(): void {
    this.#ask("second", null);
  }

  setShift(shiftS: number): void {
    this.#open({ ...this.#now(), shiftS }, false);
  }

  /** Moves the second track so that both begin together. */
  alignStarts(): void {
    const [first, second] = [this.first.heard[0], this.second.heard[0]];
    if (first !== undefined && second !== undefined) {
      this.setShift(this.shiftS + Math.round((second.fromMs - this.offsetMs - first.fromMs) / 1_000));
    }
  }

  async runsOf(busId: string, day: string): Promise<Run[]> {
    return dutyOf(busId, await this.timetable(day).catch(() => [])).runs;
  }

  /** The trips of a day, read once while the view is open. Rejects when they cannot be read. */
  timetable(day: string): Promise<Run[]> {
    const known = this.#timetables.get(day);
    if (known !== undefined) return known;
    const reading = readTimetable(day).then(({ items }) => items);
    this.#timetables.set(day, reading);
    reading.catch(() => this.#timetables.delete(day));
    return reading;
  }

  toggle(): void {
    if (this.canPlay) this.#take(toggle(this.playback, this.range));
  }

  seek(atMs: number): void {
    this.#take(seek(this.playback, atMs, this.range));
  }

  setRate(rate: number): void {
    this.#rate = rate;
  }

  /** What passed on the wall passes on the clock. */
  tick(elapsedMs: number): void {
    this.#take(advance(this.playback, elapsedMs, this.range, this.#silences));
  }

  zoom(factor: number, aboutMs = this.playback.atMs): void {
    this.#window = zoomed(this.shown, this.range, aboutMs, factor);
  }

  showAll(): void {
    this.#window = null;
  }

  /** Where the link to this very view leads. */
  link(): string {
    this.write();
    return location.href;
  }

  /** Writes the clock into the address, leaving no entry to go back to. */
  write(): void {
    if (this.review.first !== null) this.#open(this.#now(), true);
  }

  #take(playback: Playback): void {
    this.#atMs = playback.atMs;
    this.#playing = playback.playing;
    if (this.#window !== null) this.#window = following(this.#window, this.range, playback.atMs);
  }

  #now(): Review {
    return { ...this.review, atMs: this.#atMs === null ? null : this.playback.atMs, rate: this.#rate };
  }

  #ask(which: Which, asked: Asked | null, replace = false): void {
    const keepsClock = which === "second" || replace;
    this.#playing = false;
    this.#window = null;
    if (!keepsClock) this.#atMs = null;
    this.#open({ ...this.#now(), [which]: asked, shiftS: asked === null ? 0 : this.shiftS }, replace);
  }

  #open(review: Review, replace: boolean): void {
    this.#written = addressOf("review", "", writeReview(review));
    address.open(this.#written, replace);
  }

  async #sensible(busId: string, day: string): Promise<Span> {
    return sensibleSpan(day, await this.runsOf(busId, day), Date.now());
  }
}

function midnight(span: Span): number {
  return momentOf(dayOf(span.fromMs), "00:00");
}
