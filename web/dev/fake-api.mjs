/**
 * A made-up API for developing and testing the page without the rest of Buswatch. Never part of the product.
 *
 * Serves docs/interfaces.md over a grid city in which 1,058 buses drive by a seed, speed and stray, and the
 * built page of ../api/page beside it:  node dev/fake-api.mjs [port] [buses] [times]
 * Port 0 takes a free one, and prints it; `times` is how much faster than life its seconds follow each other.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { fakeTracks } from "./fake-tracks.mjs";
import { createGzip, gzipSync } from "node:zlib";
import { overview } from "./fake-overview.mjs";

const PAGE = fileURLToPath(new URL("../../api/page", import.meta.url));
const PORT = Number(process.argv[2] ?? 8901);
const BUSES = Number(process.argv[3] ?? 1058);
const TIMES = Number(process.argv[4] ?? 1);
const OUT_OF_SERVICE = 23;
const SILENT = 9;
const ROUTES = 160;
const CENTRE = [114.3, 30.59];
const M_LAT = 111_320;
const M_LON = M_LAT * Math.cos((CENTRE[1] * Math.PI) / 180);
const BLOCK_M = 800;
const HALF = 14; // blocks from the centre to the edge
const WARM_UP_S = 240; // longer than the deadline of a critical alert: some are raised from the start
const DEADLINE_S = { critical: 180, serious: 600, warning: 3600 };
const TRAIL_S = 300; // of each bus, for the evidence of its alerts

let seed = 20_260_901;
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const between = (low, high) => low + random() * (high - low);
const pick = (items) => items[Math.floor(random() * items.length)];
const lonLat = ([x, y]) => [+(CENTRE[0] + x / M_LON).toFixed(6), +(CENTRE[1] + y / M_LAT).toFixed(6)];
const zoned = (ms) => new Date(ms + 8 * 3_600_000).toISOString().replace("Z", "+08:00");

// ---- what is on record ----

const SCHOOLS = ["光明", "育才", "实验", "滨江", "东湖", "朝阳", "南山", "新城", "翠微", "长春", "和平", "桃源", "青山", "凤凰", "金桥", "云海"]
  .flatMap((name) => [`${name}小学`, `${name}中心小学`, `${name}幼儿园`]);
const PLACES = ["和平里", "长江路", "解放大道", "东风巷", "花园新村", "建设路口", "人民公园", "沿江大道", "科技园", "梅苑", "水果湖", "石桥"];
const NAMES = [..."王李张刘陈杨赵黄周吴"].flatMap((family) => ["建国", "志强", "秀英", "海燕", "国庆", "晓明"].map((given) => family + given));

const routes = Array.from({ length: ROUTES }, (_, at) => {
  const school = SCHOOLS[at % SCHOOLS.length];
  let [x, y] = [Math.round(between(-HALF, HALF)), Math.round(between(-HALF, HALF))];
  const line = [[x, y]];
  let along = random() < 0.5;
  while (line.length < 9) {
    const step = Math.round(between(1, 3)) * (random() < 0.5 ? -1 : 1);
    if (along) x = Math.max(-HALF, Math.min(HALF, x + step));
    else y = Math.max(-HALF, Math.min(HALF, y + step));
    along = !along;
    const [lastX, lastY] = line.at(-1);
    if (lastX !== x || lastY !== y) line.push([x, y]);
  }
  const metres = line.map(([i, j]) => [i * BLOCK_M, j * BLOCK_M]);
  const chainage = [0];
  for (let i = 1; i < metres.length; i++) {
    chainage.push(chainage[i - 1] + Math.hypot(metres[i][0] - metres[i - 1][0], metres[i][1] - metres[i - 1][1]));
  }
  const id = `R${String(at + 1).padStart(4, "0")}`;
  const stops = metres.filter((_, i) => i % 2 === 0).map((place, i) => {
    const [lon, lat] = lonLat(place);
    return { name: `${PLACES[(at * 5 + i * 7) % PLACES.length]}站`, lon, lat, chainage_m: chainage[i * 2] };
  });
  return {
    metres, chainage, length: chainage.at(-1), limit: pick([40, 50, 60]),
    properties: {
      approval_id: `${id}.1`, route_id: id, name: `${school.slice(0, 2)}${(at % 9) + 1}号线`, number: `校车批〔2026〕${101 + at}号`,
      school, direction: at % 2 ? "to_home" : "to_school", corridor_m: 50, stops, limits: [],
    },
  };
});

const buses = Array.from({ length: BUSES }, (_, at) => {
  const route = routes[at % ROUTES];
  const depot = lonLat([between(-HALF, HALF) * BLOCK_M, between(-HALF, HALF) * BLOCK_M]);
  const id = `B${String(at + 1).padStart(4, "0")}`;
  return {
    route, at: random() * route.length, way: random() < 0.5 ? 1 : -1, speed: 0, aim: between(24, 38), stray: 0,
    role: at < OUT_OF_SERVICE ? "out" : at < OUT_OF_SERVICE + SILENT ? "silent" : random() < 0.14 ? "parked" : "driving",
    fault: null, depot, trail: [],
    driver: { driver_id: `D${String(at + 1).padStart(4, "0")}`, name: NAMES[at % NAMES.length], phone: `138${String(10_000_000 + at * 7919).slice(0, 8)}` },
    record: {
      bus_id: id, plate: `鄂A${String.fromCharCode(65 + (at % 23))}${String(1000 + ((at * 37) % 9000)).padStart(4, "0")}`,
      sign_number: `XC-${2026_0000 + at}`, sign_expires: "2027-01-31", inspection_expires: "2027-01-31",
      operator: ["市校车服务公司", "安顺客运公司", "学府运输公司"][at % 3], school: route.properties.school, seats: 19 + (at % 4) * 9,
      district: ["中心区", "东城区", "北城区", "西城区", "南城区"][SCHOOLS.indexOf(route.properties.school) % 5],
      depot, state: at < OUT_OF_SERVICE ? "out_of_service" : "in_service", route_ids: [route.properties.route_id],
    },
  };
});
const busesById = new Map(buses.map((bus) => [bus.record.bus_id, bus]));
const tracks = fakeTracks({ buses, routes, lonLat });

function baseMap() {
  const features = [];
  const road = (type, places) => features.push({ type: "Feature", properties: { class: type }, geometry: { type: "LineString", coordinates: places.map(lonLat) } });
  const edge = HALF * BLOCK_M;
  for (let i = -HALF; i <= HALF; i++) {
    const type = i % 4 === 0 ? "arterial" : "lane";
    road(type, [[i * BLOCK_M, -edge], [i * BLOCK_M, edge]]);
    road(type, [[-edge, i * BLOCK_M], [edge, i * BLOCK_M]]);
  }
  for (const radius of [5_000, 9_500]) {
    road("ring", Array.from({ length: 73 }, (_, i) => [Math.cos((i * Math.PI) / 36) * radius, Math.sin((i * Math.PI) / 36) * radius]));
  }
  road("motorway", [[-edge - 6000, -2600], [-2000, -1400], [3000, 1200], [edge + 6000, 4200]]);
  return { type: "FeatureCollection", features };
}

// ---- what happens ----

const alerts = new Map();
const log = []; // every change, seq = place + 1
const clients = new Set();
let incident = null;
let nowMs = Date.now() - WARM_UP_S * 1000;

function change(alert, kind, by = null, note = null) {
  alert.version = kind === "opened" ? 1 : alert.version + 1;
  const step = { seq: log.length + 1, kind, at: zoned(nowMs), by, note, alert: structuredClone(alert) };
  log.push(step);
  for (const client of clients) send(client, "alert", step);
}

function drive(bus) {
  const { route } = bus;
  const target = bus.fault?.rule === "speeding" ? route.limit * bus.fault.factor : bus.aim;
  bus.speed += Math.max(-2.5, Math.min(2.2, (target - bus.speed) / 3)) * 2;
  bus.at += (bus.way * bus.speed) / 3.6;
  if (bus.at < 0 || bus.at > route.length) {
    bus.way = -bus.way;
    bus.at = Math.max(0, Math.min(route.length, bus.at));
  }
  const away = bus.fault?.rule === "deviation" ? bus.fault.metres : 0;
  bus.stray += Math.max(-9, Math.min(9, away - bus.stray));
  const leg = Math.max(1, route.chainage.findIndex((metres) => metres >= bus.at));
  const [[ax, ay], [bx, by]] = [route.metres[leg - 1], route.metres[leg]];
  const share = (bus.at - route.chainage[leg - 1]) / (route.chainage[leg] - route.chainage[leg - 1]);
  const [dx, dy] = [bx - ax, by - ay];
  const length = Math.hypot(dx, dy);
  bus.lonLat = lonLat([ax + dx * share + (-dy / length) * bus.stray + between(-2, 2), ay + dy * share + (dx / length) * bus.stray + between(-2, 2)]);
  bus.heading = ((Math.atan2(dx * bus.way, dy * bus.way) * 180) / Math.PI + 360) % 360;
}

function newAlert(bus, rule, sinceMs, evidence) {
  const [lon, lat] = bus.lonLat;
  return {
    alert_id: `${bus.record.bus_id}.${rule}.${sinceMs}`, bus_id: bus.record.bus_id, rule, severity: "warning", status: "open",
    started_at: zoned(sinceMs), detected_at: zoned(nowMs), ended_at: null, lon, lat, found_late: false, version: 0, evidence,
    assignee: null, level: 0, due_at: null, false_reason: null,
  };
}

function judge(bus) {
  const { fault, route } = bus;
  if (fault === null) return;
  const over = bus.speed > route.limit * 1.05;
  const off = bus.stray > route.properties.corridor_m;
  const violates = fault.rule === "speeding" ? over : off;
  if (violates && fault.alert === null) fault.since ??= nowMs;
  if (violates && fault.alert === null && nowMs - fault.since >= 5000) {
    fault.alert = newAlert(bus, fault.rule, fault.since, {});
    alerts.set(fault.alert.alert_id, fault.alert);
    measure(bus, fault.alert);
    fault.alert.due_at = deadline(fault.alert);
    change(fault.alert, "opened");
  } else if (violates && fault.alert !== null && measure(bus, fault.alert)) {
    if (fault.alert.due_at > deadline(fault.alert)) fault.alert.due_at = deadline(fault.alert);
    change(fault.alert, "updated");
  }
  if (fault.alert !== null && nowMs - fault.since > fault.lasts && !violates) {
    fault.alert.ended_at = zoned(nowMs);
    change(fault.alert, "ended");
    bus.fault = null;
  } else if (nowMs - (fault.since ?? nowMs) > fault.lasts) Object.assign(fault, { factor: 0.7, metres: 0 });
}

const deadline = (alert) => zoned(nowMs + DEADLINE_S[alert.severity] * 1000);

/** Raises what nobody has taken by its deadline. */
function escalate() {
  for (const alert of alerts.values()) {
    if (alert.due_at === null || alert.due_at > zoned(nowMs)) continue;
    alert.level++;
    alert.due_at = alert.level < 2 ? deadline(alert) : null;
    change(alert, "escalated");
  }
}

/** Writes the peak into the evidence; true when it is a new one. */
function measure(bus, alert) {
  const [peak_lon, peak_lat] = bus.lonLat;
  const old = alert.evidence;
  const fixes = (old.fixes ?? 5) + 1;
  const common = {
    peak_at: zoned(nowMs), peak_lon, peak_lat, fixes, parameters_version: "fake", registry_version: "fake",
    approval_id: bus.route.properties.approval_id, assignment_id: `A${bus.record.bus_id.slice(1)}`, driver_id: bus.driver.driver_id,
    ...(old.waiver_id !== undefined && { waiver_id: old.waiver_id }),
  };
  old.fixes = fixes;
  if (alert.rule === "speeding") {
    const over = (bus.speed / bus.route.limit - 1) * 100;
    if (over <= (old.over_percent ?? 0) + 0.5) return false;
    alert.severity = over >= 50 ? "critical" : over >= 20 ? "serious" : "warning";
    alert.evidence = { ...common, speed_kmh: bus.speed, limit_kmh: bus.route.limit, limit_reason: "posted", over_percent: over };
  } else {
    if (bus.stray <= (old.off_line_m ?? 0) + 2) return false;
    alert.severity = bus.stray >= 200 ? "critical" : bus.stray >= 100 ? "serious" : "warning";
    alert.evidence = { ...common, off_line_m: bus.stray, corridor_m: 50, chainage_m: bus.at };
  }
  if (alert.evidence.waiver_id !== undefined) alert.severity = "warning";
  return true;
}

function startFault() {
  const bus = pick(buses);
  if (bus.role !== "driving" || bus.fault !== null) return;
  bus.fault = {
    rule: random() < 0.6 ? "speeding" : "deviation", since: null, alert: null, lasts: between(25_000, 90_000),
    factor: between(1.12, 1.6), metres: between(70, 260),
  };
}

/** An alert of a bus that is due and sends nothing, from the beginning on. */
function goSilent(bus) {
  const [lon, lat] = bus.lonLat;
  const evidence = { peak_at: zoned(nowMs), peak_lon: lon, peak_lat: lat, fixes: 1, parameters_version: "fake", registry_version: "fake", silent_s: 180 };
  const alert = newAlert(bus, "silent", nowMs, evidence);
  alerts.set(alert.alert_id, alert);
  change(alert, "opened");
}

function row(bus) {
  const [lon, lat] = bus.lonLat;
  const onTrip = bus.role === "driving";
  const state = bus.role === "out" ? "out_of_service" : !onTrip ? "off_trip"
    : bus.stray > 50 ? "deviating" : bus.speed > bus.route.limit * 1.05 ? "speeding" : "on_route";
  return [bus.record.bus_id, bus.fixMs, lon, lat, +bus.speed.toFixed(1), onTrip ? +bus.heading.toFixed(0) : null,
    onTrip ? bus.route.limit : null, onTrip ? +Math.abs(bus.stray).toFixed(1) : null, state];
}

const COLUMNS = ["bus", "time_ms", "lon", "lat", "speed_kmh", "heading", "limit_kmh", "off_m", "state"];
const frame = (moved) => ({ time_ms: nowMs, columns: COLUMNS, rows: moved.map(row) });

function tick() {
  nowMs += 1000;
  const moved = buses.filter((bus) => bus.role === "driving" || bus.role === "parked");
  for (const bus of moved) {
    if (bus.role === "driving") drive(bus);
    bus.fixMs = nowMs;
    bus.trail.push([nowMs, ...bus.lonLat, bus.speed, Math.abs(bus.stray)]);
    if (bus.trail.length > TRAIL_S) bus.trail.shift();
    judge(bus);
  }
  if (random() < 0.3) startFault();
  incidents();
  escalate();
  const live = frame(moved);
  for (const client of clients) send(client, "frame", live);
}

for (const bus of buses) {
  bus.lonLat = bus.depot;
  bus.heading = 0;
  bus.fixMs = nowMs;
}
for (const bus of buses.filter(({ role }) => role === "silent").slice(0, 4)) goSilent(bus);
for (let second = 0; second < WARM_UP_S; second++) tick();

// ---- the way out ----

function send(client, event, data) {
  client.write(`event: ${event}\nid: ${log.length}\ndata: ${JSON.stringify(data)}\n\n`);
}

function live(request, answer) {
  answer.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const seen = Number(request.headers["last-event-id"] ?? log.length);
  send(answer, "frame", frame(buses));
  for (const step of log.slice(seen)) send(answer, "alert", step);
  clients.add(answer);
  request.on("close", () => clients.delete(answer));
}

// One closure: the first three buses that strayed, from the moment there are three.
function incidents() {
  const strayed = [...alerts.values()].filter((alert) => alert.rule === "deviation").slice(0, 3);
  if (incident === null && strayed.length === 3) {
    incident = {
      incident_id: `I.${strayed[0].alert_id}`, lon: strayed[0].lon, lat: strayed[0].lat, first_at: strayed[0].started_at,
      last_at: strayed[2].started_at, ended_at: null, alert_ids: strayed.map((alert) => alert.alert_id),
      bus_ids: strayed.map((alert) => alert.bus_id), route_ids: strayed.map((alert) => alert.evidence.approval_id.split(".")[0]),
    };
    for (const client of clients) send(client, "incident", incident);
  }
  return incident === null ? [] : [incident];
}

// ---- what lies on the ground ----

const waivers = [];

const square = ([lon, lat], metres) => [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => [lon + (x * metres) / M_LON, lat + (y * metres) / M_LAT]);

/** A zone round the last stop of every fourth route. */
function zones() {
  const features = routes.filter((_, at) => at % 4 === 0).map(({ properties }, at) => {
    const ring = square([properties.stops.at(-1).lon, properties.stops.at(-1).lat], 220);
    return { type: "Feature", properties: { zone_id: `Z${at}`, name: properties.school, limit_kmh: 30, reason: "school_zone" }, geometry: { type: "Polygon", coordinates: [[...ring, ring[0]]] } };
  });
  return { type: "FeatureCollection", features };
}

const advisory = {
  advisory_id: "V.1", name: "大雾黄色预警", issued_by: "气象台", issued_at: zoned(Date.now()), from: zoned(Date.now() - 3_600_000), to: zoned(Date.now() + 7_200_000),
  area: square(lonLat([5_500, 6_500]), 2_400), limit_kmh: 20, ended_at: null, ended_by: null,
};

/** Whether a span asks for the last minutes, which the live buses drove, and not for what tracks made up. */
function isNow(query) {
  return Date.now() - Date.parse(query.get("from") ?? "") < 1_200_000;
}

/** Where a bus was: back along its route at an even speed. */
function track(bus, query) {
  const to = Math.min(Date.parse(query.get("to") ?? zoned(bus.fixMs)), bus.fixMs);
  const from = Date.parse(query.get("from") ?? zoned(to - 3_600_000));
  const times = [];
  for (let ms = bus.fixMs - Math.ceil((bus.fixMs - from) / 1000) * 1000; ms <= to; ms += 1000) if (ms >= from) times.push(ms);
  const places = times.map((ms) => placeOn(bus.route, Math.abs((bus.at - (bus.way * bus.aim * (bus.fixMs - ms)) / 3600) % (2 * bus.route.length))));
  return {
    type: "Feature", geometry: places.length === 0 ? null : places.length === 1 ? { type: "Point", coordinates: places[0] } : { type: "LineString", coordinates: places },
    properties: {
      bus_id: bus.record.bus_id, times: times.map(zoned), speed_kmh: times.map((ms) => +(bus.aim + 6 * Math.sin(ms / 17_000)).toFixed(1)),
      quality: times.map(() => 0), returned: times.length, truncated: false, left_out: 0,
    },
  };
}

function placeOn({ metres, chainage, length }, at) {
  const there = at > length ? 2 * length - at : at;
  const leg = Math.max(1, chainage.findIndex((reached) => reached >= there));
  const share = (there - chainage[leg - 1]) / (chainage[leg] - chainage[leg - 1]);
  const [[ax, ay], [bx, by]] = [metres[leg - 1], metres[leg]];
  return lonLat([ax + (bx - ax) * share, ay + (by - ay) * share]);
}

function tripOf(bus) {
  if (bus.role !== "driving") return { trip: null };
  const { route_id, name, direction, approval_id, stops } = bus.route.properties;
  const starts = bus.fixMs - 3_600_000;
  const due = (chainage) => zoned(Math.round((bus.fixMs - ((bus.at - chainage) / bus.aim) * 3600) / 60_000 - 3) * 60_000);
  const when = (chainage) => (chainage > bus.at ? null : zoned(bus.fixMs - ((bus.at - chainage) / bus.aim) * 3600));
  return {
    trip: {
      assignment_id: `A${bus.record.bus_id.slice(1)}`, approval_id, route_id, route_name: name, direction, state: "under_way",
      starts: zoned(starts), ends: zoned(bus.fixMs + 1_800_000),
      stops: stops.map((stop) => ({ ...stop, due_at: due(stop.chainage_m), reached_at: when(stop.chainage_m - 30), left_at: when(stop.chainage_m + 30) })),
    },
  };
}

function waive({ by, reason, to }) {
  const waiver_id = `W.${nowMs}`;
  waivers.unshift({
    waiver_id, reason, approved_by: by, given_at: zoned(nowMs), from: incident.first_at, to, route_ids: incident.route_ids, area: square([incident.lon, incident.lat], 500),
    note: "", incident_id: incident.incident_id, revoked_at: null, revoked_by: null,
  });
  for (const alert of incident.alert_ids.map((name) => alerts.get(name))) {
    Object.assign(alert, { severity: "warning", due_at: null, evidence: { ...alert.evidence, waiver_id } });
    change(alert, "waived", by);
  }
  return { waiver_id, approved_by: by, reason, to };
}

class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

function schoolDay() {
  const day = zoned(Date.now()).slice(0, 10);
  return { day, weekday: new Date(day).getUTCDay() || 7, day_off: null };
}

function busNamed(id) {
  const bus = busesById.get(id);
  if (bus === undefined) throw new Refusal(404, `no bus ${id}`);
  return bus;
}

function busFile(id) {
  const bus = busNamed(id);
  const { route_id, name, direction, approval_id, number } = bus.route.properties;
  return {
    ...bus.record, last_position: bus.role === "out" ? null : { time: zoned(bus.fixMs) }, today: schoolDay(),
    assignments: [{
      assignment_id: `A${id.slice(1)}`, route_id, route_name: name, direction, approval_id, approval_number: number, driver: bus.driver,
      weekdays: [1, 2, 3, 4, 5, 6, 7], starts: "06:40:00", ends: "08:10:00",
    }],
  };
}

function listAlerts(query) {
  if (query.has("bus") && query.has("to")) {
    const items = tracks.alerts(query.get("bus"), Date.parse(query.get("from")), Date.parse(query.get("to")));
    return { items: items.reverse(), next_cursor: null };
  }
  const limit = Number(query.get("limit") ?? 100);
  const from = Number(query.get("cursor") ?? 0);
  const found = [...alerts.values()].filter((alert) => ["status", "rule", "severity"].every((name) => [null, alert[name]].includes(query.get(name)))
    && [null, alert.bus_id].includes(query.get("bus"))).reverse();
  return { items: found.slice(from, from + limit), next_cursor: from + limit < found.length ? String(from + limit) : null };
}

function alertFile(id) {
  const alert = alerts.get(id);
  if (alert === undefined) throw new Refusal(404, `no alert ${id}`);
  return { ...alert, changes: log.filter((step) => step.alert.alert_id === id).map(({ alert: { assignee, level, false_reason }, ...step }) => ({ ...step, assignee, level, false_reason })), fixes: [] };
}

const ACTS = { acknowledge: "acknowledged", close: "closed", "false-alarm": "false_alarm", assign: "assigned", note: "noted" };
/** The evidence of an alert; its digest is made up as everything here, `buswatch verify` calls it altered. */
function evidenceOf(id) {
  const { changes, fixes: _, ...alert } = alertFile(id);
  const bus = busesById.get(alert.bus_id);
  const { route } = bus;
  const [from, to] = [Date.parse(alert.started_at) - 30_000, (alert.ended_at === null ? nowMs : Date.parse(alert.ended_at)) + 30_000];
  const { approval_id, ...stated } = route.properties;
  const speeding = alert.rule === "speeding";
  return {
    digest: "0".repeat(64), made_at: zoned(nowMs), format: "buswatch-evidence/1", software: "fake", zone: "Asia/Shanghai",
    record: { city: "", version: "fake", as_judged: true }, alert,
    law: { title: "校车安全管理条例", clauses: [speeding ? { article: 35, paragraph: 2 } : { article: 30, paragraph: 2 }] },
    limit: speeding ? { limit_kmh: route.limit, reason: "posted", stretch: null, zone: null, advisory: null } : null,
    bus: bus.record, driver: { ...bus.driver, qualified_until: "2027-01-31" },
    assignment: { assignment_id: alert.evidence.assignment_id, weekdays: [1, 2, 3, 4, 5], starts: "06:40:00", ends: "08:10:00" },
    approval: { approval_id, ...stated, version: 1, line: route.metres.map(lonLat), gaps: [], valid_from: "2026-01-01", valid_to: "2026-12-31" },
    parameters: { version: "fake", as_judged: true, group: alert.rule, values: {} }, waiver: null,
    history: changes.map((step) => ({ ...step, severity: alert.severity, status: alert.status, version: alert.version })),
    fixes: bus.trail.filter(([ms]) => ms >= from && ms <= to).map(([ms, lon, lat, speed_kmh, off_line_m]) => ({
      time: zoned(ms), lon, lat, speed_kmh, heading: null, accuracy_m: 5, satellites: 11, quality: 0, marks: [], off_line_m,
    })),
    fixes_truncated: false,
  };
}

/** The version that each alert got by what somebody last did about it. */
const handledAt = new Map();

function act(id, name, { by, note, version, to, reason }) {
  const alert = alerts.get(id);
  if (alert === undefined) throw new Refusal(404, `no alert ${id}`);
  if (alert.version < version || (handledAt.get(id) ?? 0) > version) throw new Refusal(409, `alert ${id} has version ${alert.version} by now`);
  const settled = alert.status === "closed" || alert.status === "false_alarm";
  if (settled && name !== "note") throw new Refusal(409, `alert ${id} is ${alert.status}`);
  if (name === "false-alarm" && reason === undefined) throw new Refusal(422, "body.reason: say why it was false");
  if (name === "assign") alert.assignee = to;
  else if (name !== "note") Object.assign(alert, { status: ACTS[name], due_at: null, false_reason: reason ?? null });
  if (name === "acknowledge") alert.assignee ??= by;
  change(alert, ACTS[name], by, note);
  handledAt.set(id, alert.version);
  return alert;
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function found(what, name) {
  if (what === null) throw new Refusal(404, `no ${name}`);
  return what;
}

async function answerTo(request, url) {
  const [noun, id, verb] = url.pathname.slice("/api/v1/".length).split("/").map(decodeURIComponent);
  if (request.method === "POST" && noun === "alerts" && verb in ACTS) return act(id, verb, await body(request));
  if (request.method === "POST" && noun === "incidents" && verb === "waiver") return waive(await body(request));
  switch (noun) {
    case "incidents": return { items: incidents() };
    case "fleet": return { city: "武汉", zone: "Asia/Shanghai" };
    case "timetable": return tracks.timetable(url.searchParams.get("on"));
    case "drivers": return tracks.drivers();
    case "approvals": return found(tracks.approval(id), id);
    case "buses":
      if (verb === "track") return isNow(url.searchParams) ? track(busNamed(id), url.searchParams) : found(tracks.track(id, url.searchParams), id);
      if (verb === "trip") return tripOf(busNamed(id));
      return id === undefined ? { items: buses.map((bus) => bus.record) } : busFile(id);
    case "map": return { base: null };
    case "zones": return zones();
    case "waivers": return { items: waivers };
    case "advisories": return { items: [advisory] };
    case "positions": return frame(buses);
    case "alerts": return verb === "evidence" ? evidenceOf(id) : id === undefined ? listAlerts(url.searchParams) : alertFile(id);
    case "base-map": return baseMap();
    case "overview": return overview(url.searchParams, buses.map((bus) => bus.record), Date.now());
    case "routes": return {
      type: "FeatureCollection",
      features: routes.map(({ metres, properties }) => ({ type: "Feature", properties, geometry: { type: "LineString", coordinates: metres.map(lonLat) } })),
    };
    default: throw new Refusal(404, "no such path");
  }
}

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

function file(url, answer) {
  const path = join(PAGE, normalize(url.pathname === "/" ? "/index.html" : url.pathname));
  if (!path.startsWith(PAGE) || !existsSync(path)) return answer.writeHead(404).end();
  answer.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream", "Content-Encoding": "gzip" });
  createReadStream(path).pipe(createGzip({ level: 9 })).pipe(answer);
}

const server = createServer(async (request, answer) => {
  const url = new URL(request.url, "http://fake");
  if (!url.pathname.startsWith("/api/")) return file(url, answer);
  if (url.pathname === "/api/v1/live") return live(request, answer);
  try {
    const file = /^\/api\/v1\/buses\/([^/]+)\/track\.(\w+)$/.exec(url.pathname);
    if (file !== null) {
      const { name, media, text } = found(tracks.file(file[1], file[2], url.searchParams), file[1]);
      return answer.writeHead(200, { "Content-Type": media, "Content-Disposition": `attachment; filename="${name}"` }).end(text);
    }
    const data = await answerTo(request, url);
    const headers = { "Content-Type": "application/json", "Content-Encoding": "gzip" };
    answer.writeHead(200, headers).end(gzipSync(JSON.stringify(data), { level: 5 }));
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 500;
    answer.writeHead(status, { "Content-Type": "application/problem+json" }).end(JSON.stringify({ status, detail: error.message }));
  }
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
setInterval(tick, 1000 / TIMES);
