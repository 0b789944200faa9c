/** Numbers of the overview as people read them, and its sheets as they are downloaded. */
import { cellOf, GROUP_COLUMNS, isRate, stackOf, type Change, type HeadFigure } from "../../state/overview";
import type { Dictionary } from "../../text/zh";
import type { Group, Overview, Step, Total } from "../../wire/overview";
import type { overviewWords } from "./words";

export type Words = ReturnType<typeof overviewWords>;

const grouped = [0, 1, 2].map((digits) => new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }));

/** 12,345.6 */
export function count(value: number, digits: 0 | 1 | 2 = 0): string {
  return grouped[digits]?.format(value) ?? "";
}

/** 2.66亿 or 266M: a large number whose last digits nobody reads. */
export function about(value: number, language: string): string {
  return value < 100_000 ? count(value) : new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

/** 99.54%; only all is 100 %, and only nothing 0 %. */
export function percent(rate: number | null, unknown: string): string {
  if (rate === null) return unknown;
  const shown = rate < 1 ? Math.min(Math.round(rate * 1e4), 9999) : 10_000;
  return `${((rate > 0 ? Math.max(shown, 1) : 0) / 100).toFixed(2)}%`;
}

/** The value of a figure, the large number of its card. */
export function headline(figure: HeadFigure, total: Total, unknown: string): string {
  if (isRate(figure)) return percent(total[figure].rate, unknown);
  return count(total[figure]);
}

/** What a figure is made of, the small line below it. */
export function makeUp(figure: HeadFigure, total: Total, days: number, words: Words, page: Dictionary): string {
  const { unknown, htmlLang } = page;
  switch (figure) {
    case "online":
      return words.parts.online(count(total.online.part), count(total.online.whole), days);
    case "valid":
      return words.parts.valid(about(total.valid.whole - total.valid.part, htmlLang), about(total.valid.whole, htmlLang));
    case "on_time":
      return words.parts.on_time(count(total.on_time.part), count(total.on_time.whole));
    case "complete":
      return words.parts.complete(count(total.complete.part), count(total.complete.whole));
    case "drift":
      return words.parts.drift(about(total.jumps, htmlLang), about(total.frozen, htmlLang));
    case "connected":
      return words.parts.connected(count(total.connected.part / 60), count(total.connected.whole / 60));
    case "km":
      return words.parts.km(count(total.bus_hours), `${count(total.trips.part)}/${count(total.trips.whole)}`);
    case "alerts": {
      const per = total.alerts_per_1000_km;
      return words.parts.alerts(per === null ? unknown : count(per, 1), percent(total.false_alarms.rate, unknown));
    }
  }
}

/** ▲ 0.32 个百分点 */
export function changeText(figure: HeadFigure, change: Change | null, words: Words): string {
  if (change === null) return words.noChange;
  if (change.by === 0) return words.unchanged;
  const size = (Math.abs(change.by) * 100).toFixed(isRate(figure) ? 2 : 1);
  return `${change.by > 0 ? "▲" : "▼"} ${isRate(figure) ? words.points(size) : `${size}%`}`;
}

/** 09:00 for a step of an hour, 9-01 for one of a day. */
export function stepName(step: Step, by: Overview["step"]): string {
  return by === "hour" ? step.begins.slice(11, 16) : step.begins.slice(5, 10).replace(/^0/, "");
}

/** The cell of a table as it is shown. */
export function groupCell(group: Group, column: (typeof GROUP_COLUMNS)[number], unknown: string): string {
  const value = cellOf(group, column);
  if (column === "buses") return `${group.in_service} / ${group.buses}`;
  if (value === null) return unknown;
  if (typeof value === "string") return value;
  if (column === "alerts") return count(value);
  if (column === "km") return count(value);
  if (column === "per_1000_km") return count(value, 1);
  return percent(value, unknown);
}

/** Pixels of a line of small type, by which charts are measured: larger on a wall than on a desk. */
export function typePx(): number {
  return 0.857 * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** A bar's layers in words, for those who do not see it. */
export function stackText(step: Step, page: Dictionary): string {
  return stackOf(step).map(({ severity, from, to }) => `${page.severities[severity]} ${to - from}`).join(" · ");
}
