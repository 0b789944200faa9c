/**
 * The mark of each state: a shape of its own, so that colour is never the only sign.
 *
 * Shapes are SVG paths in a box from -10 to 10, pointing north. The status bar shows them as they are
 * (StateMark.svelte); the map draws them from an atlas made here in the theme's colours.
 */
import { SHOWN_STATES, type ShownState } from "../state/fleet";
import { colour } from "./colours";

export interface MarkPart {
  path: string;
  /** Width of the pen; a part without one is filled. */
  pen?: number;
}

function circle(radius: number): string {
  return `M${radius} 0A${radius} ${radius} 0 1 1 ${-radius} 0A${radius} ${radius} 0 1 1 ${radius} 0Z`;
}

export const MARKS: Record<ShownState, MarkPart[]> = {
  speeding: [{ path: "M0-5 3.6 4.2 0 2.2-3.6 4.2Z" }, { path: circle(8.2), pen: 1.6 }],
  deviating: [{ path: "M0-9.2 5.4 0 0 6.2-5.4 0Z" }],
  on_route: [{ path: "M0-8 5.8 6.8 0 3.6-5.8 6.8Z" }],
  off_trip: [{ path: circle(3.8) }],
  silent: [{ path: "M-6.6-6.6H6.6V6.6H-6.6ZM-1.3-4.6V1.2H1.3V-4.6ZM-1.3 2.6V5.2H1.3V2.6Z" }],
  stale: [{ path: circle(5), pen: 2.6 }],
  out_of_service: [{ path: "M-5-5 5 5M5-5-5 5", pen: 2.8 }],
};

const DIGITS = "0123456789";

/** Cells of the atlas: the states, the rings, a disc of a cluster for each state, and the digits. */
export const CHOSEN_CELL = SHOWN_STATES.length;
export const AGE_CELL = CHOSEN_CELL + 1;
export const DISC_CELL = AGE_CELL + 1;
export const DIGIT_CELL = DISC_CELL + SHOWN_STATES.length;
export const CELLS = DIGIT_CELL + DIGITS.length;
/** Half the width of a cell, in the units of the paths: the box and a margin for outlines. */
export const CELL_REACH = 12;
const CELL_PX = 64;

function stamp(pen: CanvasRenderingContext2D, parts: readonly MarkPart[], tone: string, widen: number): void {
  pen.strokeStyle = tone;
  pen.fillStyle = tone;
  for (const part of parts) {
    const shape = new Path2D(part.path);
    if (part.pen === undefined) pen.fill(shape);
    pen.lineWidth = (part.pen ?? 0) + widen;
    if (pen.lineWidth > 0 && (widen > 0 || part.pen !== undefined)) pen.stroke(shape);
  }
}

/** All marks in one row, in the colours of the theme now in force. */
export function drawAtlas(): HTMLCanvasElement {
  const atlas = document.createElement("canvas");
  atlas.width = CELL_PX * CELLS;
  atlas.height = CELL_PX;
  const pen = atlas.getContext("2d");
  if (pen === null) throw new Error("no 2D canvas");
  const scale = CELL_PX / (2 * CELL_REACH);
  pen.lineJoin = "round";
  const inCell = (cell: number, draw: () => void): void => {
    pen.setTransform(scale, 0, 0, scale, (cell + 0.5) * CELL_PX, CELL_PX / 2);
    draw();
  };
  const outline = colour("--mark-outline");
  SHOWN_STATES.forEach((state, cell) => {
    const tone = colour(`--state-${state}`);
    inCell(cell, () => {
      stamp(pen, MARKS[state], outline, 2.4);
      stamp(pen, MARKS[state], tone, 0);
    });
    inCell(DISC_CELL + cell, () => {
      stamp(pen, [{ path: circle(9.6) }], colour("--cluster"), 0);
      stamp(pen, [{ path: circle(9.6), pen: 2 }], outline, 1);
      stamp(pen, [{ path: circle(9.6), pen: 1.5 }], tone, 0);
    });
  });
  inCell(CHOSEN_CELL, () => stamp(pen, [{ path: circle(10.6), pen: 1.4 }], colour("--mark-chosen"), 0));
  inCell(AGE_CELL, () => stamp(pen, [{ path: circle(10.6), pen: 1 }], colour("--state-silent"), 0));
  pen.font = `600 21px ${getComputedStyle(document.documentElement).fontFamily}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colour("--text");
  [...DIGITS].forEach((digit, at) => inCell(DIGIT_CELL + at, () => pen.fillText(digit, 0, 1)));
  return atlas;
}
