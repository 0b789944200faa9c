import { expect, test } from "vitest";
import { pixelsPerMetre, project, stretchAt } from "./projection";

test("a kilometre on the ground is a kilometre of the plane times the stretch of its latitude", () => {
  const [south, north] = [project(114.3, 30.59), project(114.3, 30.59 + 1 / 110.86)];
  expect((north.y - south.y) / stretchAt(30.59)).toBeGreaterThan(1000);
  expect((north.y - south.y) / stretchAt(30.59)).toBeLessThan(1010);
});

test("pixels double with each zoom and fill the world at zoom 0", () => {
  expect(pixelsPerMetre(11) / pixelsPerMetre(10)).toBeCloseTo(2);
  expect(pixelsPerMetre(0) * 2 * project(180, 0).x).toBeCloseTo(512);
});
