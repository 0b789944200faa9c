/**
 * Areas on the map: zones with a limit, waivers, weather, probable closures. Each kind has a pattern and an outline
 * of its own and a label, so that no two are told apart by colour alone.
 */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { colour } from "./colours";
import { AREA_LOOKS, AREAS, PATTERN_PX, type AreaName } from "./layers";

/** Small areas are labelled from so near on, that a city of schools is no page of text. */
const LABELLED_FROM: Record<AreaName, number> = { zones: 13, waivers: 10, advisories: 9, incidents: 10 };
const LETTERS = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"];

const IS_AREA: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];

/** The picture that an area of a kind is filled with, to be laid side by side. */
export function patternOf(area: AreaName): ImageData {
  const tile = document.createElement("canvas");
  tile.width = tile.height = PATTERN_PX;
  const pen = tile.getContext("2d");
  if (pen === null) throw new Error("no 2D canvas");
  pen.strokeStyle = pen.fillStyle = colour(AREA_LOOKS[area].tone);
  pen.globalAlpha = 0.38;
  pen.lineWidth = 1.2;
  pen.stroke(new Path2D(AREA_LOOKS[area].stroke));
  return pen.getImageData(0, 0, PATTERN_PX, PATTERN_PX);
}

/** Patterns, outlines and the lines of waived routes. */
export function areaFills(): LayerSpecification[] {
  return AREAS.flatMap((area): LayerSpecification[] => [
    { id: `${area}-fill`, type: "fill", source: area, filter: IS_AREA, paint: { "fill-pattern": area } },
    {
      id: `${area}-line`,
      type: "line",
      source: area,
      paint: {
        "line-color": colour(AREA_LOOKS[area].tone),
        "line-width": ["case", IS_AREA, 1.6, 2.6],
        "line-dasharray": AREA_LOOKS[area].dash,
      },
    },
  ]);
}

export function areaLabels(): LayerSpecification[] {
  const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.9;
  return AREAS.map((area): LayerSpecification => ({
    id: `${area}-label`,
    type: "symbol",
    source: area,
    minzoom: LABELLED_FROM[area],
    filter: IS_AREA,
    layout: { "text-field": ["get", "label"], "text-font": LETTERS, "text-size": size, "text-max-width": 12 },
    paint: { "text-color": colour(AREA_LOOKS[area].tone), "text-halo-color": colour("--ground"), "text-halo-width": 1.6 },
  }));
}

/** The layers that show areas of a kind. */
export function layersOf(area: AreaName): string[] {
  return [`${area}-fill`, `${area}-line`, `${area}-label`];
}
