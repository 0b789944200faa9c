/** The map of one reviewed track: the roads and the approved lines beneath, the track by speed, the bus that drives it. */
import { GeoJSONSource, LngLatBounds, type LayerSpecification, type Map as MapLibre, Marker } from "maplibre-gl";
import type { BaseMap, Alert, Stop } from "../wire/contract";
import type { ApprovedRoute } from "../wire/tracks";
import { SPEED_CLASSES, type TrackLines } from "../state/speed-scale";
import type { Fixes, Place } from "../state/track";
import { colour } from "./colours";
import { MARKS } from "./marks";
import { northUpMap } from "./north-up";
import { pixelsPerMetre, stretchAt } from "./projection";
import { emptyStyle, layers } from "./style";

const SOURCES = ["track-lines", "track-violations", "track-doubtful"] as const;
type Source = (typeof SOURCES)[number] | "roads" | "chosen" | "stops";

const STOP_NAMES_FROM_ZOOM = 13;
/** Wide enough to be seen on both sides of a track that keeps to it. */
const APPROVED_WIDTH = ["interpolate", ["linear"], ["zoom"], 10, 5, 15, 8] as never;
const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const ROUND = { "line-cap": "round", "line-join": "round" } as const;
const SVG = "http://www.w3.org/2000/svg";

/** Layers above the approved line and below its stops, from bottom to top, in the colours of the theme now in force. */
function trackLayers(): LayerSpecification[] {
  const classes = Array.from({ length: SPEED_CLASSES }, (_, speed) => [speed, colour(`--speed-${speed}`)]).flat();
  return [
    {
      id: "track-violations",
      type: "line",
      source: "track-violations",
      layout: ROUND,
      paint: { "line-color": colour("--alarm"), "line-width": 20, "line-opacity": 0.35 },
    },
    {
      id: "track-over",
      type: "line",
      source: "track-lines",
      filter: ["get", "over"],
      layout: ROUND,
      paint: { "line-color": colour("--mark-chosen"), "line-width": 10 },
    },
    {
      id: "track-edge",
      type: "line",
      source: "track-lines",
      layout: ROUND,
      paint: { "line-color": colour("--mark-outline"), "line-width": ["case", ["get", "over"], 8, 6] },
    },
    {
      id: "track-lines",
      type: "line",
      source: "track-lines",
      layout: ROUND,
      paint: {
        "line-color": ["match", ["get", "speed"], ...classes, colour("--speed-unknown")] as never,
        "line-width": ["case", ["get", "over"], 7, 4],
      },
    },
    {
      id: "track-doubtful",
      type: "circle",
      source: "track-doubtful",
      paint: {
        "circle-radius": 5,
        "circle-color": colour("--ground"),
        "circle-opacity": 0.4,
        "circle-stroke-color": colour("--warning"),
        "circle-stroke-width": 2,
      },
    },
  ];
}

function mark(className: string, paths: string[]): { element: HTMLElement; picture: SVGSVGElement } {
  const element = document.createElement("div");
  element.className = className;
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "-10 -10 20 20");
  for (const path of paths) {
    const shape = document.createElementNS(SVG, "path");
    shape.setAttribute("d", path);
    picture.append(shape);
  }
  element.append(picture);
  return { element, picture };
}

function boundsOf(lines: readonly GeoJSON.LineString[]): LngLatBounds | null {
  const places = lines.flatMap((line) => line.coordinates);
  if (places.length === 0) return null;
  const bounds = new LngLatBounds();
  for (const [lon, lat] of places) bounds.extend([lon as number, lat as number]);
  return bounds;
}

export class TrackMap {
  readonly #map: MapLibre;
  readonly #ready: Promise<void>;
  readonly #bus: Marker;
  #busIsShown = false;
  #stopNames: Marker[] = [];
  #pins: Marker[] = [];
  #trackBounds: LngLatBounds | null = null;
  #routeBounds: LngLatBounds | null = null;

  /** Throws when the browser cannot draw. */
  constructor(container: HTMLElement) {
    this.#map = northUpMap(container, emptyStyle());
    this.#ready = new Promise((resolve) =>
      this.#map.once("load", () => {
        for (const source of SOURCES) this.#map.addSource(source, { type: "geojson", data: NOTHING });
        for (const layer of trackLayers()) this.#map.addLayer(layer, "stops");
        this.#map.setPaintProperty("chosen", "line-width", APPROVED_WIDTH);
        this.#map.setPaintProperty("chosen", "line-opacity", 0.55);
        resolve();
      }),
    );
    const { element } = mark("track-bus", MARKS.on_route.map((part) => part.path));
    this.#bus = new Marker({ element, rotationAlignment: "map", subpixelPositioning: true });
    this.#map.on("zoom", () => this.#showStopNames());
  }

  /** What the map is called by those who cannot see it. */
  setName(name: string): void {
    this.#map.getCanvas().setAttribute("aria-label", name);
  }

  async setBaseMap(baseMap: BaseMap): Promise<void> {
    await this.#ready;
    this.#setSource("roads", baseMap);
  }

  /** The approved lines with their corridors at true width, and their stops. */
  async showRoutes(routes: readonly ApprovedRoute[]): Promise<void> {
    await this.#ready;
    this.#setSource("chosen", { type: "FeatureCollection", features: [...routes] });
    const lat = routes[0]?.geometry.coordinates[0]?.[1];
    if (lat !== undefined) {
      const wide = (zoom: number, pixels: number) => [
        "+", ["*", ["get", "corridor_m"], 2 * stretchAt(lat) * pixelsPerMetre(zoom)], pixels,
      ]; // prettier-ignore
      for (const [layer, pixels] of [["corridor", 0], ["corridor-edge", 2]] as const) {
        const width = ["interpolate", ["exponential", 2], ["zoom"], 0, wide(0, pixels), 24, wide(24, pixels)];
        this.#map.setPaintProperty(layer, "line-width", width as never);
      }
    }
    this.#routeBounds = boundsOf(routes.map((route) => route.geometry));
    const stops = routes.flatMap((route) => route.properties.stops);
    this.#setSource("stops", {
      type: "FeatureCollection",
      features: stops.map(({ lon, lat }) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [lon, lat] } })),
    });
    this.#nameStops(stops);
  }

  /** The track, the stretches of it in which a violation went on, and the fixes whose place is doubtful. */
  async showTrack(lines: TrackLines, violations: GeoJSON.FeatureCollection, doubtful: Fixes): Promise<void> {
    await this.#ready;
    this.#setSource("track-lines", lines);
    this.#setSource("track-violations", violations);
    this.#setSource("track-doubtful", {
      type: "FeatureCollection",
      features: Array.from(doubtful.lon, (lon, row) => ({
        type: "Feature",
        properties: {},
        geometry: { type: "Point", coordinates: [lon, doubtful.lat[row] as number] },
      })),
    });
    this.#trackBounds = boundsOf(lines.features.map(({ geometry }) => geometry));
  }

  /** A pin at the peak of each alert; the list beside the map has the same ones for the keyboard. */
  async pinAlerts(alerts: readonly Alert[], nameOf: (alert: Alert) => string, picked: (alert: Alert) => void): Promise<void> {
    await this.#ready;
    for (const pin of this.#pins) pin.remove();
    this.#pins = alerts.map((alert) => {
      const { element } = mark(`track-pin ${alert.severity}`, ["M0 9C-7-1-6-9 0-9S7-1 0 9Z"]);
      element.title = nameOf(alert);
      element.addEventListener("click", () => picked(alert));
      return new Marker({ element, anchor: "bottom" }).setLngLat([alert.evidence.peak_lon, alert.evidence.peak_lat]).addTo(this.#map);
    });
  }

  /** Shows the bus at a place, or nowhere. While it is `followed` the map keeps it in sight. */
  moveBus(place: Place | null, followed: boolean): void {
    if ((place !== null) !== this.#busIsShown) {
      this.#busIsShown = place !== null;
      if (place === null) this.#bus.remove();
      else this.#bus.setLngLat([place.lon, place.lat]).addTo(this.#map);
    }
    if (place === null) return;
    this.#bus.setLngLat([place.lon, place.lat]).setRotation(place.heading);
    this.#bus.getElement().classList.toggle("silent", place.silentMs > 0);
    if (!followed || this.#map.isMoving()) return;
    const { clientWidth: width, clientHeight: height } = this.#map.getContainer();
    const { x, y } = this.#map.project([place.lon, place.lat]);
    if (x < width * 0.06 || x > width * 0.94 || y < height * 0.08 || y > height * 0.92) {
      this.#map.easeTo({ center: [place.lon, place.lat], duration: 400 });
    }
  }

  /** Shows all of the track; of a bus without one the approved lines. */
  async showWhole(animate: boolean): Promise<void> {
    await this.#ready;
    const bounds = this.#trackBounds ?? this.#routeBounds;
    if (bounds !== null) this.#map.fitBounds(bounds, { padding: 48, maxZoom: 16, animate, duration: 500 });
  }

  flyTo(lon: number, lat: number): void {
    this.#map.easeTo({ center: [lon, lat], zoom: Math.max(this.#map.getZoom(), 14.5), duration: 500 });
  }

  zoomBy(steps: number): void {
    this.#map.easeTo({ zoom: this.#map.getZoom() + steps, duration: 200 });
  }

  /** Takes the colours of the theme now in force. */
  async recolour(): Promise<void> {
    await this.#ready;
    for (const layer of [...layers(), ...trackLayers()]) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        if (name.endsWith("-color")) this.#map.setPaintProperty(layer.id, name as "line-color", value as string);
      }
    }
  }

  close(): void {
    this.#map.remove();
  }

  #setSource(name: Source, data: GeoJSON.FeatureCollection): void {
    this.#map.getSource<GeoJSONSource>(name)?.setData(data);
  }

  #nameStops(stops: readonly Stop[]): void {
    for (const name of this.#stopNames) name.remove();
    const places = new Map(stops.map((stop) => [`${stop.name} ${stop.lon} ${stop.lat}`, stop]));
    this.#stopNames = [...places.values()].map((stop) => {
      const element = document.createElement("span");
      element.className = "stop-name";
      element.textContent = stop.name;
      return new Marker({ element, anchor: "left", offset: [9, 0] }).setLngLat([stop.lon, stop.lat]).addTo(this.#map);
    });
    this.#showStopNames();
  }

  #showStopNames(): void {
    const visible = this.#map.getZoom() >= STOP_NAMES_FROM_ZOOM;
    for (const name of this.#stopNames) name.getElement().hidden = !visible;
  }
}
