/**
 * The sheet of paper: how high each block is, in millimetres, so that one page always holds all.
 *
 * Every row of a table has one height and one line of text. So what is left for the fixes follows from the
 * rest by arithmetic, on screen and on paper alike, and nothing needs to be measured.
 */
export const PAGE = { width: 210, height: 296.5, margin: 10 } as const;
export const WIDTH = PAGE.width - 2 * PAGE.margin;
const HEIGHT = PAGE.height - 2 * PAGE.margin;

/** From the heading to the foot. */
const BLOCKS = 9;
export const GAP = 2.4;
export const HEAD = 12;
export const CLAIM = 10.4;
export const FACT_ROW = 4.1;
export const LAW_ROW = 3.9;
export const PARAMETER_ROW = 3.1;
export const MAP = { width: 118, height: 70 } as const;
export const CHART = { width: WIDTH, height: 31 } as const;
export const TABLE_HEAD = 8.2;
export const FIX_ROW = 3.45;
export const FOOT = 16.5;
export const STEP_ROW = 7.1;
/** Steps of the handling that fit beside the map, under its heading. */
export const STEPS = Math.floor((MAP.height - 5) / STEP_ROW);
/** The fixes stand in so many columns side by side. */
export const FIX_COLUMNS = 2;

/** Letters of the parameters' type, in millimetres, on the safe side: a Chinese one and any other. */
const LETTER = { chinese: 2.4, other: 1.34 };

/** How many rows a text takes in the parameters' type. */
export function parameterRows(text: string): number {
  const wide = [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? LETTER.chinese : LETTER.other), 0);
  return Math.ceil(wide / WIDTH);
}

/** How many fixes the page has room for, with so many rows of facts, of law and of parameters. */
export function roomForFixes(factRows: number, lawRows: number, numberRows: number): number {
  const fixed = HEAD + CLAIM + factRows * FACT_ROW + lawRows * LAW_ROW + numberRows * PARAMETER_ROW + MAP.height + CHART.height + FOOT;
  const left = HEIGHT - fixed - (BLOCKS - 1) * GAP - TABLE_HEAD;
  return Math.max(0, Math.floor(left / FIX_ROW)) * FIX_COLUMNS;
}
