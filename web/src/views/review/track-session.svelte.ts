/** One track under review: read thinned, read in full where it is looked at closely, with all that it is held against. */
import type { Asked } from "../../state/review-address";
import { limitsAlong, type Held } from "../../state/limits";
import { wantedInFull, type Playback } from "../../state/playback";
import { trackLines } from "../../state/speed-scale";
import { dutyOf } from "../../state/subjects";
import { fixesOf, heard, NO_FIXES, spliced, trackOf, type Fixes, type Track } from "../../state/track";
import { dayOf } from "../../text/zone";
import { ApiError } from "../../wire/client";
import type { Alert } from "../../wire/contract";
import {
  readAlertsIn,
  readApproval,
  readReviewedBus,
  readTrack,
  type ApprovedRoute,
  type ReviewedBus,
  type Run,
  type Span,
} from "../../wire/tracks";

/** Fixes drawn at once: a run of a hundred minutes at a fix a second. */
const MOST_DRAWN = 6_000;
/** A piece asked for in full: its span is chosen so that it has fewer. */
const MOST_IN_FULL = 20_000;
/** After a piece that did not come, so long nothing is asked for. */
const REST_MS = 5_000;
/** Pieces kept beside the thinned track, the newest ones. */
const PIECES_KEPT = 3;

type Phase = "none" | "loading" | "ready" | "failed";

interface Piece {
  span: Span;
  fixes: Fixes;
}

const NO_TRACK: Track = trackOf(NO_FIXES, 0);

/** Which read is the newest: an answer to an older one is no longer wanted. */
let reads = 0;

export class TrackSession {
  readonly #timetable: (day: string) => Promise<Run[]>;

  /** `timetable` reads the trips of a day. */
  constructor(timetable: (day: string) => Promise<Run[]>) {
    this.#timetable = timetable;
  }

  asked = $state.raw<{ busId: string; span: Span } | null>(null);
  phase = $state<Phase>("none");
  /** Why it failed, in the server's words; null when no answer came. */
  trouble = $state<string | null>(null);
  /** Null for a bus that is not on record any more. */
  bus = $state.raw<ReviewedBus | null>(null);
  alerts = $state.raw<Alert[]>([]);
  routes = $state.raw<ApprovedRoute[]>([]);
  /** The trips of the bus that the span touches. */
  runs = $state.raw<Run[]>([]);

  #base = $state.raw<Fixes>(NO_FIXES);
  #thinnedOut = $state.raw(0);
  #pieces = $state.raw<Piece[]>([]);
  #reading = false;
  #restsUntilMs = 0;
  #read = 0;
  #by = "";

  readonly track = $derived.by((): Track => {
    if (this.#base.times.length === 0) return NO_TRACK;
    const fixes = this.#pieces.reduce((whole, piece) => spliced(whole, piece.fixes, piece.span), this.#base);
    return trackOf(fixes, Math.max(0, this.#base.times.length + this.#thinnedOut - fixes.times.length));
  });
  readonly heard = $derived.by(() => heard(this.track));
  readonly #held = $derived.by((): Held[] =>
    this.runs.flatMap((run) => {
      const route = this.routes.find(({ properties }) => properties.approval_id === run.approval_id);
      return route === undefined ? [] : [{ route, fromMs: Date.parse(run.starts), toMs: Date.parse(run.ends) }];
    }),
  );
  /** The limit at each fix of the way, as far as it is known. */
  readonly limits = $derived.by(() => limitsAlong(this.track.way, this.#held, this.alerts));
  readonly lines = $derived.by(() => trackLines(this.track, this.limits));

  /** Reads a track anew. `by` is who looks: the look is recorded under that name. */
  async open(asked: Asked & { span: Span }, by: string): Promise<void> {
    const read = (this.#read = ++reads);
    const { busId, span } = asked;
    Object.assign(this, { asked: { busId, span }, phase: "loading", trouble: null, bus: null, alerts: [], routes: [], runs: [] });
    this.#base = NO_FIXES;
    this.#pieces = [];
    this.#reading = false;
    this.#by = by;
    try {
      const [answer, bus, due, alerts] = await Promise.all([
        readTrack(busId, span, MOST_DRAWN, by),
        readReviewedBus(busId).catch(unlessGone),
        this.#timetable(dayOf(span.fromMs)),
        readAlertsIn(busId, span),
      ]);
      const touched = (run: Run): boolean => Date.parse(run.starts) <= span.toMs && Date.parse(run.ends) >= span.fromMs;
      const runs = dutyOf(busId, due).runs.filter(touched);
      const named = [...runs.map((run) => run.approval_id), ...alerts.map(({ evidence }) => evidence.approval_id ?? null)];
      const approvals = [...new Set(named)].filter((name) => name !== null);
      const routes = await Promise.all(approvals.map((name) => readApproval(name).catch(unlessGone)));
      if (this.#read !== read) return;
      Object.assign(this, { bus, alerts, runs, routes: routes.filter((route) => route !== null), phase: "ready" });
      this.#base = fixesOf(answer);
      this.#thinnedOut = answer.properties.left_out;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.#read !== read) return;
      Object.assign(this, { phase: "failed", trouble: error.status === 0 ? null : error.message });
    }
  }

  close(): void {
    this.#read = ++reads;
    Object.assign(this, { asked: null, phase: "none", bus: null, alerts: [], routes: [], runs: [] });
    this.#base = NO_FIXES;
    this.#pieces = [];
  }

  async again(): Promise<void> {
    if (this.asked !== null) await this.open(this.asked, this.#by);
  }

  /** Reads in full what is shown closely or about to be played, where the track is thinned. One piece at a time. */
  async look(shown: Span, playback: Playback): Promise<void> {
    if (this.asked === null || this.phase !== "ready" || this.#thinnedOut === 0 || this.#reading) return;
    if (performance.now() < this.#restsUntilMs) return;
    const { busId, span } = this.asked;
    const wanted = wantedInFull(shown, playback, this.#pieces.map((piece) => piece.span));
    if (wanted === null) return;
    const asked = { fromMs: Math.max(span.fromMs, wanted.fromMs), toMs: Math.min(span.toMs, wanted.toMs) };
    if (asked.fromMs >= asked.toMs) return;
    const read = this.#read;
    this.#reading = true;
    const answer = await readTrack(busId, asked, MOST_IN_FULL, this.#by).catch(() => null);
    if (this.#read !== read) return;
    this.#reading = false;
    // Without an answer the thinned track goes on to be shown; a later look asks again.
    if (answer === null) this.#restsUntilMs = performance.now() + REST_MS;
    else this.#pieces = [...this.#pieces, { span: wanted, fixes: fixesOf(answer) }].slice(-PIECES_KEPT);
  }
}

/** What is not on record is null; any other failure is one. */
function unlessGone(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}
