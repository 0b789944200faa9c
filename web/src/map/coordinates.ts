/**
 * The display's edge: where a place of the Earth lies on a base map that is drawn in other coordinates.
 *
 * Everything behind it is WGS-84. In China GCJ-02 lies 19 to 700 m away, so what is drawn over such tiles is
 * shifted on its way to the screen, and a place on the screen back on its way to whoever asks for it.
 */
import gcoord from "gcoord";
import type { LonLat } from "../wire/contract";
import type { Coordinates } from "../wire/ground";

export interface Edge {
  /** Where a WGS-84 place lies on the map, degrees of the map. */
  toMap(place: LonLat): LonLat;
  /** The WGS-84 place that lies there on the map. */
  toEarth(place: LonLat): LonLat;
}

const EDGES: Record<Coordinates, Edge> = {
  wgs84: { toMap: (place) => place, toEarth: (place) => place },
  gcj02: {
    toMap: (place) => gcoord.transform(place, gcoord.WGS84, gcoord.GCJ02),
    toEarth: (place) => gcoord.transform(place, gcoord.GCJ02, gcoord.WGS84),
  },
};

export function edgeOf(coordinates: Coordinates): Edge {
  return EDGES[coordinates];
}

type Nested = number[] | Nested[];

function moved(coordinates: Nested, edge: Edge): Nested {
  if (typeof coordinates[0] === "number") return edge.toMap([coordinates[0], coordinates[1] as number]);
  return (coordinates as Nested[]).map((inner) => moved(inner, edge));
}

/** The same features where they lie on the map; those given stay as they are. */
export function onMap(features: GeoJSON.FeatureCollection, edge: Edge): GeoJSON.FeatureCollection {
  if (edge === EDGES.wgs84) return features;
  return {
    ...features,
    features: features.features.map((feature) => {
      const { geometry } = feature;
      if (geometry.type === "GeometryCollection") return feature; // nobody here makes one
      return { ...feature, geometry: { ...geometry, coordinates: moved(geometry.coordinates as Nested, edge) } as GeoJSON.Geometry };
    }),
  };
}
