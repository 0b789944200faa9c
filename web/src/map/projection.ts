/** Web Mercator in metres at the equator: the plane in which buses are moved and drawn. */

const EARTH_RADIUS_M = 6_378_137;
const EQUATOR_M = 2 * Math.PI * EARTH_RADIUS_M;
/** MapLibre's world is 512 pixels wide at zoom 0. */
const WORLD_PX = 512;

export interface Point {
  x: number;
  y: number;
}

export function project(lon: number, lat: number): Point {
  return {
    x: (lon * Math.PI * EARTH_RADIUS_M) / 180,
    y: EARTH_RADIUS_M * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)),
  };
}

/** Pixels a metre of the plane takes at a zoom. */
export function pixelsPerMetre(zoom: number): number {
  return (WORLD_PX * 2 ** zoom) / EQUATOR_M;
}

/** How much longer the plane's metre is than the ground's at a latitude. */
export function stretchAt(lat: number): number {
  return 1 / Math.cos((lat * Math.PI) / 180);
}
