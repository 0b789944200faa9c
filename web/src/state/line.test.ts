import { expect, test } from "vitest";
import type { LonLat } from "../wire/contract";
import { follow } from "./line";

const LINE: LonLat[] = [[114.3, 30.6], [114.31, 30.6], [114.31, 30.61]];
const DEGREE_M = 111_320;

test("a place is as far off a line as the nearest point of it", () => {
  const nearest = follow(LINE, 50);
  expect(nearest([114.305, 30.6]).off).toBeCloseTo(0, 3);
  expect(nearest([114.305, 30.6 + 50 / DEGREE_M]).off).toBeCloseTo(50, 1);
  expect(nearest([114.3, 30.6 - 80 / DEGREE_M]).off).toBeCloseTo(80, 1);
  expect(nearest([114.31, 30.61 + 30 / DEGREE_M]).off).toBeCloseTo(30, 1);
});

test("metres along it count from its beginning, round the corners", () => {
  const firstLeg = 0.01 * DEGREE_M * Math.cos((30.6 * Math.PI) / 180);
  expect(follow(LINE, 50)([114.3, 30.6]).along).toBe(0);
  expect(follow(LINE, 50)([114.31, 30.6 + 100 / DEGREE_M]).along).toBeCloseTo(firstLeg + 100, 1);
});

test("on a line that comes back along itself the pass that the bus is on is followed", () => {
  const legs = 100;
  const out = Array.from({ length: legs + 1 }, (_, leg): LonLat => [(leg * 100) / DEGREE_M, 0]);
  const nearest = follow([...out, ...out.slice(0, -1).reverse()], 50);
  const driven = [...Array.from({ length: 100 }, (_, step) => step * 100), ...Array.from({ length: 100 }, (_, step) => 10_000 - step * 100)];
  const along = driven.map((metres) => nearest([metres / DEGREE_M, 0]).along);
  expect(along[30]).toBeCloseTo(3_000, 3);
  expect(along[170]).toBeCloseTo(17_000, 3);
});
