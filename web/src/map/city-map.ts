/** The map of the city: MapLibre with its sources, and the layer of buses above it. */
import { GeoJSONSource, LngLatBounds, Map as MapLibre, Marker } from "maplibre-gl";
import type { ShownState } from "../state/fleet";
import type { Position } from "../wire/frame";
import type { BaseMap, Fix, LonLat, Route } from "../wire/contract";
import type { TileMap } from "../wire/ground";
import { layersOf, patternOf } from "./areas";
import { BusLayer } from "./bus-layer";
import { northUpMap } from "./north-up";
import type { Cluster } from "./clusters";
import { edgeOf, onMap, type Edge } from "./coordinates";
import { AREAS, type AreaName, type MapLayer } from "./layers";
import { pixelsPerMetre, project, type Point } from "./projection";
import { emptyStyle, layers, metresWide, type SourceName } from "./style";

export interface CityMapEvents {
  /** A click on a bus, or null beside all of them. */
  picked(bus: string | null): void;
  /** What the pointer rests on at this pixel: a bus, a cluster of them, or neither. */
  hovered(bus: string | null, cluster: Cluster | null, at: Point): void;
  /** Where on the Earth the pointer is (WGS-84), or null off the map. */
  pointed(place: LonLat | null): void;
  /** A tile of the configured base map did not come. */
  baseMissing(): void;
}

/** Whether a bus was at a stop, and what is said of its time there. */
export interface StopTime {
  passed: boolean;
  said: string;
}

const CLOSE_UP_ZOOM = 15;
const STOP_NAMES_FROM_ZOOM = 12.5;
/** So much nearer goes a click on a cluster. */
const INTO_CLUSTER = 1.5;
const BASE_SOURCE = /^base-/;

function collection(features: GeoJSON.Feature[]): GeoJSON.FeatureCollection {
  return { type: "FeatureCollection", features };
}

function pointFeature(lon: number, lat: number, properties = {}): GeoJSON.Feature {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } };
}

export class CityMap {
  readonly #map: MapLibre;
  readonly #buses: BusLayer;
  readonly #ready: Promise<void>;
  readonly #base: TileMap | null;
  readonly #edge: Edge;
  #size = { width: 0, height: 0 };
  #city: LngLatBounds | null = null;
  #stopNames: Marker[] = [];

  /**
   * Throws when the browser cannot draw. `fleet` lies above `container` and covers the same pixels; `base` are
   * tiles to draw under all that is ours, which is then shifted to the coordinates that they are drawn in.
   */
  constructor(container: HTMLElement, fleet: HTMLCanvasElement, base: TileMap | null, events: CityMapEvents) {
    this.#base = base;
    this.#edge = edgeOf(base?.coordinates ?? "wgs84");
    this.#buses = new BusLayer(fleet, this.#edge);
    this.#map = northUpMap(container, emptyStyle(base));
    // Not "load": that waits for the tiles of the base map, whose server may be away.
    this.#ready = new Promise((resolve) => this.#map.once("style.load", () => resolve()));
    void this.#ready.then(() => this.#drawPatterns());
    this.#map.on("error", (event) => {
      if (BASE_SOURCE.test((event as { sourceId?: string }).sourceId ?? "")) events.baseMissing();
      else console.error(event.error);
    });
    this.#measure();
    this.#map.on("resize", () => this.#measure());
    this.#map.on("render", () => this.#moveBuses());
    this.#map.on("click", (event) => {
      const bus = this.#buses.pick(event.point);
      const cluster = bus === null ? this.#buses.pickCluster(event.point) : null;
      if (cluster === null) events.picked(bus);
      else this.#map.easeTo({ center: event.lngLat, zoom: this.#map.getZoom() + INTO_CLUSTER, duration: 400 });
    });
    this.#map.on("mousemove", (event) => {
      if (event.originalEvent.buttons !== 0) return; // the map is dragged: nobody looks for a bus meanwhile
      const bus = this.#buses.pick(event.point);
      const cluster = bus === null ? this.#buses.pickCluster(event.point) : null;
      this.#map.getCanvas().style.cursor = bus === null && cluster === null ? "" : "pointer";
      events.hovered(bus, cluster, event.point);
      events.pointed(this.#edge.toEarth([event.lngLat.lng, event.lngLat.lat]));
    });
    this.#map.on("mouseout", (event) => {
      events.hovered(null, null, event.point);
      events.pointed(null);
    });
    this.#map.on("zoom", () => this.#showStopNames());
  }

  async setBaseMap(baseMap: BaseMap): Promise<void> {
    await this.#ready;
    this.#setSource("roads", baseMap);
  }

  async setRoutes(routes: readonly Route[]): Promise<void> {
    await this.#ready;
    this.#setSource("routes", collection([...routes]));
    if (this.#city !== null || routes.length === 0) return;
    this.#city = new LngLatBounds();
    for (const route of routes) {
      for (const place of route.geometry.coordinates) this.#city.extend(this.#edge.toMap(place as LonLat));
    }
    this.showCity(false);
  }

  /**
   * Shows a route with its corridor at true width and its stops, or none. `times` are those of the stops by their
   * chainage in whole metres.
   */
  async showRoute(route: Route | null, times: ReadonlyMap<number, StopTime>): Promise<void> {
    await this.#ready;
    const stops = (route?.properties.stops ?? []).map((stop) => ({ ...stop, ...times.get(Math.round(stop.chainage_m)) }));
    this.#setSource("chosen", collection(route === null ? [] : [route]));
    this.#setSource("stops", collection(stops.map(({ lon, lat, passed }) => pointFeature(lon, lat, { passed }))));
    this.#map.setPaintProperty("routes", "line-opacity", route === null ? 1 : 0.4);
    const lat = route?.geometry.coordinates[0]?.[1];
    if (route !== null && lat !== undefined) {
      const width = 2 * route.properties.corridor_m;
      this.#map.setPaintProperty("corridor", "line-width", metresWide(width, lat));
      this.#map.setPaintProperty("corridor-edge", "line-width", metresWide(width, lat, 2));
    }
    for (const name of this.#stopNames) name.remove();
    this.#stopNames = stops.map((stop) => {
      const element = document.createElement("span");
      element.className = "stop-name";
      element.textContent = `${stop.name} ${stop.said ?? ""}`.trimEnd();
      const place = this.#edge.toMap([stop.lon, stop.lat]);
      return new Marker({ element, anchor: "left", offset: [9, 0] }).setLngLat(place).addTo(this.#map);
    });
    this.#showStopNames();
  }

  /** Shows the way a bus took around an alert; an empty one shows none. */
  async showTrack(fixes: readonly Fix[]): Promise<void> {
    await this.#ready;
    const coordinates = fixes.map(({ lon, lat }) => [lon, lat]);
    const line: GeoJSON.Feature = { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } };
    this.#setSource("track", collection(coordinates.length < 2 ? [] : [line]));
  }

  /** Marks the place of an alert, or none. */
  async markPlace(place: { lon: number; lat: number } | null): Promise<void> {
    await this.#ready;
    this.#setSource("place", collection(place === null ? [] : [pointFeature(place.lon, place.lat)]));
  }

  /** Shows the areas of one kind; a feature's property `label` is written on it. */
  async setAreas(area: AreaName, features: GeoJSON.Feature[]): Promise<void> {
    await this.#ready;
    this.#setSource(area, collection(features));
  }

  async setVisible(layer: MapLayer, visible: boolean): Promise<void> {
    await this.#ready;
    if (layer === "clusters") return this.#buses.gather(visible);
    for (const id of layer === "routes" ? ["routes"] : layersOf(layer)) {
      this.#map.setLayoutProperty(id, "visibility", visible ? "visible" : "none");
    }
  }

  /** `nowMs` is the server's clock. */
  updateBuses(positions: Iterable<Position>, stateOf: (position: Position) => ShownState, nowMs: number): void {
    this.#buses.update(positions, stateOf, nowMs);
  }

  chooseBus(bus: string | null): void {
    this.#buses.choose(bus);
  }

  /** Flies to a place; `aside` pixels on the left are covered by a panel. */
  flyTo(lon: number, lat: number, aside: number): void {
    this.#map.flyTo({
      center: this.#edge.toMap([lon, lat]),
      zoom: Math.max(this.#map.getZoom(), CLOSE_UP_ZOOM),
      offset: [aside / 2, 0],
      speed: 2.4,
      maxDuration: 1600,
    });
  }

  showCity(animate = true): void {
    if (this.#city !== null) this.#map.fitBounds(this.#city, { padding: 48, animate });
  }

  zoomBy(steps: number): void {
    this.#map.easeTo({ zoom: this.#map.getZoom() + steps, duration: 200 });
  }

  /** Where a bus is drawn now, pixels of the container. */
  pixelOf(bus: string): Point | null {
    return this.#buses.pixelOf(bus);
  }

  /** Takes the colours of the theme now in force. */
  async recolour(): Promise<void> {
    await this.#ready;
    for (const layer of layers(this.#base)) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        if (name.endsWith("-color") || name.startsWith("raster-")) {
          this.#map.setPaintProperty(layer.id, name as "line-color", value as string);
        }
      }
    }
    this.#drawPatterns();
    this.#buses.recolour();
  }

  close(): void {
    this.#buses.close();
    this.#map.remove();
  }

  #setSource(name: SourceName, data: GeoJSON.FeatureCollection): void {
    this.#map.getSource<GeoJSONSource>(name)?.setData(onMap(data, this.#edge));
  }

  #drawPatterns(): void {
    for (const area of AREAS) {
      if (this.#map.hasImage(area)) this.#map.updateImage(area, patternOf(area));
      else this.#map.addImage(area, patternOf(area));
    }
  }

  #showStopNames(): void {
    const visible = this.#map.getZoom() >= STOP_NAMES_FROM_ZOOM;
    for (const name of this.#stopNames) name.getElement().hidden = !visible;
  }

  /** Once for all frames of a size: asked in each, it would lay the page out anew for every marker that moved. */
  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.#map.getContainer();
    this.#size = { width, height };
  }

  #moveBuses(): void {
    const zoom = this.#map.getZoom();
    const scale = pixelsPerMetre(zoom);
    // With north up and no tilt the map is one shift and one scale; its centre fixes the shift.
    const centre = this.#map.getCenter();
    const middle = project(centre.lng, centre.lat);
    const shift = this.#map.project(centre);
    this.#buses.move({
      ...this.#size,
      zoom,
      pixelsPerMetre: scale,
      pixelOf: (point) => ({ x: shift.x + (point.x - middle.x) * scale, y: shift.y - (point.y - middle.y) * scale }),
    });
  }
}
