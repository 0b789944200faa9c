/**
 * Draws every bus on a canvas of its own above the map.
 *
 * Own canvas rather than a layer inside MapLibre: there every step of a bus would draw the roads of the
 * whole city again; here they are drawn when the camera moves and not otherwise.
 */
import { SHOWN_STATES, type ShownState } from "../state/fleet";
import { placeAt, towards, type Motion } from "../state/motion";
import type { Position } from "../wire/frame";
import { FRAGMENT_SHADER, VERTEX_SHADER } from "./bus-shaders";
import { CHOSEN_CELL, drawAtlas } from "./marks";
import { project, type Point } from "./projection";

/** How the map lies under the canvas; pixels are CSS pixels. */
export interface Camera {
  width: number;
  height: number;
  /** Where a place of the projection plane lies. */
  pixelOf(point: Point): Point;
  pixelsPerMetre: number;
  zoom: number;
}

const FLOATS_A_MARK = 10;
/** What wants somebody is drawn larger. */
const MARK_SIZES = SHOWN_STATES.map((state) => (state === "speeding" || state === "deviating" ? 1.4 : 1));
const CHOSEN_SIZE = 1.65;
const CORNERS = new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]);
/** A bus is redrawn when it moved this far, in device pixels: finer steps cannot be seen. */
const VISIBLE_STEP_PX = 0.35;
const FASTEST_M_S = 30;
const LONGEST_REST_MS = 250;
/** A frame that takes longer than this is drawn by the processor: rest in between, so that clicks get through. */
const SLOW_FRAME_MS = 40;
const SLOW_REST = 2;
const SLOWEST_REST_MS = 1000;
const PICK_RADIUS_PX = 16;

export class BusLayer {
  readonly #canvas: HTMLCanvasElement;
  readonly #gl: WebGL2RenderingContext;
  readonly #motions = new Map<string, Motion>();
  #pipeline: Pipeline;
  #origin: Point | null = null;
  #camera: Camera | null = null;
  #shown: readonly Shown[] = [];
  #chosen: string | null = null;
  #syncedMs = 0;
  #restsAfterMs = 0;
  #drawnMs = 0;
  /** How long the browser took for the last frame in which the buses were drawn. */
  #frameMs = 0;
  #animation: number | undefined;

  /** Throws when the browser has no WebGL 2. */
  constructor(canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { alpha: true, premultipliedAlpha: true, antialias: false });
    if (gl === null) throw new Error("no WebGL 2");
    this.#canvas = canvas;
    this.#gl = gl;
    this.#pipeline = new Pipeline(gl);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.#pipeline = new Pipeline(gl);
      this.#upload();
      this.draw();
    });
  }

  /** Takes the newest positions; those with a newer fix start moving towards it. */
  update(positions: Iterable<Position>, stateOf: (position: Position) => ShownState): void {
    const nowMs = performance.now();
    const shown: Shown[] = [];
    for (const position of positions) {
      this.#origin ??= project(position.lon, position.lat);
      let motion = this.#motions.get(position.bus);
      if (motion === undefined || position.timeMs > motion.fixMs) {
        const point = project(position.lon, position.lat);
        const heading = position.heading === null ? (motion?.to.heading ?? 0) : (position.heading * Math.PI) / 180;
        const to = { x: point.x - this.#origin.x, y: point.y - this.#origin.y, heading };
        motion = towards(motion, to, position.timeMs, nowMs);
        this.#motions.set(position.bus, motion);
        this.#restsAfterMs = Math.max(this.#restsAfterMs, motion.startMs + motion.durationMs);
      }
      shown.push({ bus: position.bus, motion, cell: SHOWN_STATES.indexOf(stateOf(position)) });
    }
    // Later ones lie on top: the calm first, the speeding last.
    this.#shown = shown.sort((a, b) => b.cell - a.cell);
    this.#upload();
    this.draw();
    this.#animate();
  }

  choose(bus: string | null): void {
    this.#chosen = bus;
    this.#upload();
    this.draw();
  }

  move(camera: Camera): void {
    this.#camera = camera;
    this.draw();
  }

  /** The bus drawn nearest to a pixel, within a finger's reach. */
  pick(at: Point): string | null {
    const [camera, origin] = [this.#camera, this.#origin];
    if (camera === null || origin === null) return null;
    const zero = camera.pixelOf(origin);
    const nowMs = performance.now();
    let nearest: string | null = null;
    let reach = PICK_RADIUS_PX;
    for (const { bus, motion } of this.#shown) {
      const place = placeAt(motion, nowMs);
      const apart = Math.hypot(
        zero.x + place.x * camera.pixelsPerMetre - at.x,
        zero.y - place.y * camera.pixelsPerMetre - at.y,
      );
      if (apart <= reach) [nearest, reach] = [bus, apart];
    }
    return nearest;
  }

  /** Where a bus is drawn now, CSS pixels. */
  pixelOf(bus: string): Point | null {
    const motion = this.#motions.get(bus);
    if (motion === undefined || this.#camera === null || this.#origin === null) return null;
    const place = placeAt(motion, performance.now());
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
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** Draws as often as the fastest bus takes a visible step, until all have arrived. */
  #animate(): void {
    if (this.#animation !== undefined) return;
    let justDrawn = false;
    const step = (): void => {
      const nowMs = performance.now();
      this.#animation = undefined;
      if (justDrawn) this.#frameMs = nowMs - this.#drawnMs;
      justDrawn = nowMs - this.#drawnMs >= this.#restMs();
      if (justDrawn) this.draw();
      if (nowMs < this.#restsAfterMs) this.#animation = requestAnimationFrame(step);
      else this.draw();
    };
    this.#animation = requestAnimationFrame(step);
  }

  #restMs(): number {
    if (this.#camera === null) return LONGEST_REST_MS;
    const pixelsASecond = FASTEST_M_S * this.#camera.pixelsPerMetre * window.devicePixelRatio;
    const rest = Math.min(LONGEST_REST_MS, (1000 * VISIBLE_STEP_PX) / pixelsASecond);
    if (this.#frameMs <= SLOW_FRAME_MS) return rest;
    return Math.max(rest, Math.min(SLOWEST_REST_MS, this.#frameMs * (1 + SLOW_REST)));
  }

  #upload(): void {
    this.#syncedMs = performance.now();
    const chosen = this.#shown.find(({ bus }) => bus === this.#chosen);
    const marks = this.#shown.map(({ motion, cell }) => ({ motion, cell, size: MARK_SIZES[cell] ?? 1 }));
    if (chosen !== undefined) marks.push({ motion: chosen.motion, cell: CHOSEN_CELL, size: CHOSEN_SIZE });
    const data = new Float32Array(marks.length * FLOATS_A_MARK);
    marks.forEach(({ motion: { from, to, startMs, durationMs }, cell, size }, at) => {
      // Times count from this upload, so that they keep their precision however long the page is open.
      const [start, duration] = [(startMs - this.#syncedMs) / 1000, durationMs / 1000];
      data.set([from.x, from.y, to.x, to.y, from.heading, to.heading, start, duration, cell, size], at * FLOATS_A_MARK);
    });
    this.#pipeline.upload(data, marks.length);
  }
}

interface Shown {
  bus: string;
  motion: Motion;
  /** Index in `SHOWN_STATES`, and cell of the atlas. */
  cell: number;
}

/** Pixels a unit of the marks: they grow from far to near, and on walls looked at from across the room. */
function unitPixels(camera: Camera): number {
  const near = Math.min(1, Math.max(0, (camera.zoom - 10) / 6));
  const wall = Math.max(1, Math.min(1.6, camera.width / 1800));
  return (0.58 + near * 0.8) * wall;
}

interface Uniforms {
  origin: [number, number];
  viewport: [number, number];
  scale: number;
  size: number;
  now: number;
}

/** The WebGL objects; made anew when the browser lost the context. */
class Pipeline {
  readonly #gl: WebGL2RenderingContext;
  readonly #program: WebGLProgram;
  readonly #vertices: WebGLVertexArrayObject;
  readonly #instances: WebGLBuffer;
  #marks = 0;
  readonly #uniforms = new Map<string, WebGLUniformLocation | null>();

  constructor(gl: WebGL2RenderingContext) {
    this.#gl = gl;
    this.#program = link(gl);
    this.#vertices = gl.createVertexArray();
    gl.bindVertexArray(this.#vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, CORNERS, gl.STATIC_DRAW);
    this.#attribute("corner", 2, 0, 0, 0);
    this.#instances = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#instances);
    this.#attribute("path", 4, FLOATS_A_MARK, 0, 1);
    this.#attribute("course", 4, FLOATS_A_MARK, 4, 1);
    this.#attribute("look", 2, FLOATS_A_MARK, 8, 1);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST);
    gl.useProgram(this.#program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.recolour();
  }

  recolour(): void {
    const gl = this.#gl;
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, drawAtlas());
    gl.generateMipmap(gl.TEXTURE_2D);
  }

  upload(data: Float32Array, marks: number): void {
    this.#marks = marks;
    this.#gl.bindBuffer(this.#gl.ARRAY_BUFFER, this.#instances);
    this.#gl.bufferData(this.#gl.ARRAY_BUFFER, data, this.#gl.DYNAMIC_DRAW);
  }

  draw(uniforms: Uniforms): void {
    const gl = this.#gl;
    gl.viewport(0, 0, ...uniforms.viewport);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2fv(this.#uniform("origin"), uniforms.origin);
    gl.uniform2fv(this.#uniform("viewport"), uniforms.viewport);
    gl.uniform1f(this.#uniform("scale"), uniforms.scale);
    gl.uniform1f(this.#uniform("size"), uniforms.size);
    gl.uniform1f(this.#uniform("now"), uniforms.now);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#marks);
  }

  #attribute(name: string, floats: number, stride: number, offset: number, divisor: number): void {
    const gl = this.#gl;
    const at = gl.getAttribLocation(this.#program, name);
    const bytes = Float32Array.BYTES_PER_ELEMENT;
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, floats, gl.FLOAT, false, stride * bytes, offset * bytes);
    gl.vertexAttribDivisor(at, divisor);
  }

  #uniform(name: string): WebGLUniformLocation | null {
    let location = this.#uniforms.get(name);
    if (location === undefined) {
      location = this.#gl.getUniformLocation(this.#program, name);
      this.#uniforms.set(name, location);
    }
    return location;
  }
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX_SHADER],
    [gl.FRAGMENT_SHADER, FRAGMENT_SHADER],
  ] as const) {
    const shader = gl.createShader(kind);
    if (shader === null) throw new Error("the WebGL context is lost");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getShaderInfoLog(shader) ?? "a shader did not compile");
    }
  }
  gl.linkProgram(program);
  return program;
}
