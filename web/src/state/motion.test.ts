import { describe, expect, test } from "vitest";
import { placeAt, towards } from "./motion";

const place = (x: number, heading = 0) => ({ x, y: 0, heading });

describe("a bus", () => {
  test("stands at its first fix", () => {
    expect(placeAt(towards(undefined, place(5), 1000, 0), 10)).toEqual(place(5));
  });

  test("takes as long from fix to fix as they lie apart, and never runs ahead of the last", () => {
    const first = towards(undefined, place(0), 1000, 0);
    const second = towards(first, place(10), 2000, 100);
    expect(placeAt(second, 100).x).toBe(0);
    expect(placeAt(second, 600).x).toBe(5);
    expect(placeAt(second, 1100).x).toBe(10);
    expect(placeAt(second, 60_000).x).toBe(10);
  });

  test("sets out from where it is drawn when a fix comes early", () => {
    const first = towards(undefined, place(0), 1000, 0);
    const second = towards(first, place(10), 2000, 0);
    const third = towards(second, place(20), 3000, 500);
    expect(placeAt(third, 500).x).toBe(5);
    expect(placeAt(third, 1500).x).toBe(20);
  });

  test("turns the short way through north", () => {
    const degrees = Math.PI / 180;
    const first = towards(undefined, place(0, 350 * degrees), 1000, 0);
    const second = towards(first, place(1, 10 * degrees), 2000, 0);
    expect(placeAt(second, 500).heading).toBeCloseTo(360 * degrees);
    const third = towards(second, place(2, 340 * degrees), 3000, 1000);
    expect(placeAt(third, 1500).heading).toBeCloseTo(355 * degrees);
  });

  test("that was silent for minutes is moved at once: nobody knows its way between", () => {
    const first = towards(undefined, place(0), 0, 0);
    expect(placeAt(towards(first, place(900), 120_000, 120_000), 120_000).x).toBe(900);
  });

  test("that reports seldom arrives within three seconds", () => {
    const first = towards(undefined, place(0), 0, 0);
    expect(placeAt(towards(first, place(300), 30_000, 30_000), 33_000).x).toBe(300);
  });
});
