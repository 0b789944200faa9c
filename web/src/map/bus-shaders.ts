/**
 * The buses as instances of one square each. The vertex shader moves a bus along its motion, so that an
 * animation frame costs one draw call and no script; the fragment shader draws its mark from distances,
 * sharp at every size.
 */

/** Shapes in the order of `SHOWN_STATES`; the marks of the status bar (StateMark.svelte) match them. */
export const VERTEX_SHADER = `#version 300 es
in vec2 corner;
in vec4 path;    // from and to, metres from the origin
in vec4 course;  // heading from and to; start and duration, seconds
in vec2 look;    // shape; 1 when chosen

uniform vec2 origin;    // where the origin lies on the canvas, pixels
uniform vec2 viewport;  // pixels
uniform float scale;    // pixels a metre
uniform float size;     // pixels from the middle of a mark to its tip
uniform float now;      // seconds

out vec2 at;
flat out int shape;
flat out float chosen;

const float REACH = 2.1;  // the square, in tips: room for rings and outlines

void main() {
  float share = course.w > 0.0 ? clamp((now - course.z) / course.w, 0.0, 1.0) : 1.0;
  vec2 metres = mix(path.xy, path.zw, share);
  float heading = mix(course.x, course.y, share);
  vec2 turned = mat2(cos(heading), -sin(heading), sin(heading), cos(heading)) * (corner * REACH);
  vec2 pixel = origin + vec2(metres.x, -metres.y) * scale + vec2(turned.x, -turned.y) * size;
  gl_Position = vec4(pixel / viewport * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
  at = corner * REACH;
  shape = int(look.x);
  chosen = look.y;
}`;

export const FRAGMENT_SHADER = `#version 300 es
precision highp float;
in vec2 at;
flat in int shape;
flat in float chosen;

uniform vec3 fills[6];
uniform vec3 outline;
uniform vec3 ring;
uniform float size;

out vec4 colour;

float polygon(vec2 p, vec2 corners[4]) {
  float nearest = dot(p - corners[0], p - corners[0]);
  float side = 1.0;
  for (int i = 0, j = 3; i < 4; j = i, i++) {
    vec2 edge = corners[j] - corners[i];
    vec2 away = p - corners[i];
    vec2 beside = away - edge * clamp(dot(away, edge) / dot(edge, edge), 0.0, 1.0);
    nearest = min(nearest, dot(beside, beside));
    bvec3 crossed = bvec3(p.y >= corners[i].y, p.y < corners[j].y, edge.x * away.y > edge.y * away.x);
    if (all(crossed) || all(not(crossed))) side = -side;
  }
  return side * sqrt(nearest);
}

float bar(vec2 p, vec2 halves) {
  vec2 beyond = abs(p) - halves;
  return length(max(beyond, 0.0)) + min(max(beyond.x, beyond.y), 0.0);
}

float arrow(vec2 p) {
  return polygon(p, vec2[4](vec2(0.0, 1.0), vec2(0.72, -0.85), vec2(0.0, -0.45), vec2(-0.72, -0.85)));
}

float mark(vec2 p) {
  if (shape == 0) return min(arrow(p / 1.1) * 1.1, abs(length(p) - 1.55) - 0.13);        // speeding: arrow in a ring
  if (shape == 1) return polygon(p, vec2[4](vec2(0.0, 1.45), vec2(0.85, 0.0), vec2(0.0, -0.95), vec2(-0.85, 0.0)));  // deviating: kite
  if (shape == 2) return arrow(p);                                                        // on route: arrow
  if (shape == 3) return length(p) - 0.5;                                                 // off trip: dot
  if (shape == 4) return abs(length(p) - 0.62) - 0.17;                                    // stale: hollow ring
  vec2 slanted = mat2(0.7071, -0.7071, 0.7071, 0.7071) * p;                               // out of service: cross
  return min(bar(slanted, vec2(0.8, 0.17)), bar(slanted, vec2(0.17, 0.8)));
}

void main() {
  float pixels = mark(at) * size;
  float body = 1.0 - smoothstep(-0.6, 0.6, pixels);
  float edge = 1.0 - smoothstep(0.8, 2.0, pixels);
  vec4 ink = vec4(mix(outline, fills[shape], body), 1.0) * edge;
  float halo = chosen * (1.0 - smoothstep(0.8, 2.0, abs(length(at) - 1.9) * size));
  colour = ink + vec4(ring, 1.0) * halo * (1.0 - ink.a);
}`;
