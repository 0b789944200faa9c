-- What is deleted because its time is up. Each statement is a short transaction of its own and may be repeated.

-- name: drop_days
-- A hypertable keeps each day in files of its own: nothing is searched, and the room is free at once. A day goes
-- when all of it is older.
SELECT drop_chunks('position', older_than => %(before)s::timestamptz);

-- name: bus_keys
SELECT bus_key FROM bus ORDER BY bus_key;

-- name: delete_positions
-- Of one bus, by the primary key, so many at a time, the oldest first.
WITH gone AS (
    SELECT bus_key, time FROM position WHERE bus_key = %(bus_key)s AND time < %(before)s
    ORDER BY time LIMIT %(limit)s
)
DELETE FROM position USING gone WHERE position.bus_key = gone.bus_key AND position.time = gone.time;

-- name: delete_hours
WITH gone AS (
    SELECT hour, bus_key FROM bus_hour WHERE hour < %(before)s ORDER BY hour, bus_key LIMIT %(limit)s
)
DELETE FROM bus_hour USING gone WHERE bus_hour.hour = gone.hour AND bus_hour.bus_key = gone.bus_key;

-- name: delete_alerts
-- Those that ended before, with every step of their handling. One that goes on is never deleted.
WITH gone AS (
    SELECT alert_id FROM alert WHERE ended_at < %(before)s ORDER BY ended_at LIMIT %(limit)s
), steps AS (
    DELETE FROM alert_change USING gone WHERE alert_change.alert_id = gone.alert_id
)
DELETE FROM alert USING gone WHERE alert.alert_id = gone.alert_id;

-- name: delete_incidents
WITH gone AS (
    SELECT incident_id FROM incident WHERE ended_at < %(before)s ORDER BY ended_at LIMIT %(limit)s
)
DELETE FROM incident USING gone WHERE incident.incident_id = gone.incident_id;

-- name: delete_accesses
WITH gone AS (
    SELECT access_id FROM track_access WHERE at < %(before)s ORDER BY at LIMIT %(limit)s
)
DELETE FROM track_access USING gone WHERE track_access.access_id = gone.access_id;

-- name: delete_rejects
WITH gone AS (
    SELECT digest FROM rejected WHERE last_received < %(before)s ORDER BY last_received LIMIT %(limit)s
)
DELETE FROM rejected USING gone WHERE rejected.digest = gone.digest;

-- name: note
INSERT INTO retention (what, keep_days, deleted, unit, ran_at)
VALUES (%(what)s, %(keep_days)s, %(deleted)s, %(unit)s, %(ran_at)s)
ON CONFLICT (what) DO UPDATE SET keep_days = excluded.keep_days, unit = excluded.unit, ran_at = excluded.ran_at,
    deleted = retention.deleted + excluded.deleted;

-- name: noted
SELECT what, keep_days, deleted, unit, ran_at FROM retention ORDER BY what;
