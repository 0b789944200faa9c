-- Positions. Each query walks the primary key (bus_key, time), never a whole table.

-- name: fixes_since
-- In the order of the given buses, each from its own moment, in event order; what is not known is
-- sent as NaN or -1, so that every record has one length (storage/columns.py).
COPY (
    SELECT since.row::int - 1, fix.time, fix.lon, fix.lat, coalesce(fix.speed_kmh, 'NaN'),
           coalesce(fix.heading_deg, 'NaN'), coalesce(fix.accuracy_m, 'NaN'),
           coalesce(fix.satellites, -1::smallint), fix.quality
    FROM unnest(%(bus_keys)s::int[], %(since)s::timestamptz[]) WITH ORDINALITY AS since (bus_key, time, row)
    CROSS JOIN LATERAL (
        SELECT * FROM position WHERE bus_key = since.bus_key AND time >= since.time ORDER BY time
    ) AS fix
) TO STDOUT (FORMAT binary);
