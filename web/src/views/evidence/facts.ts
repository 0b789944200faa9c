/** The rows of facts on the sheet, in words, and the sentence that says what happened. */
import { doubts, duration, gravity, whole } from "../../text/format";
import type { Dictionary } from "../../text/zh";
import { dayOf, timeOfDay } from "../../text/zone";
import type { EvidenceSheet } from "../../wire/evidence";
import type { Matter } from "../../sheet/matter";
import type { SheetWords } from "./words";

export interface Fact {
  name: string;
  value: string;
  /** Printed bold. */
  heavy?: boolean;
}

const tenth = (value: number | undefined): string => (value === undefined ? "—" : value.toFixed(1));

/** The time, with its day where that is not the day of the start. */
export function momentOf(ms: number, startMs: number): string {
  return dayOf(ms) === dayOf(startMs) ? timeOfDay(ms) : `${dayOf(ms)} ${timeOfDay(ms)}`;
}

function parts(...texts: (string | null | undefined | false)[]): string {
  return texts.filter(Boolean).join(" · ");
}

/** What happened, in a sentence. */
export function claimOf(sheet: EvidenceSheet, matter: Matter, common: Dictionary, words: SheetWords): string {
  const { alert, approval } = sheet;
  const { evidence } = alert;
  return words.claims[alert.rule]({
    plate: sheet.bus?.plate ?? alert.bus_id,
    route: approval?.name ?? null,
    from: `${dayOf(matter.startMs)} ${timeOfDay(matter.startMs)}`,
    to: matter.endMs === null ? null : momentOf(matter.endMs, matter.startMs),
    lasted: matter.endMs === null ? "" : duration(matter.endMs - matter.startMs, common),
    peakAt: momentOf(matter.peakMs, matter.startMs),
    speed: tenth(evidence.speed_kmh),
    limit: evidence.limit_kmh === undefined ? "—" : whole(evidence.limit_kmh),
    over: tenth(evidence.over_percent),
    off: tenth(evidence.off_line_m),
    corridor: whole(evidence.corridor_m ?? 0),
    back: whole(evidence.back_m ?? 0),
    skipped: evidence.stops_skipped ?? 0,
    stood: duration((evidence.stood_s ?? 0) * 1000, common),
    silent: duration((evidence.silent_s ?? 0) * 1000, common),
    faults: (evidence.faults ?? []).map((fault) => common.faults[fault]).join(" · "),
  });
}

function measured(sheet: EvidenceSheet, common: Dictionary, words: SheetWords): string {
  const { evidence, rule } = sheet.alert;
  switch (rule) {
    case "speeding":
      return words.speedOver(tenth(evidence.speed_kmh), whole(evidence.limit_kmh ?? 0), tenth(evidence.over_percent));
    case "deviation":
      return words.off(tenth(evidence.off_line_m), whole(evidence.corridor_m ?? 0));
    case "unapproved_operation":
      return parts(gravity(sheet.alert, common), words.speedOf(tenth(evidence.speed_kmh)));
    case "off_hours":
      return words.speedOf(tenth(evidence.speed_kmh));
    default:
      return gravity(sheet.alert, common) || words.noBound;
  }
}

/** What set the bound that was broken; none for a rule without one. */
function bounds(sheet: EvidenceSheet, common: Dictionary, words: SheetWords): Fact[] {
  const { limit, approval } = sheet;
  if (limit !== null) {
    const { stretch, zone, advisory } = limit;
    const value = parts(
      common.limitReasons[limit.reason],
      stretch !== null && words.stretch(whole(stretch.from_m), whole(stretch.to_m)),
      zone !== null && words.limitZone(zone.name),
      advisory !== null && words.advisory(advisory.name, advisory.issued_by),
    );
    return [{ name: words.bound, value }];
  }
  if (sheet.alert.rule !== "deviation" || approval === null) return [];
  return [{ name: words.bound, value: words.corridorOf(whole(approval.corridor_m)) }];
}

/** What the alert says. */
export function alertFacts(sheet: EvidenceSheet, matter: Matter, common: Dictionary, words: SheetWords): Fact[] {
  const { alert } = sheet;
  const { evidence } = alert;
  const moment = (ms: number) => momentOf(ms, matter.startMs);
  return [
    { name: words.ruleAndSeverity, value: parts(common.rules[alert.rule], common.severities[alert.severity]), heavy: true },
    { name: words.handling, value: common.statuses[alert.status] },
    { name: words.start, value: `${dayOf(matter.startMs)} ${timeOfDay(matter.startMs)}` },
    {
      name: words.end,
      value: matter.endMs === null ? words.goingOn : parts(moment(matter.endMs), words.lasting(duration(matter.endMs - matter.startMs, common))),
    },
    { name: words.peak, value: moment(matter.peakMs) },
    { name: words.detected, value: parts(moment(Date.parse(alert.detected_at)), alert.found_late && words.foundLate) },
    { name: words.measured, value: measured(sheet, common, words), heavy: true },
    ...bounds(sheet, common, words),
    {
      name: words.place,
      value: parts(
        `${evidence.peak_lon.toFixed(5)}, ${evidence.peak_lat.toFixed(5)}`,
        evidence.chainage_m !== undefined && words.chainage(whole(evidence.chainage_m)),
      ),
    },
    { name: words.violating, value: parts(words.fixCount(evidence.fixes), doubts(sheet.fixes, common)) },
  ];
}

/** Whose it is, and by which papers. */
export function busFacts(sheet: EvidenceSheet, matter: Matter, common: Dictionary, words: SheetWords): Fact[] {
  const { alert, bus, driver, approval, assignment, waiver } = sheet;
  const missing = (named: string | undefined) => (named === undefined ? words.none : `${named} · ${words.gone}`);
  const { evidence } = alert;
  return [
    { name: words.bus, value: bus === null ? missing(alert.bus_id) : parts(bus.plate, alert.bus_id, `${common.seats} ${common.seatCount(bus.seats)}`), heavy: true },
    { name: words.sign, value: bus === null ? words.noBound : parts(bus.sign_number, words.until(bus.sign_expires)) },
    { name: words.inspection, value: bus === null ? words.noBound : words.until(bus.inspection_expires) },
    { name: words.operatorAndSchool, value: bus === null ? words.noBound : parts(bus.operator, bus.school) },
    { name: words.driver, value: driver === null ? missing(evidence.driver_id) : parts(driver.name, driver.driver_id, words.qualified(driver.qualified_until)) },
    { name: words.approval, value: approval === null ? missing(evidence.approval_id) : parts(approval.number, approval.approval_id, words.edition(approval.version)), heavy: true },
    { name: words.validity, value: approval === null ? words.noBound : words.span(approval.valid_from, approval.valid_to) },
    {
      name: words.route,
      value: approval === null ? words.noBound : parts(approval.name, common.direction[approval.direction], words.corridorOf(whole(approval.corridor_m))),
    },
    {
      name: words.window,
      value: assignment === null ? words.noBound : parts(`${assignment.starts.slice(0, 5)}–${assignment.ends.slice(0, 5)}`, words.weekdays(assignment.weekdays)),
    },
    {
      name: words.waiver,
      value:
        waiver === null
          ? missing(evidence.waiver_id)
          : words.waived(
              common.waiverReasons[waiver.reason],
              waiver.approved_by,
              momentOf(Date.parse(waiver.from), matter.startMs),
              momentOf(Date.parse(waiver.to), matter.startMs),
            ) + (waiver.revoked_at === null ? "" : words.revoked),
    },
  ];
}

/** The parameters that the rule goes by, as `name value`. */
export function ruleParameters(sheet: EvidenceSheet): string {
  const { group, values } = sheet.parameters;
  return Object.entries(values[group] ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(" · ");
}
