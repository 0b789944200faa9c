/** The WebGL objects that draw marks: one square each, all in one instanced draw. */
import { FRAGMENT_SHADER, VERTEX_SHADER } from "./bus-shaders";
import { drawAtlas } from "./marks";

/** From and to, headings, start and duration, then cell, size, opacity and shift: see bus-shaders.ts. */
export const FLOATS_A_MARK = 12;
const CORNERS = new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]);

export interface Uniforms {
  origin: [number, number];
  viewport: [number, number];
  scale: number;
  size: number;
  now: number;
}

/** Made anew when the browser lost the context. */
export class Pipeline {
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
    this.#attribute("look", 4, FLOATS_A_MARK, 8, 1);
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

  /** `data` holds `marks` marks and perhaps more. */
  upload(data: Float32Array, marks: number): void {
    this.#marks = marks;
    this.#gl.bindBuffer(this.#gl.ARRAY_BUFFER, this.#instances);
    this.#gl.bufferData(this.#gl.ARRAY_BUFFER, data, this.#gl.DYNAMIC_DRAW, 0, marks * FLOATS_A_MARK);
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
