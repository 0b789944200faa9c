-- Positions. Each query walks the primary key (bus_key, time), never a whole table.

-- name: fixes_since
-- Each bus from its own moment on, in event order, one row a bus and one array a column
-- (storage/columns.py). What is not known is NaN or -1, so that all elements have one length.
SELECT since.row::int - 1, fixes.*
FROM unnest(%(bus_keys)s::int[], %(since)s::timestamptz[]) WITH ORDINALITY AS since (bus_key, time, row)
CROSS JOIN LATERAL (
    SELECT array_agg(time), array_agg(lon), array_agg(lat), array_agg(coalesce(speed_kmh, 'NaN')),
           array_agg(coalesce(heading_deg, 'NaN')), array_agg(coalesce(accuracy_m, 'NaN')),
           array_agg(coalesce(satellites, -1::smallint)), array_agg(quality), array_agg(received_at)
    FROM (
        SELECT * FROM position WHERE bus_key = since.bus_key AND time >= since.time ORDER BY time
    ) AS fix
    HAVING count(*) > 0
) AS fixes
ORDER BY since.row;

-- name: last_of_half
-- The newest fix of every bus in one half of the registry: one step backwards on the key a bus, 8 µs each. One
-- row, as in fixes_since, with the buses at its end.
SELECT 0, array_agg(time), array_agg(lon), array_agg(lat), array_agg(coalesce(speed_kmh, 'NaN')),
       array_agg(coalesce(heading_deg, 'NaN')), array_agg(coalesce(accuracy_m, 'NaN')),
       array_agg(coalesce(satellites, -1::smallint)), array_agg(quality), array_agg(bus_id)
FROM (
    SELECT bus.bus_id, last.* FROM bus CROSS JOIN LATERAL (
        SELECT time, lon, lat, speed_kmh, heading_deg, accuracy_m, satellites, quality
        FROM position WHERE bus_key = bus.bus_key ORDER BY time DESC LIMIT 1
    ) AS last
    WHERE (bus.registry_row >= (SELECT (max(registry_row) + 1) / 2 FROM bus)) = %(second)s::boolean
    ORDER BY bus.registry_row
) AS newest
HAVING count(*) > 0;

-- name: key_of_bus
-- Of any bus that was ever on record: its track outlives its permit.
SELECT bus_key FROM bus WHERE bus_id = %s;

-- name: track
-- One bus between two moments, both included, the first so many fixes; columns as in fixes_since.
SELECT 0, array_agg(time), array_agg(lon), array_agg(lat), array_agg(coalesce(speed_kmh, 'NaN')),
       array_agg(coalesce(heading_deg, 'NaN')), array_agg(coalesce(accuracy_m, 'NaN')),
       array_agg(coalesce(satellites, -1::smallint)), array_agg(quality)
FROM (
    SELECT * FROM position
    WHERE bus_key = %(bus_key)s AND time BETWEEN %(from)s AND %(to)s ORDER BY time LIMIT %(limit)s
) AS fix
HAVING count(*) > 0;

-- name: way
-- The same without heading, accuracy and satellites.
SELECT 0, array_agg(time), array_agg(lon), array_agg(lat), array_agg(coalesce(speed_kmh, 'NaN')),
       array_agg(quality)
FROM (
    SELECT * FROM position
    WHERE bus_key = %(bus_key)s AND time BETWEEN %(from)s AND %(to)s ORDER BY time LIMIT %(limit)s
) AS fix
HAVING count(*) > 0;

-- name: count_track
-- The key alone is read.
SELECT count(*) FROM position WHERE bus_key = %(bus_key)s AND time BETWEEN %(from)s AND %(to)s;

-- name: track_thinned
-- One bus between two moments in so many fixes at most; columns as in way. The slots of the span in
-- which the bus reported at all are cut into equal parts (or some of them left out, when they are more), and the
-- first fix of each part is taken: a step down the key for each, however many fixes there are.
WITH slot AS MATERIALIZED (
    SELECT begins, row_number() OVER (ORDER BY begins) AS row
    FROM generate_series(%(from)s::timestamptz, %(to)s::timestamptz, %(slot)s::interval) AS begins
    WHERE EXISTS (
        SELECT FROM position
        WHERE bus_key = %(bus_key)s AND time >= begins AND time < begins + %(slot)s AND time <= %(to)s
    )
), part AS MATERIALIZED (
    SELECT begins + n * %(slot)s / parts AS begins, begins + (n + 1) * %(slot)s / parts AS ends
    FROM (
        SELECT greatest(%(most)s / greatest(count(*), 1), 1)::int AS parts,
               ceil(count(*)::float8 / %(most)s)::int AS every
        FROM slot
    ) AS cut, slot, generate_series(0, parts - 1) AS n
    WHERE (row - 1) %% every = 0
)
SELECT 0, array_agg(time), array_agg(lon), array_agg(lat), array_agg(coalesce(speed_kmh, 'NaN')),
       array_agg(quality)
FROM (
    SELECT first.* FROM part CROSS JOIN LATERAL (
        SELECT * FROM position
        WHERE bus_key = %(bus_key)s AND time >= part.begins AND time < part.ends AND time <= %(to)s
        ORDER BY time LIMIT 1
    ) AS first
    ORDER BY first.time
) AS fix
HAVING count(*) > 0;

-- name: fixes_in_box
-- Of every bus that is or was on record, the fixes between two moments in a box, by bus and time: the span is
-- found by the key of each bus, the box by looking at what lies in it.
SELECT bus.bus_id, fix.time, fix.lon, fix.lat
FROM bus CROSS JOIN LATERAL (
    SELECT time, lon, lat FROM position
    WHERE bus_key = bus.bus_key AND time BETWEEN %(from)s AND %(to)s
      AND lon BETWEEN %(west)s AND %(east)s AND lat BETWEEN %(south)s AND %(north)s
) AS fix
ORDER BY bus.bus_id, fix.time
LIMIT %(limit)s;

-- name: hours
-- By bus and hour what the bus did in the hours that begin within a span: by one function whatever the
-- edition, see migration 0006 and timescale/community.sql.
SELECT bus.bus_id, done.hour, done.fixes, done.valid, done.top_speed_kmh, done.moved_m
FROM bus CROSS JOIN LATERAL position_hours(bus.bus_key, %(from)s, %(to)s) AS done
WHERE %(bus_id)s::text IS NULL OR bus.bus_id = %(bus_id)s
ORDER BY bus.bus_id, done.hour
LIMIT %(limit)s;

-- name: count_positions
-- Walks the whole index: for accounts and tests, not for a screen.
SELECT count(*) FROM position;

-- name: newest_times
-- Of each given bus, in the given order; null where it has no fix.
SELECT (SELECT max(time) FROM position WHERE position.bus_key = asked.bus_key)
FROM unnest(%s::int[]) WITH ORDINALITY AS asked (bus_key, row)
ORDER BY asked.row;
