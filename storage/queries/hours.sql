-- Figures by bus and hour: kept up by the monitor, read by the overview. See the migration bus_hours.

-- name: end_hours
-- Waits for every commit that stores fixes, and holds off the next ones: for some milliseconds. Time never goes
-- back. Returns from when on to count, and up to when that is then done.
UPDATE bus_hour_span SET until_at = greatest(until_at, %(hour)s), open_at = coalesce(open_at, %(hour)s),
    from_at = coalesce(from_at, %(hour)s)
RETURNING open_at, until_at;

-- name: note_counted
UPDATE bus_hour_span SET open_at = %(until)s, counted_at = greatest(counted_at, %(now)s);

-- name: begins
SELECT from_at FROM bus_hour_span;

-- name: set_begin
UPDATE bus_hour_span SET from_at = %s;

-- name: mark_span
-- The hours between two moments in which a bus reported: a look at the key for each.
INSERT INTO bus_hour_due (hour, bus_key)
SELECT begins, bus_key
FROM generate_series(%(from)s::timestamptz, %(to)s::timestamptz - INTERVAL '1 hour', INTERVAL '1 hour') AS begins
CROSS JOIN bus
WHERE EXISTS (
    SELECT FROM position
    WHERE position.bus_key = bus.bus_key AND time >= begins AND time < begins + INTERVAL '1 hour'
)
ON CONFLICT (hour, bus_key) DO UPDATE SET mark = nextval('bus_hour_mark');

-- name: oldest_fix
-- A step along the key for each bus.
SELECT min(oldest) FROM bus CROSS JOIN LATERAL (
    SELECT time AS oldest FROM position WHERE bus_key = bus.bus_key ORDER BY time LIMIT 1
) AS first;

-- name: hold_span
-- By who stores fixes, before it looks which of them belong to hours that are counted already.
SELECT until_at FROM bus_hour_span FOR SHARE;

-- name: mark_hours
-- In one order, so that two writers cannot lock each other out.
INSERT INTO bus_hour_due (hour, bus_key)
SELECT DISTINCT hour, bus_key FROM unnest(%s::int[], %s::timestamptz[]) AS late (bus_key, hour)
ORDER BY hour, bus_key
ON CONFLICT (hour, bus_key) DO UPDATE SET mark = nextval('bus_hour_mark');

-- name: count_open
-- Every bus from the end of what is counted for good.
INSERT INTO bus_hour (bus_key, hour, fixes, valid, jumps, frozen, top_speed_kmh, moved_m, unseen_m, minutes)
SELECT bus.bus_key, anew.* FROM bus CROSS JOIN LATERAL count_bus_hours(bus.bus_key, %(open)s, 'infinity') AS anew
ON CONFLICT (hour, bus_key) DO UPDATE SET
    fixes = excluded.fixes, valid = excluded.valid, jumps = excluded.jumps, frozen = excluded.frozen,
    top_speed_kmh = excluded.top_speed_kmh, moved_m = excluded.moved_m, unseen_m = excluded.unseen_m,
    minutes = excluded.minutes
WHERE bus_hour.fixes <> excluded.fixes OR bus_hour.moved_m <> excluded.moved_m;

-- name: due
-- The newest first: today is asked for more often than last month.
SELECT bus_key, hour, mark FROM bus_hour_due ORDER BY hour DESC, bus_key LIMIT %s;

-- name: count_due
INSERT INTO bus_hour (bus_key, hour, fixes, valid, jumps, frozen, top_speed_kmh, moved_m, unseen_m, minutes)
SELECT due.bus_key, anew.*
FROM unnest(%(bus_keys)s::int[], %(hours)s::timestamptz[]) AS due (bus_key, hour)
CROSS JOIN LATERAL count_bus_hours(due.bus_key, due.hour, due.hour + INTERVAL '1 hour') AS anew
ON CONFLICT (hour, bus_key) DO UPDATE SET
    fixes = excluded.fixes, valid = excluded.valid, jumps = excluded.jumps, frozen = excluded.frozen,
    top_speed_kmh = excluded.top_speed_kmh, moved_m = excluded.moved_m, unseen_m = excluded.unseen_m,
    minutes = excluded.minutes;

-- name: strike_out
-- Those marked again meanwhile stay, and those that somebody is marking now.
WITH done AS (
    SELECT due.hour, due.bus_key
    FROM bus_hour_due AS due
    JOIN unnest(%(bus_keys)s::int[], %(hours)s::timestamptz[], %(marks)s::bigint[]) AS done (bus_key, hour, mark)
      USING (hour, bus_key, mark)
    FOR UPDATE OF due SKIP LOCKED
)
DELETE FROM bus_hour_due USING done
WHERE bus_hour_due.hour = done.hour AND bus_hour_due.bus_key = done.bus_key;

-- name: note_whole
UPDATE bus_hour_span SET whole = true WHERE NOT whole;

-- name: counted
-- From when on the figures are whole, null when they all are, and up to when.
SELECT CASE WHEN NOT whole THEN from_at END, counted_at FROM bus_hour_span;

-- name: hours_of_fleet
-- Of every bus the hours that begin within a span, one array a column (storage/columns.py), in no order.
SELECT array_agg(bus_key), array_agg(hour), array_agg(fixes), array_agg(valid), array_agg(jumps),
       array_agg(frozen), array_agg(coalesce(top_speed_kmh, 'NaN')), array_agg(moved_m), array_agg(unseen_m),
       array_agg(minutes)
FROM bus_hour WHERE hour >= %(from)s AND hour < %(to)s
HAVING count(*) > 0;

-- name: names
SELECT bus_key, bus_id FROM bus;
