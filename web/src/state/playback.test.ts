import { describe, expect, test } from "vitest";
import { advance, following, seek, silencesIn, toggle, wantedInFull, zoomed, type Playback } from "./playback";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RANGE = { fromMs: 0, toMs: 10 * HOUR };
const clock = (atMs: number, more: Partial<Playback> = {}): Playback => ({ atMs, playing: true, rate: 10, ...more });

describe("the clock", () => {
  test("goes as many times faster as its rate says", () => expect(advance(clock(0), 50, RANGE, []).atMs).toBe(500));
  test("stands while it does not play", () => expect(advance(clock(7, { playing: false }), 50, RANGE, []).atMs).toBe(7));
  test("stops at the end, and begins anew from there", () => {
    const ended = advance(clock(RANGE.toMs - 100), 50, RANGE, []);
    expect(ended).toEqual({ atMs: RANGE.toMs, playing: false, rate: 10 });
    expect(toggle(ended, RANGE)).toEqual({ atMs: 0, playing: true, rate: 10 });
  });
  test("pauses and goes on where it was", () => {
    expect(toggle(toggle(clock(5), RANGE), RANGE)).toEqual(clock(5));
  });
  test("cannot be set beyond the range", () => {
    expect(seek(clock(0), -5, RANGE).atMs).toBe(0);
    expect(seek(clock(0), 11 * HOUR, RANGE).atMs).toBe(RANGE.toMs);
  });
  test("passes over what nobody reported in", () => {
    const silences = [{ fromMs: HOUR, toMs: 3 * HOUR }];
    expect(advance(clock(HOUR - 100), 5, RANGE, silences).atMs).toBe(HOUR - 50);
    expect(advance(clock(HOUR - 100), 50, RANGE, silences).atMs).toBe(3 * HOUR);
  });
});

test("a silence is where none of the tracks has a fix, for more than a minute", () => {
  const heard = [
    { fromMs: 2 * HOUR, toMs: 3 * HOUR },
    { fromMs: HOUR, toMs: 2 * HOUR + 30 * MINUTE },
    { fromMs: 3 * HOUR + MINUTE, toMs: 4 * HOUR },
    { fromMs: 5 * HOUR, toMs: 6 * HOUR },
  ];
  expect(silencesIn({ fromMs: HOUR, toMs: 6 * HOUR }, heard)).toEqual([{ fromMs: 4 * HOUR, toMs: 5 * HOUR }]);
  expect(silencesIn({ fromMs: 0, toMs: 6 * HOUR }, heard)[0]).toEqual({ fromMs: 0, toMs: HOUR });
});

describe("a window on the range", () => {
  test("zooms about a moment, which stays where it was", () => {
    expect(zoomed(RANGE, RANGE, 2 * HOUR, 0.5)).toEqual({ fromMs: HOUR, toMs: 6 * HOUR });
  });
  test("stays within the range, and is the whole of it when it would be larger", () => {
    expect(zoomed({ fromMs: 0, toMs: 2 * HOUR }, RANGE, 0.5 * HOUR, 2)).toEqual({ fromMs: 0, toMs: 4 * HOUR });
    expect(zoomed({ fromMs: 0, toMs: 6 * HOUR }, RANGE, HOUR, 2)).toBeNull();
  });
  test("shows a minute at least", () => {
    const least = zoomed({ fromMs: 0, toMs: 90_000 }, RANGE, 0, 0.1);
    expect(least).toEqual({ fromMs: 0, toMs: MINUTE });
  });
  test("turns to the next page when the clock leaves it", () => {
    const shown = { fromMs: 0, toMs: HOUR };
    expect(following(shown, RANGE, HOUR)).toBe(shown);
    expect(following(shown, RANGE, HOUR + 1).fromMs).toBe(HOUR + 1 - 6 * MINUTE);
    expect(following(shown, RANGE, RANGE.toMs)).toEqual({ fromMs: 9 * HOUR, toMs: 10 * HOUR });
  });
});

describe("of a thinned track is wanted in full", () => {
  test("what is shown, once that is short", () => {
    const shown = { fromMs: HOUR, toMs: 2 * HOUR };
    expect(wantedInFull(shown, clock(0, { playing: false }), [])).toEqual(shown);
    expect(wantedInFull(shown, clock(0), [{ fromMs: 0, toMs: 3 * HOUR }])).toBeNull();
  });
  test("nothing of a long window that is not played", () => {
    expect(wantedInFull(RANGE, clock(HOUR, { playing: false }), [])).toBeNull();
  });
  test("what the clock is about to pass, before it gets there", () => {
    const wanted = wantedInFull(RANGE, clock(HOUR), []);
    expect(wanted).toEqual({ fromMs: 55 * MINUTE, toMs: HOUR + 40 * MINUTE });
    const full = wanted === null ? [] : [wanted];
    expect(wantedInFull(RANGE, clock(HOUR + 39 * MINUTE), full)).toBeNull();
    expect(wantedInFull(RANGE, clock(HOUR + 40 * MINUTE - 1), full)).not.toBeNull();
  });
});
