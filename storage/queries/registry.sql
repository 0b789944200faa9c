-- The record of buses, drivers, approvals and assignments. Rows go in and out by their place in
-- the registry, so that a round trip gives an equal registry.

-- name: lock_registry
-- One import at a time; readers of the old record are not held up.
LOCK TABLE registry_meta IN SHARE ROW EXCLUSIVE MODE;

-- name: clear_assignments
DELETE FROM assignment;

-- name: clear_drivers
DELETE FROM driver;

-- name: clear_approvals
DELETE FROM approval;

-- name: take_buses_off_record
-- Their keys and positions stay.
UPDATE bus SET registry_row = NULL WHERE registry_row IS NOT NULL;

-- name: put_bus
-- A bus that was ever known keeps its key.
INSERT INTO bus (registry_row, bus_id, plate, sign_number, sign_expires, inspection_expires,
                 operator, school, seats, depot_lon, depot_lat, state, district)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (bus_id) DO UPDATE SET
    registry_row = excluded.registry_row, plate = excluded.plate, sign_number = excluded.sign_number,
    sign_expires = excluded.sign_expires, inspection_expires = excluded.inspection_expires,
    operator = excluded.operator, school = excluded.school, seats = excluded.seats,
    depot_lon = excluded.depot_lon, depot_lat = excluded.depot_lat, state = excluded.state,
    district = excluded.district;

-- name: put_driver
INSERT INTO driver (registry_row, driver_id, name, phone, qualified_until) VALUES (%s, %s, %s, %s, %s);

-- name: put_approval
INSERT INTO approval (registry_row, approval_id, route_id, version, number, name, school, direction,
                      line, corridor_m, stops, limits, valid_from, valid_to, parameters, gaps)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s::jsonb, %s::jsonb, %s, %s, %s::jsonb, %s::jsonb);

-- name: put_assignment
INSERT INTO assignment (registry_row, assignment_id, bus_id, driver_id, route_id, weekdays, starts, ends,
                        stop_times)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s);

-- name: put_meta
INSERT INTO registry_meta (city, zone, version, zones, parameters, calendar)
VALUES (%s, %s, %s, %s::jsonb, %s::jsonb, %s::jsonb)
ON CONFLICT (only_row) DO UPDATE SET
    city = excluded.city, zone = excluded.zone, version = excluded.version, zones = excluded.zones,
    parameters = excluded.parameters, calendar = excluded.calendar;

-- name: get_meta
SELECT city, zone, version, zones::text AS zones, parameters::text AS parameters, calendar::text AS calendar
FROM registry_meta;

-- name: get_buses
SELECT bus_key, bus_id, plate, sign_number, sign_expires, inspection_expires, operator, school, seats,
       depot_lon, depot_lat, state, district
FROM bus WHERE registry_row IS NOT NULL ORDER BY registry_row;

-- name: get_drivers
SELECT driver_id, name, phone, qualified_until FROM driver ORDER BY registry_row;

-- name: get_approvals
SELECT approval_id, route_id, version, number, name, school, direction, line::text AS line, corridor_m,
       stops::text AS stops, limits::text AS limits, valid_from, valid_to,
       parameters::text AS parameters, gaps::text AS gaps
FROM approval ORDER BY registry_row;

-- name: get_assignments
SELECT assignment_id, bus_id, driver_id, route_id, weekdays, starts, ends, stop_times
FROM assignment ORDER BY registry_row;

-- name: put_base_map
INSERT INTO base_map (roads) VALUES (%s::jsonb) ON CONFLICT (only_row) DO UPDATE SET roads = excluded.roads;

-- name: get_base_map
SELECT roads::text FROM base_map;

-- name: edition
-- The transaction of the newest import: another number after each.
SELECT xmin::text::bigint FROM registry_meta;
