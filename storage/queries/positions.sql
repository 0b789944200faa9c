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
