/** The layers that an operator may hide, and the look of areas: a pattern and an outline for each kind. */

export const AREAS = ["zones", "waivers", "advisories", "incidents"] as const;
export type AreaName = (typeof AREAS)[number];

export const MAP_LAYERS = ["routes", ...AREAS, "clusters"] as const;
export type MapLayer = (typeof MAP_LAYERS)[number];

export interface AreaLook {
  /** Custom property of its colour. */
  tone: "--zone" | "--waiver" | "--weather" | "--incident";
  /** Dashes of its outline, in widths of the line; none is a whole one. */
  dash: [number, number];
  /** What its pattern repeats, as an SVG path in a box of `PATTERN_PX`. */
  stroke: string;
}

export const PATTERN_PX = 16;

/** Points for zones, falling lines for waivers, waves for weather, crosses for closures. */
export const AREA_LOOKS: Record<AreaName, AreaLook> = {
  zones: { tone: "--zone", dash: [1, 0], stroke: "M3 4h2M11 12h2" },
  waivers: { tone: "--waiver", dash: [4, 2], stroke: "M-2 6 10 18M-2-2 18 18M6-2 18 10" },
  advisories: { tone: "--weather", dash: [1, 1.6], stroke: "M0 5q4-4 8 0t8 0M0 13q4-4 8 0t8 0" },
  incidents: { tone: "--incident", dash: [1, 0], stroke: "M5 5l6 6M11 5l-6 6" },
};
