/** The base map that an operator configured: tiles of one server, under everything that is ours. */
import type { LayerSpecification, SourceSpecification } from "maplibre-gl";
import type { TileMap } from "../wire/ground";
import { colour } from "./colours";

/** What nearly every server of pictures sends; MapLibre takes 512 for granted. */
const PICTURE_PX = 256;

/** Addresses of tiles as MapLibre's worker needs them: it knows no page that a path could belong to. */
export function absolute(address: string, origin: string): string {
  return address.startsWith("/") ? origin + address : address;
}

export function baseSources(base: TileMap | null): Record<string, SourceSpecification> {
  const sources = (base?.tiles ?? []).map((address, at): [string, SourceSpecification] => {
    const shared = { tiles: [absolute(address, location.origin)], maxzoom: base?.max_zoom ?? 0 };
    return [`base-${at}`, base?.kind === "vector" ? { type: "vector", ...shared } : { type: "raster", tileSize: PICTURE_PX, ...shared }];
  });
  return Object.fromEntries(sources);
}

/** Pictures as they come, dimmed in the dark theme; vector tiles (OpenMapTiles) in the colours of our own roads. */
export function baseLayers(base: TileMap | null): LayerSpecification[] {
  if (base === null) return [];
  if (base.kind === "vector") return vectorLayers();
  return base.tiles.map((_, at) => ({
    id: `base-${at}`,
    type: "raster",
    source: `base-${at}`,
    paint: {
      "raster-brightness-max": Number(colour("--tile-brightness")),
      "raster-saturation": Number(colour("--tile-saturation")),
      "raster-fade-duration": 0,
    },
  }));
}

function vectorLayers(): LayerSpecification[] {
  const fill = (layer: string, tone: string, minzoom: number): LayerSpecification => ({
    id: `base-${layer}`,
    type: "fill",
    source: "base-0",
    "source-layer": layer,
    minzoom,
    paint: { "fill-color": tone },
  });
  const road = (name: string, classes: string[], width: [number, number], minzoom: number): LayerSpecification => ({
    id: `base-road-${name}`,
    type: "line",
    source: "base-0",
    "source-layer": "transportation",
    minzoom,
    filter: ["in", ["get", "class"], ["literal", classes]],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: {
      "line-color": colour(`--road-${name}` as "--road-lane"),
      "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 10, width[0], 16, width[1]],
    },
  });
  return [
    fill("water", colour("--water"), 0),
    fill("building", colour("--building"), 14),
    road("lane", ["minor", "service", "tertiary"], [0.4, 5], 11),
    road("arterial", ["secondary", "primary"], [1, 9], 8),
    road("ring", ["trunk"], [1.8, 13], 6),
    road("motorway", ["motorway"], [2.2, 15], 0),
  ];
}
