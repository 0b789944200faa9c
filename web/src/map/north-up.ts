/** A MapLibre map as all of this page's are: north up, flat, with a scale and nothing of anybody else's. */
import "maplibre-gl/dist/maplibre-gl.css";
import { Map as MapLibre, ScaleControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

setWorkerUrl(workerUrl);

/** Throws when the browser cannot draw. */
export function northUpMap(container: HTMLElement, style: StyleSpecification): MapLibre {
  const map = new MapLibre({
    container,
    style,
    center: [114.3, 30.59],
    zoom: 10,
    minZoom: 7,
    maxZoom: 19,
    // North stays up: people who share a wall point at it and speak of left and right.
    dragRotate: false,
    touchPitch: false,
    pitchWithRotate: false,
    renderWorldCopies: false,
    attributionControl: false,
    fadeDuration: 0,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-left");
  return map;
}
