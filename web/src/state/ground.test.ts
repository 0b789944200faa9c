import { expect, test } from "vitest";
import type { Incident, Route } from "../wire/contract";
import type { Advisory, Waiver } from "../wire/ground";
import { advisoriesInForce, advisoryFeatures, incidentFeatures, waiverFeatures, waiversInForce, zoneFeatures } from "./ground";

const NOW = Date.parse("2026-09-01T07:30:00+08:00");
const AREA: [number, number][] = [[114.3, 30.6], [114.31, 30.6], [114.31, 30.61]];
const words = {
  zone: (name: string, limit: number) => `${name} ${limit}`,
  waiver: (reason: string, until: number) => `${reason} ${until}`,
  advisory: (name: string, limit: number) => `${name} ${limit}`,
  incident: (buses: number) => `${buses}`,
};

function waiver(more: Partial<Waiver> = {}): Waiver {
  return {
    waiver_id: "W", reason: "roadworks", approved_by: "王局长", from: "2026-09-01T07:00:00+08:00", to: "2026-09-01T09:00:00+08:00",
    route_ids: [], area: AREA, note: "", incident_id: null, revoked_at: null, ...more,
  };
}

function route(id: string): Route {
  const properties = { approval_id: `${id}.1`, route_id: id, name: "", number: "", school: "", direction: "to_school" as const, corridor_m: 50, stops: [] };
  return { type: "Feature", properties, geometry: { type: "LineString", coordinates: AREA } };
}

test("a waiver is in force from its beginning until its end, and not when it was revoked", () => {
  const at = (time: string, more?: Partial<Waiver>) => waiversInForce([waiver(more)], Date.parse(`2026-09-01T${time}+08:00`)).length;
  expect([at("06:59:59"), at("07:00:00"), at("08:59:59"), at("09:00:00")]).toEqual([0, 1, 1, 0]);
  expect(at("08:00:00", { revoked_at: "2026-09-01T07:10:00+08:00" })).toBe(0);
});

test("so is an advisory, until somebody ends it", () => {
  const advisory: Advisory = { advisory_id: "V", name: "道路结冰", from: "2026-09-01T07:00:00+08:00", to: "2026-09-01T09:00:00+08:00", area: AREA, limit_kmh: 20, ended_at: null };
  expect(advisoriesInForce([advisory], NOW)).toHaveLength(1);
  expect(advisoriesInForce([{ ...advisory, ended_at: "2026-09-01T07:20:00+08:00" }], NOW)).toHaveLength(0);
  expect(advisoryFeatures([advisory], words)[0]?.properties).toEqual({ label: "道路结冰 20" });
});

test("a waiver shows its area, or the lines of its routes where it holds anywhere on them", () => {
  const [area] = waiverFeatures([waiver()], [], words);
  expect(area?.geometry).toEqual({ type: "Polygon", coordinates: [[...AREA, AREA[0]]] });
  expect(area?.properties?.["label"]).toBe(`roadworks ${Date.parse("2026-09-01T09:00:00+08:00")}`);
  const lines = waiverFeatures([waiver({ area: [], route_ids: ["R2"] })], [route("R1"), route("R2")], words);
  expect(lines.map(({ geometry }) => geometry.type)).toEqual(["LineString"]);
});

test("a zone is labelled with its limit", () => {
  const properties = { zone_id: "Z", name: "实验小学", limit_kmh: 30, reason: "school_zone" as const };
  const [zone] = zoneFeatures([{ type: "Feature", properties, geometry: { type: "Polygon", coordinates: [AREA] } }], words);
  expect(zone?.properties).toEqual({ label: "实验小学 30" });
});

test("a probable closure is a circle round its place", () => {
  const incident = { lon: 114.3, lat: 30.6, bus_ids: ["A", "B", "C"] } as Incident;
  const [feature] = incidentFeatures([incident], words);
  const ring = (feature?.geometry as GeoJSON.Polygon).coordinates[0] ?? [];
  expect(ring[0]).toEqual(ring.at(-1));
  const scale = Math.cos((30.6 * Math.PI) / 180);
  for (const [lon, lat] of ring as [number, number][]) {
    expect(Math.hypot((lon - 114.3) * scale, lat - 30.6) * 111_320).toBeCloseTo(250, 0);
  }
  expect(feature?.properties).toEqual({ label: "3" });
});
