/** What lies on the ground beside roads and routes: the base map, zones, and what people ordered for the streets. */
import { ask } from "./client";
import type { LimitReason, LonLat, WaiverReason } from "./contract";

export type Coordinates = "wgs84" | "gcj02";

/** Tiles of somebody's server, to draw under everything. */
export interface TileMap {
  /** Addresses with {z}, {x} and {y}, absolute or a path of this server; a later one lies on top. */
  tiles: string[];
  /** Vector tiles are of the OpenMapTiles schema. */
  kind: "raster" | "vector";
  attribution: string;
  max_zoom: number;
  coordinates: Coordinates;
}

export interface ZoneProperties {
  zone_id: string;
  name: string;
  limit_kmh: number;
  reason: LimitReason;
}
export type Zone = GeoJSON.Feature<GeoJSON.Polygon, ZoneProperties>;

export interface Waiver {
  waiver_id: string;
  reason: WaiverReason;
  approved_by: string;
  from: string;
  to: string;
  /** Empty: every route in the area. */
  route_ids: string[];
  /** Empty: anywhere. */
  area: LonLat[];
  note: string;
  incident_id: string | null;
  revoked_at: string | null;
}

/** A speed limit in an area for a time. */
export interface Advisory {
  advisory_id: string;
  name: string;
  from: string;
  to: string;
  area: LonLat[];
  limit_kmh: number;
  ended_at: string | null;
}

export async function readTileMap(): Promise<TileMap | null> {
  return (await ask<{ base: TileMap | null }>("/map")).base;
}

export async function readZones(): Promise<Zone[]> {
  return (await ask<GeoJSON.FeatureCollection<GeoJSON.Polygon, ZoneProperties>>("/zones")).features;
}

export async function readWaivers(): Promise<Waiver[]> {
  return (await ask<{ items: Waiver[] }>("/waivers?limit=200")).items;
}

export async function readAdvisories(): Promise<Advisory[]> {
  return (await ask<{ items: Advisory[] }>("/advisories?limit=200")).items;
}
