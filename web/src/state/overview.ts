/** The overview's figures as they are laid out: changes, stacks, sorted tables, sheets of values. */
import { RULES, SEVERITIES, type Rule, type SchoolDay, type Severity } from "../wire/contract";
import type { Group, Overview, Step, Total } from "../wire/overview";

/** Figures that are a rate. */
export const RATES = ["online", "valid", "complete", "drift", "connected", "on_time"] as const;
export type Rate = (typeof RATES)[number];
/** The figures at the head of the page, in their order. */
export const HEAD_FIGURES = [...RATES, "km", "alerts"] as const;
export type HeadFigure = (typeof HEAD_FIGURES)[number];

export function isRate(figure: HeadFigure): figure is Rate {
  return RATES.some((rate) => rate === figure);
}

/** Of which figures less is better; kilometres are neither. */
const BETTER: Record<HeadFigure, -1 | 0 | 1> = {
  online: 1, valid: 1, complete: 1, drift: -1, connected: 1, on_time: 1, km: 0, alerts: -1,
};

export interface Change {
  /** Points of a percentage for a rate, a part of what was before for a count. */
  by: number;
  better: boolean | null;
}

/** Changes of less than what is shown are none. */
const LEAST = 0.00005;

function valueOf(figures: Total, figure: HeadFigure): number | null {
  return isRate(figure) ? figures[figure].rate : figures[figure];
}

/** How a figure has changed since the span before; null where one of the two is not known. */
export function changeOf(figure: HeadFigure, now: Total, before: Total): Change | null {
  const [value, was] = [valueOf(now, figure), valueOf(before, figure)];
  if (value === null || was === null) return null;
  if (!isRate(figure) && was === 0) return null;
  const by = isRate(figure) ? value - was : value / was - 1;
  const better = Math.abs(by) < LEAST || BETTER[figure] === 0 ? null : by * BETTER[figure] > 0;
  return { by: Math.abs(by) < LEAST ? 0 : by, better };
}

/** A figure over the steps, for a line; null where it is not known, as on a day off. On-time shares have no steps. */
export function lineOf(series: readonly Step[], figure: HeadFigure): (number | null)[] | null {
  if (figure === "on_time") return null;
  return series.map((step) => {
    if (isRate(figure)) return step[figure].rate;
    return step.online.whole === 0 && step.km === 0 && step.alerts === 0 ? null : step[figure];
  });
}

/** One part of a stack, from `from` to `to` of its bar. */
export interface Layer {
  severity: Severity;
  from: number;
  to: number;
}

/** A bar of a step's alerts, the gravest at the bottom; empty layers are left out. */
export function stackOf(step: Pick<Step, "by_severity">): Layer[] {
  let from = 0;
  return SEVERITIES.flatMap((severity) => {
    const count = step.by_severity[severity] ?? 0;
    const layer = { severity, from, to: (from += count) };
    return count === 0 ? [] : [layer];
  });
}

/** A round number at or above a value, for the top of a scale: 1, 2, 5 and their tens. */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const ten = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * ten).find((round) => round >= value) ?? value;
}

/** The rules that raised any, the most frequent first, each with its counts over the steps. */
export function rulesOver(overview: Pick<Overview, "series" | "rules">): { rule: Rule; alerts: number; counts: number[] }[] {
  return RULES.flatMap((rule) => {
    const alerts = overview.rules.find((of) => of.rule === rule)?.alerts ?? 0;
    return alerts === 0 ? [] : [{ rule, alerts, counts: overview.series.map((step) => step.by_rule[rule] ?? 0) }];
  }).sort((one, other) => other.alerts - one.alerts);
}

/** Whether no school teaches on any of the days. */
export function isDayOff(days: readonly SchoolDay[]): boolean {
  return days.length > 0 && days.every((day) => day.weekday === null);
}

export const GROUP_COLUMNS = [
  "name", "buses", "online", "valid", "complete", "drift", "connected", "km", "alerts", "per_1000_km", "false_alarms", "on_time",
] as const;
export type GroupColumn = (typeof GROUP_COLUMNS)[number];

/** What a group has in a column; null where it is not known. */
export function cellOf(group: Group, column: GroupColumn): number | string | null {
  switch (column) {
    case "name":
    case "buses":
    case "km":
    case "alerts":
      return group[column];
    case "per_1000_km":
      return group.alerts_per_1000_km;
    default:
      return group[column].rate;
  }
}

export interface Order {
  by: GroupColumn;
  descending: boolean;
}

/** Groups whose name holds a text, in an order; what is not known comes last either way, ties go by name. */
export function arrange(groups: readonly Group[], order: Order, search: string): Group[] {
  const wanted = search.trim().toLowerCase();
  const compareNames = (one: Group, other: Group) => one.name.localeCompare(other.name, "zh-CN");
  return groups
    .filter((group) => group.name.toLowerCase().includes(wanted))
    .sort((one, other) => {
      const [a, b] = [cellOf(one, order.by), cellOf(other, order.by)];
      if (a === null || b === null) return a === b ? compareNames(one, other) : a === null ? 1 : -1;
      const sign = order.descending ? -1 : 1;
      if (typeof a === "string" || typeof b === "string") return sign * compareNames(one, other);
      return sign * (a - b) || compareNames(one, other);
    });
}

/** The order after a click on a column: names rise first, figures fall; a second click turns it round. */
export function reorder(order: Order, by: GroupColumn): Order {
  return order.by === by ? { by, descending: !order.descending } : { by, descending: by !== "name" };
}

export type Cell = string | number | null;

/** A table as comma-separated values that spreadsheets open: with a byte-order mark, and no text that they would run. */
export function toCsv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell): string => {
    if (value === null) return "";
    if (typeof value === "number") return String(Number(value.toFixed(6)));
    const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  };
  return `\ufeff${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}
