-- Positions. Each query walks the primary key (bus_key, time), never a whole table.

-- name: fixes_since
-- Each bus from its own moment on, in event order, one row a bus and one array a column
-- (storage/columns.py). What is not known is NaN or -1, so that all elements have one length.
SELECT since.row::int - 1, fixes.*
FROM unnest(%(bus_keys)s::int[], %(since)s::timestamptz[]) WITH ORDINALITY AS since (bus_key, time, row)
CROSS JOIN LATERAL (
    SELECT array_agg(time), array_agg(lon), array_agg(lat), array_agg(coalesce(speed_kmh, 'NaN')),
           array_agg(coalesce(heading_deg, 'NaN')), array_agg(coalesce(accuracy_m, 'NaN')),
           array_agg(coalesce(satellites, -1::smallint)), array_agg(quality)
    FROM (
        SELECT * FROM position WHERE bus_key = since.bus_key AND time >= since.time ORDER BY time
    ) AS fix
    HAVING count(*) > 0
) AS fixes
ORDER BY since.row;

-- name: last_of_all
-- The newest fix of every bus on record: one step backwards on the key a bus.
SELECT bus.bus_id, last.time, last.lon, last.lat, last.speed_kmh, last.heading_deg, last.accuracy_m,
       last.satellites
FROM bus
CROSS JOIN LATERAL (
    SELECT * FROM position WHERE bus_key = bus.bus_key ORDER BY time DESC LIMIT 1
) AS last
WHERE bus.registry_row IS NOT NULL
ORDER BY bus.registry_row;

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

-- name: count_positions
-- Walks the whole index: for accounts and tests, not for a screen.
SELECT count(*) FROM position;

-- name: newest_times
-- Of each given bus, in the given order; null where it has no fix.
SELECT (SELECT max(time) FROM position WHERE position.bus_key = asked.bus_key)
FROM unnest(%s::int[]) WITH ORDINALITY AS asked (bus_key, row)
ORDER BY asked.row;
