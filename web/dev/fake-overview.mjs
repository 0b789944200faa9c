/**
 * A made-up overview of any days: Saturdays and Sundays are off, the seventh of a month is a holiday with a name, every
 * figure follows from its day and school alone, and the parts add up to the whole.
 */

const DAY_MS = 86_400_000;
const SEVERITIES = ["critical", "serious", "warning"];
const RULES = { speeding: 0.42, deviation: 0.27, long_stop: 0.12, silent: 0.1, trip_not_begun: 0.06, off_hours: 0.03 };
const DEADLINES_S = { critical: 180, serious: 600, warning: 3600 };
/** Of 24 hours how much of a day's trips lies in each. */
const HOURS = { 6: 0.2, 7: 0.25, 8: 0.05, 16: 0.2, 17: 0.22, 18: 0.08 };

/** 0 to 1, the same for the same text. */
function chance(text) {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

const ratio = (part, whole) => ({ part, whole, rate: whole === 0 ? null : part / whole });

/** Sums of everything, from which all rates come. */
function nothing() {
  const zero = (names) => Object.fromEntries(names.map((name) => [name, 0]));
  return {
    ...zero(["due", "online", "fixes", "valid", "jumps", "frozen", "metres", "unseen", "minutesDue", "connected", "trips", "seen", "alerts", "wrong"]),
    top: 0, rules: zero(Object.keys(RULES)), severities: zero(SEVERITIES),
    standings: Object.fromEntries(SEVERITIES.map((severity) => [severity, zero(["on_time", "late", "waiting", "overdue", "exempt", "unknown"])])),
  };
}

function add(sum, part) {
  for (const [name, value] of Object.entries(part)) {
    if (typeof value === "object") add(sum[name], value);
    else sum[name] = name === "top" ? Math.max(sum.top, value) : sum[name] + value;
  }
  return sum;
}

/** One school's buses of one operator in a part of a day. */
function work(name, buses, day, share, label) {
  const luck = (what) => chance(`${name} ${day} ${label} ${what}`);
  const found = nothing();
  if (share === 0) return found;
  const online = Math.max(0, buses - (luck("away") < 0.06 ? 1 : 0));
  const fixes = Math.round(online * 14_400 * share);
  const bad = Math.round(fixes * 0.004 * luck("bad"));
  const metres = online * 52_000 * share * (0.9 + 0.2 * luck("km"));
  const alerts = Math.round(buses * share * 0.5 * luck("alerts") * (luck("many") < 0.05 ? 4 : 1));
  add(found, {
    due: buses, online, fixes, valid: fixes - bad, jumps: Math.round(bad * 0.5), frozen: Math.round(bad * 0.2), metres,
    unseen: metres * 0.02 * luck("gaps"), minutesDue: Math.round(buses * 240 * share), trips: Math.round(buses * 4 * share),
    top: 52 + 30 * luck("top"),
  });
  found.connected = Math.round(found.minutesDue * (online / buses) * (1 - 0.01 * luck("link")));
  found.seen = Math.round((found.trips * online) / buses);
  for (let nth = 0; nth < alerts; nth++) {
    let left = luck(`rule${nth}`);
    const rule = Object.keys(RULES).find((each) => (left -= RULES[each]) <= 0) ?? "speeding";
    const severity = luck(`grave${nth}`) < 0.12 ? "critical" : luck(`grave${nth}`) < 0.45 ? "serious" : "warning";
    const fate = luck(`fate${nth}`);
    found.alerts++;
    found.rules[rule]++;
    found.severities[severity]++;
    found.wrong += luck(`wrong${nth}`) < 0.04 ? 1 : 0;
    found.standings[severity][fate < 0.86 ? "on_time" : fate < 0.95 ? "late" : "overdue"]++;
  }
  return found;
}

function figures(sum) {
  return {
    online: ratio(sum.online, sum.due), valid: ratio(sum.valid, sum.fixes),
    complete: ratio((sum.metres - sum.unseen) / 1000, sum.metres / 1000), drift: ratio(sum.jumps + sum.frozen, sum.fixes),
    jumps: sum.jumps, frozen: sum.frozen, connected: ratio(sum.connected, sum.minutesDue), trips: ratio(sum.seen, sum.trips),
    km: Math.round(sum.metres / 100) / 10, bus_hours: sum.connected / 60, top_speed_kmh: sum.top || null,
  };
}

function raised(alerts, severities, standings, wrong) {
  const judged = standings.on_time + standings.late + standings.overdue;
  return { alerts, by_severity: severities, false_alarms: ratio(wrong, alerts), standings, on_time: ratio(standings.on_time, judged) };
}

function total(sum) {
  const standings = SEVERITIES.reduce((all, severity) => add(all, sum.standings[severity]), { on_time: 0, late: 0, waiting: 0, overdue: 0, exempt: 0, unknown: 0 });
  return {
    ...figures(sum), ...raised(sum.alerts, sum.severities, standings, sum.wrong),
    alerts_per_1000_km: sum.metres === 0 ? null : Math.round((sum.alerts / sum.metres) * 1e8) / 100,
  };
}

const some = (counts) => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

export function overview(query, buses, nowMs) {
  const zoned = (ms) => new Date(ms + 8 * 3_600_000).toISOString().replace("Z", "+08:00");
  const today = zoned(nowMs).slice(0, 10);
  const from = query.get("from") ?? today;
  const to = query.get("to") ?? from;
  const at = (day) => Date.parse(`${day}T00:00:00+08:00`);
  const length = Math.round((at(to) - at(from)) / DAY_MS) + 1;
  const days = Array.from({ length }, (_, n) => zoned(at(from) + n * DAY_MS).slice(0, 10)).map((day) => {
    const weekday = new Date(day).getUTCDay() || 7;
    const off = day.slice(8) === "07" ? "校运动会" : null;
    return { day, weekday: weekday > 5 || off !== null ? null : weekday, day_off: off };
  });
  const byHour = length === 1;
  const steps = byHour
    ? Array.from({ length: 24 }, (_, hour) => ({ begins: at(from) + (hour * DAY_MS) / 24, ...days[0], share: HOURS[hour] ?? 0 }))
    : days.map((day) => ({ begins: at(day.day), ...day, share: 1 }));
  const parts = new Map(); // school and operator, with how many of their buses are in service
  for (const { school, operator, state } of buses) {
    const part = parts.get(`${school} ${operator}`) ?? { school, operator, buses: 0, in_service: 0 };
    part.buses++;
    part.in_service += state === "in_service" ? 1 : 0;
    parts.set(`${school} ${operator}`, part);
  }
  const whole = nothing();
  const schools = new Map();
  const operators = new Map();
  const series = steps.map(({ begins, day, weekday, share }) => {
    const sum = nothing();
    for (const part of parts.values()) {
      const name = `${part.school} ${part.operator}`;
      const found = work(name, part.in_service, day, weekday === null || begins > nowMs ? 0 : share, begins);
      add(sum, found);
      for (const [groups, key] of [[schools, part.school], [operators, part.operator]]) {
        groups.set(key, add(groups.get(key) ?? nothing(), found));
      }
    }
    add(whole, sum);
    return { begins: zoned(begins), ...figures(sum), alerts: sum.alerts, by_rule: some(sum.rules), by_severity: some(sum.severities) };
  });
  if (byHour) {
    // A bus that has six hours with trips is one bus on its day.
    const inHours = Math.max(series.filter((step) => step.online.whole > 0).length, 1);
    for (const sum of [whole, ...schools.values(), ...operators.values()]) {
      sum.due = Math.round(sum.due / inHours);
      sum.online = Math.min(Math.ceil(sum.online / inHours), sum.due);
    }
  }
  const groups = (sums, of) =>
    [...sums].map(([name, sum]) => {
      const mine = buses.filter((bus) => bus[of] === name);
      return { name, buses: mine.length, in_service: mine.filter((bus) => bus.state === "in_service").length, ...total(sum) };
    });
  const before = structuredClone(whole);
  for (const name of ["online", "valid", "connected", "metres"]) before[name] *= 0.99;
  const first = zoned(at(from) - length * DAY_MS).slice(0, 10);
  const last = zoned(at(from) - DAY_MS).slice(0, 10);
  return {
    from, to, step: byHour ? "hour" : "day", now: zoned(nowMs), counted: { from: null, until: zoned(nowMs - 40_000) }, days,
    deadlines_s: DEADLINES_S, total: total(whole), series,
    rules: Object.keys(RULES).filter((rule) => whole.rules[rule] > 0).map((rule) => ({
      rule, ...raised(whole.rules[rule], whole.severities, { on_time: whole.rules[rule], late: 0, waiting: 0, overdue: 0, exempt: 0, unknown: 0 }, 0),
    })),
    severities: SEVERITIES.map((severity) => {
      const only = { critical: 0, serious: 0, warning: 0, [severity]: whole.severities[severity] };
      return { severity, ...raised(whole.severities[severity], only, whole.standings[severity], 0) };
    }),
    schools: groups(schools, "school"), operators: groups(operators, "operator"),
    before: { from: first, to: last, until: to === today ? zoned(nowMs - length * DAY_MS) : null, whole: true, total: total(before) },
  };
}
