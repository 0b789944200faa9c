/**
 * The buses as instances of one square each. The vertex shader moves a bus along its motion, so that an
 * animation frame costs one draw call and no script; the fragment shader only looks the mark up, because
 * PCs without a graphics card run it on the processor.
 */
import { CELL_REACH, CELLS } from "./marks";

export const VERTEX_SHADER = `#version 300 es
in vec2 corner;
in vec4 path;    // from and to, metres from the origin
in vec4 course;  // heading from and to; start and duration, seconds
in vec4 look;    // cell of the atlas; size among marks; opacity; shift to the right in widths of a mark

uniform vec2 origin;    // where the origin lies on the canvas, pixels
uniform vec2 viewport;  // pixels
uniform float scale;    // pixels a metre
uniform float size;     // pixels a unit of the marks' paths
uniform float now;      // seconds

out vec2 place;
out float opacity;

void main() {
  float share = course.w > 0.0 ? clamp((now - course.z) / course.w, 0.0, 1.0) : 1.0;
  vec2 metres = mix(path.xy, path.zw, share);
  float heading = mix(course.x, course.y, share);
  vec2 turned = mat2(cos(heading), sin(heading), -sin(heading), cos(heading)) * corner + vec2(look.w, 0.0);
  vec2 pixel = origin + vec2(metres.x, -metres.y) * scale + turned * (look.y * size * ${CELL_REACH.toFixed(1)});
  gl_Position = vec4(pixel / viewport * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
  place = vec2((look.x + 0.5 + 0.5 * corner.x) / ${CELLS.toFixed(1)}, 0.5 + 0.5 * corner.y);
  opacity = look.z;
}`;

export const FRAGMENT_SHADER = `#version 300 es
precision mediump float;
in vec2 place;
in float opacity;
uniform sampler2D atlas;
out vec4 colour;

void main() {
  colour = texture(atlas, place) * opacity;
}`;
