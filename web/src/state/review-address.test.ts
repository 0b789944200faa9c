import { describe, expect, test } from "vitest";
import { momentOf } from "../text/zone";
import { addressOf, readAddress } from "./address";
import { readReview, writeReview, type Review } from "./review-address";

const span = (day: string): { fromMs: number; toMs: number } => ({ fromMs: momentOf(day, "06:30"), toMs: momentOf(day, "08:10") });
const through = (review: Review): Review => readReview(readAddress(addressOf("review", "", writeReview(review))).query);

describe("a review in its address", () => {
  test("comes back whole", () => {
    const review: Review = {
      first: { busId: "B0001", span: span("2026-09-01") },
      second: { busId: "B0002", span: span("2026-08-25") },
      shiftS: -90,
      atMs: momentOf("2026-09-01", "07:12:30"),
      rate: 30,
    };
    expect(through(review)).toEqual(review);
  });

  test("is short where nothing is unusual", () => {
    const review: Review = { first: { busId: "B0001", span: null }, second: null, shiftS: 0, atMs: null, rate: 10 };
    expect(addressOf("review", "", writeReview(review))).toBe("#/review?bus=B0001");
    expect(through(review)).toEqual(review);
  });

  test.each([
    "bus=B1&from=2026-09-01T07:00:00",
    "bus=B1&from=2026-09-01T07:00:00&to=2026-09-01T06:00:00",
    "bus=B1&from=2026-01-01T07:00:00&to=2026-09-01T06:00:00",
    "bus=B1&from=now&to=then&at=later&rate=7&shift=soon",
  ])("with what is none (%s) leaves it to be chosen", (query) => {
    expect(readReview(new URLSearchParams(query))).toEqual({ first: { busId: "B1", span: null }, second: null, shiftS: 0, atMs: null, rate: 10 });
  });
});
