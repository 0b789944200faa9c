/**
 * What MapLibre draws: roads, approved routes, areas, and the chosen route with corridor and stops.
 *
 * There is no glyph or sprite server, and no tile server unless one is configured (base.ts): all geometry
 * comes from the API of this page, and MapLibre draws letters with the fonts of the PC.
 */
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { TileMap } from "../wire/ground";
import { areaFills, areaLabels } from "./areas";
import { baseLayers, baseSources } from "./base";
import { colour } from "./colours";
import { AREAS } from "./layers";
import { pixelsPerMetre, stretchAt } from "./projection";

export const SOURCES = ["roads", "routes", "chosen", "stops", "track", "place", ...AREAS] as const;
export type SourceName = (typeof SOURCES)[number];

const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const ROUND = { "line-cap": "round", "line-join": "round" } as const;

/** A width in pixels that grows with the zoom between two given ones. */
function growing(at10: number, at16: number): ExpressionSpecification {
  return ["interpolate", ["exponential", 1.5], ["zoom"], 10, at10, 16, at16];
}

/** A width in metres on the ground and some pixels, exact at every zoom: a metre's pixels double with each. */
export function metresWide(metres: number, lat: number, pixels = 0): ExpressionSpecification {
  const atZoom0 = metres * stretchAt(lat) * pixelsPerMetre(0);
  return ["interpolate", ["exponential", 2], ["zoom"], 0, atZoom0 + pixels, 24, atZoom0 * 2 ** 24 + pixels];
}

/** Layers from bottom to top, in the colours of the theme now in force; `base` are tiles under them. */
export function layers(base: TileMap | null = null): LayerSpecification[] {
  const road = (name: string, widths: [number, number], minzoom = 0): LayerSpecification => ({
    id: `road-${name}`,
    type: "line",
    source: "roads",
    minzoom,
    filter: ["==", ["get", "class"], name],
    layout: ROUND,
    paint: { "line-color": colour(`--road-${name}`), "line-width": growing(...widths) },
  });
  const corridor = (id: string, tone: string): LayerSpecification => ({
    id,
    type: "line",
    source: "chosen",
    layout: ROUND,
    paint: { "line-color": tone, "line-width": 0 },
  });
  return [
    { id: "ground", type: "background", paint: { "background-color": colour("--ground") } },
    ...baseLayers(base),
    // Opaque and below the roads: a translucent line shows its own overlaps at every bend.
    corridor("corridor-edge", colour("--corridor-edge")),
    corridor("corridor", colour("--corridor")),
    road("lane", [0.4, 5], 11),
    road("arterial", [1, 9]),
    road("ring", [1.8, 13]),
    road("motorway", [2.2, 15]),
    ...areaFills(),
    {
      id: "routes",
      type: "line",
      source: "routes",
      layout: ROUND,
      paint: { "line-color": colour("--route"), "line-width": growing(0.5, 2) },
    },
    {
      id: "chosen",
      type: "line",
      source: "chosen",
      layout: ROUND,
      paint: { "line-color": colour("--chosen"), "line-width": growing(2.2, 4) },
    },
    {
      id: "stops",
      type: "circle",
      source: "stops",
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 3, 16, 6],
        "circle-color": ["case", ["==", ["get", "passed"], true], colour("--chosen"), colour("--ground")],
        "circle-stroke-color": colour("--chosen"),
        "circle-stroke-width": 2,
      },
    },
    {
      id: "track",
      type: "line",
      source: "track",
      layout: ROUND,
      paint: { "line-color": colour("--alarm"), "line-width": growing(1.6, 3), "line-dasharray": [1, 2] },
    },
    {
      id: "place",
      type: "circle",
      source: "place",
      paint: {
        "circle-radius": 17,
        "circle-color": colour("--alarm"),
        "circle-opacity": 0.14,
        "circle-stroke-color": colour("--alarm"),
        "circle-stroke-width": 2,
      },
    },
    ...areaLabels(),
  ];
}

export function emptyStyle(base: TileMap | null = null): StyleSpecification {
  const own = SOURCES.map((name) => [name, { type: "geojson", data: NOTHING }] as const);
  return { version: 8, sources: { ...baseSources(base), ...Object.fromEntries(own) }, layers: layers(base) };
}
