/** What lies on the ground now: zones, waivers and weather in force, probable closures, as features with labels. */
import type { Incident, LonLat, Route, WaiverReason } from "../wire/contract";
import type { Advisory, Waiver, Zone } from "../wire/ground";

/** How an area is labelled in the language of the page. */
export interface AreaWords {
  zone(name: string, limitKmh: number): string;
  waiver(reason: WaiverReason, until: number): string;
  advisory(name: string, limitKmh: number): string;
  incident(buses: number): string;
}

const EARTH_M_A_DEGREE = 111_320;
/** An incident has a place and no area: a circle of so many metres round it. */
const INCIDENT_M = 250;
const CIRCLE_CORNERS = 48;

export function waiversInForce(waivers: readonly Waiver[], nowMs: number): Waiver[] {
  return waivers.filter(({ from, to, revoked_at }) => revoked_at === null && within(from, to, nowMs));
}

export function advisoriesInForce(advisories: readonly Advisory[], nowMs: number): Advisory[] {
  return advisories.filter(({ from, to, ended_at }) => ended_at === null && within(from, to, nowMs));
}

function within(from: string, to: string, nowMs: number): boolean {
  return Date.parse(from) <= nowMs && nowMs < Date.parse(to);
}

export function zoneFeatures(zones: readonly Zone[], words: AreaWords): GeoJSON.Feature[] {
  return zones.map((zone) => labelled(zone.geometry, words.zone(zone.properties.name, zone.properties.limit_kmh)));
}

/** The area of each waiver, or the lines of its routes where it holds anywhere on them. */
export function waiverFeatures(waivers: readonly Waiver[], routes: Iterable<Route>, words: AreaWords): GeoJSON.Feature[] {
  const lines = [...routes];
  return waivers.flatMap((waiver) => {
    const label = words.waiver(waiver.reason, Date.parse(waiver.to));
    if (waiver.area.length > 0) return [labelled(polygon(waiver.area), label)];
    const named = new Set(waiver.route_ids);
    return lines.filter(({ properties }) => named.has(properties.route_id)).map(({ geometry }) => labelled(geometry, label));
  });
}

export function advisoryFeatures(advisories: readonly Advisory[], words: AreaWords): GeoJSON.Feature[] {
  return advisories.map(({ area, name, limit_kmh }) => labelled(polygon(area), words.advisory(name, limit_kmh)));
}

export function incidentFeatures(incidents: readonly Incident[], words: AreaWords): GeoJSON.Feature[] {
  return incidents.map(({ lon, lat, bus_ids }) => labelled(circle([lon, lat], INCIDENT_M), words.incident(bus_ids.length)));
}

function labelled(geometry: GeoJSON.Geometry, label: string): GeoJSON.Feature {
  return { type: "Feature", properties: { label }, geometry };
}

function polygon(corners: readonly LonLat[]): GeoJSON.Polygon {
  const first = corners[0];
  return { type: "Polygon", coordinates: [first === undefined ? [] : [...corners, first]] };
}

function circle([lon, lat]: LonLat, radiusM: number): GeoJSON.Polygon {
  const degrees = radiusM / EARTH_M_A_DEGREE;
  const stretch = 1 / Math.cos((lat * Math.PI) / 180);
  const corners = Array.from({ length: CIRCLE_CORNERS }, (_, at): LonLat => {
    const turn = (2 * Math.PI * at) / CIRCLE_CORNERS;
    return [lon + Math.cos(turn) * degrees * stretch, lat + Math.sin(turn) * degrees];
  });
  return polygon(corners);
}
