/** The map of the city: MapLibre with its sources, and the layer of buses above it. */
import { GeoJSONSource, LngLatBounds, Map as MapLibre, Marker } from "maplibre-gl";
import type { ShownState } from "../state/fleet";
import type { Position } from "../wire/frame";
import type { BaseMap, Fix, Route } from "../wire/contract";
import { BusLayer } from "./bus-layer";
import { northUpMap } from "./north-up";
import { pixelsPerMetre, project, type Point } from "./projection";
import { emptyStyle, layers, metresWide, type SourceName } from "./style";

export interface CityMapEvents {
  /** A click on a bus, or null beside all of them. */
  picked(bus: string | null): void;
  /** The pointer rests on a bus at this pixel, or on none. */
  hovered(bus: string | null, at: Point): void;
}

const CLOSE_UP_ZOOM = 15;
const STOP_NAMES_FROM_ZOOM = 12.5;

function collection(features: GeoJSON.Feature[]): GeoJSON.FeatureCollection {
  return { type: "FeatureCollection", features };
}

function pointFeature(lon: number, lat: number): GeoJSON.Feature {
  return { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [lon, lat] } };
}

export class CityMap {
  readonly #map: MapLibre;
  readonly #buses: BusLayer;
  readonly #ready: Promise<void>;
  #city: LngLatBounds | null = null;
  #stopNames: Marker[] = [];

  /** Throws when the browser cannot draw. `fleet` lies above `container` and covers the same pixels. */
  constructor(container: HTMLElement, fleet: HTMLCanvasElement, events: CityMapEvents) {
    this.#buses = new BusLayer(fleet);
    this.#map = northUpMap(container, emptyStyle());
    this.#ready = new Promise((resolve) => this.#map.once("load", () => resolve()));
    this.#map.on("render", () => this.#moveBuses());
    this.#map.on("click", (event) => events.picked(this.#buses.pick(event.point)));
    this.#map.on("mousemove", (event) => {
      const bus = this.#buses.pick(event.point);
      this.#map.getCanvas().style.cursor = bus === null ? "" : "pointer";
      events.hovered(bus, event.point);
    });
    this.#map.on("mouseout", (event) => events.hovered(null, event.point));
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
      for (const [lon, lat] of route.geometry.coordinates) this.#city.extend([lon as number, lat as number]);
    }
    this.showCity(false);
  }

  /** Shows a route with its corridor at true width and its stops, or none. */
  async showRoute(route: Route | null): Promise<void> {
    await this.#ready;
    const stops = route?.properties.stops ?? [];
    this.#setSource("chosen", collection(route === null ? [] : [route]));
    this.#setSource("stops", collection(stops.map((stop) => pointFeature(stop.lon, stop.lat))));
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
      element.textContent = stop.name;
      return new Marker({ element, anchor: "left", offset: [9, 0] }).setLngLat([stop.lon, stop.lat]).addTo(this.#map);
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

  updateBuses(positions: Iterable<Position>, stateOf: (position: Position) => ShownState): void {
    this.#buses.update(positions, stateOf);
  }

  chooseBus(bus: string | null): void {
    this.#buses.choose(bus);
  }

  /** Flies to a place; `aside` pixels on the left are covered by a panel. */
  flyTo(lon: number, lat: number, aside: number): void {
    this.#map.flyTo({
      center: [lon, lat],
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
    for (const layer of layers()) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        if (name.endsWith("-color")) this.#map.setPaintProperty(layer.id, name as "line-color", value as string);
      }
    }
    this.#buses.recolour();
  }

  close(): void {
    this.#buses.close();
    this.#map.remove();
  }

  #setSource(name: SourceName, data: GeoJSON.FeatureCollection): void {
    this.#map.getSource<GeoJSONSource>(name)?.setData(data);
  }

  #showStopNames(): void {
    const visible = this.#map.getZoom() >= STOP_NAMES_FROM_ZOOM;
    for (const name of this.#stopNames) name.getElement().hidden = !visible;
  }

  #moveBuses(): void {
    const { clientWidth: width, clientHeight: height } = this.#map.getContainer();
    const zoom = this.#map.getZoom();
    const scale = pixelsPerMetre(zoom);
    // With north up and no tilt the map is one shift and one scale; its centre fixes the shift.
    const centre = this.#map.getCenter();
    const middle = project(centre.lng, centre.lat);
    const shift = this.#map.project(centre);
    this.#buses.move({
      width,
      height,
      zoom,
      pixelsPerMetre: scale,
      pixelOf: (point) => ({ x: shift.x + (point.x - middle.x) * scale, y: shift.y - (point.y - middle.y) * scale }),
    });
  }
}
