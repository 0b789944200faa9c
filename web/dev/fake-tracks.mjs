/**
 * What the made-up buses of fake-api.mjs did on any day: the same at every asking, worked out from bus and day.
 *
 * Each bus in service drives its route to and fro in the morning and in the afternoon and reports every second; it speeds
 * from the 20th to the 22nd minute, is silent from the 40th to the 43rd, and every 300th fix is a jump.
 */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const ZONE = 8 * 60 * MINUTE;
const RUNS = [
  { direction: "to_school", starts: "06:40", ends: "08:10" },
  { direction: "to_home", starts: "15:50", ends: "17:20" },
];
const SPEEDING = { from: 20 * MINUTE, to: 22 * MINUTE };
const SILENCE = { from: 40 * MINUTE, to: 43 * MINUTE };
const JUMP = 2;

const zoned = (ms) => new Date(ms + ZONE).toISOString().replace("Z", "+08:00");
const at = (day, time) => Date.parse(`${day}T${time}:00+08:00`);

function placeOn({ metres, chainage, length }, along) {
  const turned = along % (2 * length);
  const on = turned > length ? 2 * length - turned : turned;
  const leg = Math.max(1, chainage.findIndex((there) => there >= on));
  const share = (on - chainage[leg - 1]) / (chainage[leg] - chainage[leg - 1]);
  return [0, 1].map((axis) => metres[leg - 1][axis] + (metres[leg][axis] - metres[leg - 1][axis]) * share);
}

export function fakeTracks({ buses, routes, lonLat }) {
  const busesById = new Map(buses.map((bus) => [bus.record.bus_id, bus]));
  const driven = new Map();

  function run(bus, day, { starts, ends }) {
    const key = `${bus.record.bus_id} ${day} ${starts}`;
    if (!driven.has(key)) {
      const fixes = [];
      let [along, speed] = [0, 0];
      for (let ms = 0; ms <= at(day, ends) - at(day, starts); ms += SECOND) {
        const speeds = ms >= SPEEDING.from && ms < SPEEDING.to;
        const aim = speeds ? bus.route.limit * 1.3 : ms % (3 * MINUTE) < 20 * SECOND ? 0 : bus.route.limit * (0.7 + 0.2 * Math.sin(ms / 40_000));
        speed += Math.max(-6, Math.min(4, aim - speed));
        along += speed / 3.6;
        if (ms >= SILENCE.from && ms < SILENCE.to) continue;
        const jumps = fixes.length % 300 === 299;
        const [x, y] = placeOn(bus.route, along);
        fixes.push({ ms: at(day, starts) + ms, place: lonLat([x + (jumps ? 1_500 : 0), y]), speed: +speed.toFixed(1), quality: jumps ? JUMP : 0 });
      }
      driven.set(key, fixes);
    }
    return driven.get(key);
  }

  function fixesOf(id, fromMs, toMs) {
    const bus = busesById.get(id);
    if (bus === undefined) return null;
    if (bus.role === "out") return [];
    const found = [];
    for (let ms = fromMs; ms < toMs + DAY; ms += DAY) {
      const day = zoned(Math.min(ms, toMs)).slice(0, 10);
      for (const { starts, ends } of RUNS) found.push(...run(bus, day, { starts, ends }));
      if (ms >= toMs) break;
    }
    const unique = new Map(found.map((fix) => [fix.ms, fix]));
    return [...unique.values()].filter(({ ms }) => ms >= fromMs && ms <= Math.min(toMs, Date.now())).sort((a, b) => a.ms - b.ms);
  }

  function span(query) {
    const read = (name) => Date.parse(query.get(name).replace(" ", "+"));
    return [read("from"), read("to")];
  }

  return {
    /** The answer to /buses/{id}/track; null for a bus that is not on record. */
    track(id, query) {
      const fixes = fixesOf(id, ...span(query));
      if (fixes === null) return null;
      const every = Math.ceil(fixes.length / Number(query.get("most") ?? 100_000));
      const kept = fixes.filter((_, row) => row % every === 0);
      const coordinates = kept.map(({ place }) => place);
      return {
        type: "Feature",
        geometry: kept.length === 0 ? null : kept.length === 1 ? { type: "Point", coordinates: coordinates[0] } : { type: "LineString", coordinates },
        properties: {
          bus_id: id, times: kept.map(({ ms }) => zoned(ms)), speed_kmh: kept.map(({ speed }) => speed), quality: kept.map(({ quality }) => quality),
          returned: kept.length, truncated: false, left_out: fixes.length - kept.length,
        },
      };
    },

    /** The answer to /buses/{id}/track.{form}: media type and text. */
    file(id, form, query) {
      const fixes = fixesOf(id, ...span(query));
      if (fixes === null) return null;
      const point = ({ ms, place: [lon, lat], speed, quality }) => ({ time: zoned(ms), lon, lat, speed_kmh: speed, quality });
      const rows = fixes.map(point);
      const stamp = (ms) => zoned(ms).slice(0, 19).replaceAll(/[-:]/g, "");
      const name = `${id}_${span(query).map(stamp).join("_")}.${form}`;
      const written = {
        geojson: () => ["application/geo+json", JSON.stringify({
          type: "FeatureCollection",
          features: rows.map(({ lon, lat, ...properties }) => ({ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties })),
        })],
        gpx: () => ["application/gpx+xml", `<?xml version="1.0"?><gpx version="1.1" creator="fake" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>${id}</name><trkseg>${
          rows.map(({ time, lon, lat }) => `<trkpt lat="${lat}" lon="${lon}"><time>${time}</time></trkpt>`).join("")
        }</trkseg></trk></gpx>`],
        csv: () => ["text/csv; charset=utf-8; header=present", `\ufeffbus,time,lon,lat,speed_kmh,quality\r\n${
          rows.map(({ time, lon, lat, speed_kmh, quality }) => [id, time, lon, lat, speed_kmh, quality].join(",")).join("\r\n")
        }\r\n`],
      };
      const [media, text] = written[form]();
      return { name, media, text };
    },

    /** The speedings of a bus that began in a span. */
    alerts(id, fromMs, toMs) {
      const bus = busesById.get(id);
      if (bus === undefined || bus.role === "out") return [];
      const found = [];
      for (let ms = fromMs; ms < toMs + DAY; ms += DAY) {
        const day = zoned(Math.min(ms, toMs)).slice(0, 10);
        for (const { starts } of RUNS) {
          const started = at(day, starts) + SPEEDING.from + 5 * SECOND;
          const peak = fixesOf(id, started, started + MINUTE).at(-1);
          if (started < fromMs || started >= toMs || peak === undefined) continue;
          const limit = bus.route.limit;
          found.push({
            alert_id: `${id}.speeding.${started}`, bus_id: id, rule: "speeding", severity: "serious", status: "closed", started_at: zoned(started),
            detected_at: zoned(started + 5 * SECOND), ended_at: zoned(started + SPEEDING.to - SPEEDING.from), lon: peak.place[0], lat: peak.place[1],
            found_late: false, version: 3,
            evidence: {
              peak_at: zoned(peak.ms), peak_lon: peak.place[0], peak_lat: peak.place[1], fixes: 110, parameters_version: "fake", registry_version: "fake",
              speed_kmh: limit * 1.3, limit_kmh: limit, limit_reason: "posted", over_percent: 30, approval_id: bus.route.properties.approval_id,
            },
          });
        }
      }
      return [...new Map(found.map((alert) => [alert.alert_id, alert])).values()];
    },

    timetable(day) {
      const items = buses.flatMap(({ record, driver, route: { properties } }) =>
        RUNS.map(({ direction, starts, ends }, n) => ({
          assignment_id: `A${record.bus_id.slice(1)}-${n}`, bus_id: record.bus_id, driver_id: driver.driver_id, driver_name: driver.name,
          route_id: properties.route_id, route_name: properties.name, school: properties.school, direction, approval_id: properties.approval_id,
          starts: zoned(at(day, starts)), ends: zoned(at(day, ends)),
        })));
      return { day, weekday: new Date(day).getUTCDay() || 7, day_off: null, items };
    },

    drivers() {
      return { items: buses.map(({ record, driver }) => ({ driver_id: driver.driver_id, name: driver.name, qualified_until: "2027-01-31", bus_ids: [record.bus_id] })) };
    },

    approval(id) {
      const route = routes.find(({ properties }) => properties.approval_id === id);
      if (route === undefined) return null;
      const limits = [{ from_m: 0, to_m: route.length + 1, limit_kmh: route.limit, reason: "posted" }];
      const properties = { ...route.properties, limits, version: 1, valid_from: "2026-01-01", valid_to: "2027-12-31" };
      return { type: "Feature", properties, geometry: { type: "LineString", coordinates: route.metres.map(lonLat) } };
    },
  };
}
