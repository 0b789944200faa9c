/**
 * Draws every bus on a canvas of its own above the map.
 *
 * Own canvas rather than a layer inside MapLibre: there every step of a bus would draw the roads of the
 * whole city again; here they are drawn when the camera moves and not otherwise.
 */
import { SHOWN_STATES, type ShownState } from "../state/fleet";
import { placeAt, towards, type Motion } from "../state/motion";
import type { Position } from "../wire/frame";
import { ageing } from "./ageing";
import { gather, isCrowded, type Cluster } from "./clusters";
import type { Edge } from "./coordinates";
import { AGE_CELL, CHOSEN_CELL, DIGIT_CELL, DISC_CELL } from "./marks";
import { FLOATS_A_MARK, Pipeline } from "./pipeline";
import { pixelsPerMetre, project, type Point } from "./projection";

/** How the map lies under the canvas; pixels are CSS pixels. */
export interface Camera {
  width: number;
  height: number;
  /** Where a place of the projection plane lies. */
  pixelOf(point: Point): Point;
  pixelsPerMetre: number;
  zoom: number;
}

/** What the newest fix of a bus says, and how the bus moves towards it. */
interface Drawn extends Point {
  bus: string;
  motion: Motion;
  /** Index in `SHOWN_STATES`, and cell of the atlas. */
  state: number;
  opacity: number;
  ring: number | null;
}

/** What wants somebody is drawn larger. */
const MARK_SIZES = SHOWN_STATES.map((state) => ({ speeding: 1.4, deviating: 1.4, silent: 1.25 })[state as string] ?? 1);
const CHOSEN_SIZE = 1.65;
/** The side of the squares in which buses are gathered, at the nearest of the zooms that share a grid. */
const SQUARE_PX = 56;
const GRIDS_A_ZOOM = 2;
const SMALLEST_DISC = 1.75;
const DISC_A_DIGIT = 0.4;
const DIGIT_SIZE = 1.25;
/** Digits stand so many widths of a mark apart. */
const DIGIT_STEP = 1.02;
/** A bus is redrawn when it moved this far, in device pixels: finer steps cannot be seen. */
const VISIBLE_STEP_PX = 0.35;
const FASTEST_M_S = 30;
const LONGEST_REST_MS = 250;
/** A frame that takes longer than this is drawn by the processor: rest in between, so that clicks get through. */
const SLOW_FRAME_MS = 40;
/** From asking for a frame to getting it. */
const A_FRAME_MS = 16;
const SLOW_REST = 2;
const SLOWEST_REST_MS = 1000;
const PICK_RADIUS_PX = 16;

export class BusLayer {
  readonly #canvas: HTMLCanvasElement;
  readonly #gl: WebGL2RenderingContext;
  readonly #edge: Edge;
  readonly #drawn = new Map<string, Drawn>();
  #pipeline: Pipeline;
  #data = new Float32Array(256 * FLOATS_A_MARK);
  #marks = 0;
  #origin: Point | null = null;
  #camera: Camera | null = null;
  #chosen: string | null = null;
  #gathers = true;
  #gathered = false;
  #grid = Number.NaN;
  #clusters: readonly Cluster[] = [];
  /** Those with a mark of their own. */
  #alone: readonly Drawn[] = [];
  #syncedMs = 0;
  #restsAfterMs = 0;
  #drawnMs = 0;
  /** How long the browser took for the last frame in which the buses were drawn. */
  #frameMs = 0;
  #animation: number | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** Throws when the browser has no WebGL 2. */
  constructor(canvas: HTMLCanvasElement, edge: Edge) {
    const gl = canvas.getContext("webgl2", { alpha: true, premultipliedAlpha: true, antialias: false });
    if (gl === null) throw new Error("no WebGL 2");
    this.#canvas = canvas;
    this.#gl = gl;
    this.#edge = edge;
    this.#pipeline = new Pipeline(gl);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.#pipeline = new Pipeline(gl);
      this.#arrange();
      this.draw();
    });
  }

  /** Takes the newest positions; those with a newer fix start moving towards it. `nowMs` is the server's clock. */
  update(positions: Iterable<Position>, stateOf: (position: Position) => ShownState, nowMs: number): void {
    const pageMs = performance.now();
    for (const position of positions) {
      const drawn = this.#take(position, pageMs);
      const state = stateOf(position);
      drawn.state = SHOWN_STATES.indexOf(state);
      ({ opacity: drawn.opacity, ring: drawn.ring } = ageing(state, nowMs - position.timeMs));
    }
    this.#arrange();
    this.draw();
    this.#animate();
  }

  choose(bus: string | null): void {
    this.#chosen = bus;
    this.#arrange();
    this.draw();
  }

  /** Whether buses are gathered in clusters where they are crowded. */
  gather(gathers: boolean): void {
    this.#gathers = gathers;
    this.#arrange();
    this.draw();
  }

  move(camera: Camera): void {
    this.#camera = camera;
    if (this.#gridOf(camera.zoom) !== this.#grid) this.#arrange();
    this.draw();
  }

  /** The bus drawn nearest to a pixel, within a finger's reach. */
  pick(at: Point): string | null {
    const nowMs = performance.now();
    let nearest: string | null = null;
    let reach = PICK_RADIUS_PX;
    for (const { bus, motion } of this.#alone) {
      const place = this.#pixelOf(placeAt(motion, nowMs));
      if (place === null) return null;
      const apart = Math.hypot(place.x - at.x, place.y - at.y);
      if (apart <= reach) [nearest, reach] = [bus, apart];
    }
    return nearest;
  }

  /** The cluster drawn at a pixel. */
  pickCluster(at: Point): Cluster | null {
    return (
      this.#clusters.find((cluster) => {
        const place = this.#pixelOf(cluster);
        return place !== null && Math.hypot(place.x - at.x, place.y - at.y) <= PICK_RADIUS_PX;
      }) ?? null
    );
  }

  /** Where a bus is drawn now, CSS pixels. */
  pixelOf(bus: string): Point | null {
    const motion = this.#drawn.get(bus)?.motion;
    return motion === undefined ? null : this.#pixelOf(placeAt(motion, performance.now()));
  }

  /** Where a place of the clusters' plane lies, CSS pixels. */
  #pixelOf(place: Point): Point | null {
    if (this.#camera === null || this.#origin === null) return null;
    return this.#camera.pixelOf({ x: this.#origin.x + place.x, y: this.#origin.y + place.y });
  }

  draw(): void {
    const [camera, origin] = [this.#camera, this.#origin];
    if (camera === null || origin === null || this.#gl.isContextLost()) return;
    const nowMs = performance.now();
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const zero = camera.pixelOf(origin);
    this.#pipeline.draw({
      origin: [zero.x * ratio, zero.y * ratio],
      viewport: [width, height],
      scale: camera.pixelsPerMetre * ratio,
      size: unitPixels(camera) * ratio,
      now: (nowMs - this.#syncedMs) / 1000,
    });
    this.#drawnMs = nowMs;
  }

  /** Reads the theme's colours anew. */
  recolour(): void {
    this.#pipeline.recolour();
    this.draw();
  }

  close(): void {
    if (this.#animation !== undefined) cancelAnimationFrame(this.#animation);
    clearTimeout(this.#pause);
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #take(position: Position, pageMs: number): Drawn {
    const held = this.#drawn.get(position.bus);
    if (held !== undefined && position.timeMs <= held.motion.fixMs) return held;
    const [lon, lat] = this.#edge.toMap([position.lon, position.lat]);
    const point = project(lon, lat);
    this.#origin ??= point;
    const [x, y] = [point.x - this.#origin.x, point.y - this.#origin.y];
    const heading = position.heading === null ? (held?.motion.to.heading ?? 0) : (position.heading * Math.PI) / 180;
    const motion = towards(held?.motion, { x, y, heading }, position.timeMs, pageMs);
    this.#restsAfterMs = Math.max(this.#restsAfterMs, motion.startMs + motion.durationMs);
    const drawn = held ?? { bus: position.bus, motion, x, y, state: 0, opacity: 1, ring: null };
    if (held === undefined) this.#drawn.set(position.bus, drawn);
    [drawn.motion, drawn.x, drawn.y] = [motion, x, y];
    return drawn;
  }

  /** Draws as often as the fastest bus takes a visible step, until all have arrived. */
  #animate(): void {
    if (this.#animation !== undefined || this.#pause !== undefined) return;
    const draw = (): void => {
      this.#animation = undefined;
      this.draw();
      if (this.#drawnMs < this.#restsAfterMs) this.#animation = requestAnimationFrame(rest);
    };
    // A frame is asked for only when there is something to draw: one that shows nothing new costs as much.
    const rest = (nowMs: number): void => {
      this.#animation = undefined;
      this.#frameMs = nowMs - this.#drawnMs;
      this.#pause = setTimeout(
        () => {
          this.#pause = undefined;
          this.#animation = requestAnimationFrame(draw);
        },
        Math.max(0, this.#restMs() - this.#frameMs - A_FRAME_MS),
      );
    };
    this.#animation = requestAnimationFrame(draw);
  }

  #restMs(): number {
    if (this.#camera === null) return LONGEST_REST_MS;
    const pixelsASecond = FASTEST_M_S * this.#camera.pixelsPerMetre * window.devicePixelRatio;
    const rest = Math.min(LONGEST_REST_MS, (1000 * VISIBLE_STEP_PX) / pixelsASecond);
    if (this.#frameMs <= SLOW_FRAME_MS) return rest;
    return Math.max(rest, Math.min(SLOWEST_REST_MS, this.#frameMs * (1 + SLOW_REST)));
  }

  #gridOf(zoom: number): number {
    return Math.floor(zoom * GRIDS_A_ZOOM) / GRIDS_A_ZOOM;
  }

  /** Decides what is drawn by itself and what in clusters, and writes the marks down. */
  #arrange(): void {
    this.#syncedMs = performance.now();
    this.#marks = 0;
    const all = [...this.#drawn.values()];
    [this.#alone, this.#clusters] = [all, []];
    if (this.#camera !== null) {
      this.#grid = this.#gridOf(this.#camera.zoom);
      const sideM = SQUARE_PX / pixelsPerMetre(this.#grid);
      this.#gathered = this.#gathers && isCrowded(all, sideM, this.#gathered);
      if (this.#gathered) ({ alone: this.#alone, clusters: this.#clusters } = gather(all, sideM));
    }
    const chosen = this.#chosen === null ? undefined : this.#drawn.get(this.#chosen);
    if (chosen !== undefined && this.#gathered && !this.#alone.includes(chosen)) this.#alone = [...this.#alone, chosen];
    for (const cluster of this.#clusters) this.#writeCluster(cluster);
    // Later ones lie on top: the calm first, the speeding last.
    const byState: Drawn[][] = SHOWN_STATES.map(() => []);
    for (const drawn of this.#alone) byState[drawn.state]?.push(drawn);
    for (const drawn of byState.reverse().flat()) {
      if (drawn.ring !== null) this.#write(drawn.motion, AGE_CELL, drawn.ring);
      this.#write(drawn.motion, drawn.state, MARK_SIZES[drawn.state] ?? 1, drawn.opacity);
    }
    if (chosen !== undefined) this.#write(chosen.motion, CHOSEN_CELL, CHOSEN_SIZE);
    this.#pipeline.upload(this.#data, this.#marks);
  }

  #writeCluster({ x, y, count, worst }: Cluster): void {
    const place = { x, y, heading: 0 };
    const still: Motion = { from: place, to: place, startMs: this.#syncedMs, durationMs: 0, fixMs: 0 };
    const digits = [...count.toString()];
    this.#write(still, DISC_CELL + worst, SMALLEST_DISC + DISC_A_DIGIT * digits.length);
    digits.forEach((digit, at) => {
      const shift = (at - (digits.length - 1) / 2) * DIGIT_STEP;
      this.#write(still, DIGIT_CELL + Number(digit), DIGIT_SIZE, 1, shift);
    });
  }

  #write({ from, to, startMs, durationMs }: Motion, cell: number, size: number, opacity = 1, shift = 0): void {
    const at = this.#marks * FLOATS_A_MARK;
    if (at >= this.#data.length) {
      const larger = new Float32Array(2 * this.#data.length);
      larger.set(this.#data);
      this.#data = larger;
    }
    const data = this.#data;
    data[at] = from.x;
    data[at + 1] = from.y;
    data[at + 2] = to.x;
    data[at + 3] = to.y;
    data[at + 4] = from.heading;
    data[at + 5] = to.heading;
    // Times count from this moment, so that they keep their precision however long the page is open.
    data[at + 6] = (startMs - this.#syncedMs) / 1000;
    data[at + 7] = durationMs / 1000;
    data[at + 8] = cell;
    data[at + 9] = size;
    data[at + 10] = opacity;
    data[at + 11] = shift;
    this.#marks++;
  }
}

/** Pixels a unit of the marks: they grow from far to near, and on walls looked at from across the room. */
function unitPixels(camera: Camera): number {
  const near = Math.min(1, Math.max(0, (camera.zoom - 10) / 6));
  const wall = Math.max(1, Math.min(1.6, camera.width / 1800));
  return (0.58 + near * 0.8) * wall;
}
