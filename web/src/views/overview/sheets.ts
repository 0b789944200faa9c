/** The overview's tables as they are shown behind a chart and downloaded: one value a cell, rates as fractions. */
import { cellOf, GROUP_COLUMNS, toCsv, type Cell } from "../../state/overview";
import type { Dictionary } from "../../text/zh";
import { SEVERITIES, type Rule } from "../../wire/contract";
import type { Group, Overview, Standing, Step } from "../../wire/overview";
import { count, percent, type Words } from "./figures";

export interface Sheet {
  head: string[];
  rows: Cell[][];
  /** The columns that are rates, from 0. */
  rates: readonly number[];
}

const RATES = ["online", "valid", "complete", "drift", "connected"] as const;
const STANDINGS: readonly Standing[] = ["on_time", "late", "waiting", "overdue", "exempt", "unknown"];

function stepHead({ step }: Overview, words: Words): string {
  return step === "hour" ? words.hour : words.day;
}

function stepStart(step: Step, by: Overview["step"]): string {
  return by === "hour" ? step.begins.slice(0, 16).replace("T", " ") : step.begins.slice(0, 10);
}

export function rateSheet(overview: Overview, words: Words): Sheet {
  return {
    head: [stepHead(overview, words), ...RATES.map((rate) => words.figures[rate]), words.columns.km],
    rows: overview.series.map((step) => [stepStart(step, overview.step), ...RATES.map((rate) => step[rate].rate), step.km]),
    rates: [1, 2, 3, 4, 5],
  };
}

export function severitySheet(overview: Overview, words: Words, page: Dictionary): Sheet {
  return {
    head: [stepHead(overview, words), ...SEVERITIES.map((severity) => page.severities[severity]), words.total],
    rows: overview.series.map((step) => [
      stepStart(step, overview.step),
      ...SEVERITIES.map((severity) => step.by_severity[severity] ?? 0),
      step.alerts,
    ]),
    rates: [],
  };
}

export function ruleSheet(overview: Overview, rules: readonly Rule[], words: Words, page: Dictionary): Sheet {
  return {
    head: [stepHead(overview, words), ...rules.map((rule) => page.rules[rule])],
    rows: overview.series.map((step) => [stepStart(step, overview.step), ...rules.map((rule) => step.by_rule[rule] ?? 0)]),
    rates: [],
  };
}

/** A row a severity, and the whole. */
export function handlingSheet(overview: Overview, words: Words, page: Dictionary): Sheet {
  const rows = [
    ...overview.severities.map((raised) => ({ name: page.severities[raised.severity], raised })),
    { name: words.total, raised: overview.total },
  ];
  return {
    head: [
      words.severity,
      words.figures.alerts,
      ...STANDINGS.map((standing) => words.standings[standing]),
      words.figures.on_time,
      words.columns.false_alarms,
    ],
    rows: rows.map(({ name, raised }) => [
      name,
      raised.alerts,
      ...STANDINGS.map((standing) => raised.standings[standing]),
      raised.on_time.rate,
      raised.false_alarms.rate,
    ]),
    rates: [8, 9],
  };
}

export function groupSheet(groups: readonly Group[], words: Words): Sheet {
  const [name, , ...rest] = GROUP_COLUMNS;
  return {
    head: [words.columns[name], words.csvColumns.in_service, words.csvColumns.buses, ...rest.map((column) => words.columns[column])],
    rows: groups.map((group) => [group.name, group.in_service, group.buses, ...rest.map((column) => cellOf(group, column))]),
    rates: [],
  };
}

/** A cell as it is shown. */
export function shown(sheet: Sheet, value: Cell, column: number, unknown: string): string {
  if (typeof value === "string") return value;
  if (sheet.rates.includes(column)) return percent(value, unknown);
  return value === null ? unknown : count(value, Number.isInteger(value) ? 0 : 1);
}

/** Has the browser keep a table as a file. */
export function download(sheet: Sheet, name: string): void {
  const address = URL.createObjectURL(new Blob([toCsv(sheet.head, sheet.rows)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
