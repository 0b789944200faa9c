-- The statements of one batch; storage/commit.py runs them in one transaction.

-- name: copy_positions
-- Fixes that are all new: half the price of the way over the staging table.
COPY position (
    bus_key, time, lon, lat, speed_kmh, heading_deg, accuracy_m, satellites, quality, received_at,
    moved_m
) FROM STDIN (FORMAT binary);

-- name: make_staging
-- Once a connection. Emptied by every commit, so that a batch never meets the rows of another. The checks of
-- position are not taken over: they are its own to make.
CREATE TEMPORARY TABLE staging (
    bus_key int, time timestamptz, lon double precision, lat double precision, speed_kmh real,
    heading_deg real, accuracy_m real, satellites smallint, quality smallint, received_at timestamptz,
    moved_m real
) ON COMMIT DELETE ROWS;

-- name: copy_staging
COPY staging FROM STDIN (FORMAT binary);

-- name: empty_staging
TRUNCATE staging;

-- name: put_positions
-- Sorted, so that two writers cannot lock each other out. Returns how many are new, and of the new ones
-- that came late (quality bit 1) each bus with the oldest.
WITH stored AS (
    INSERT INTO position SELECT * FROM staging ORDER BY bus_key, time
    ON CONFLICT (bus_key, time) DO NOTHING
    RETURNING bus_key, time, quality
), late AS (
    SELECT bus_key, min(time) AS oldest FROM stored WHERE quality & 1 = 1 GROUP BY bus_key
)
SELECT (SELECT count(*) FROM stored), (SELECT array_agg(bus_key ORDER BY bus_key) FROM late),
       (SELECT array_agg(oldest ORDER BY bus_key) FROM late);

-- name: set_moved
-- What late fixes have changed about the way driven.
UPDATE position SET moved_m = anew.moved_m
FROM unnest(%s::int[], %s::timestamptz[], %s::real[]) AS anew (bus_key, time, moved_m)
WHERE position.bus_key = anew.bus_key AND position.time = anew.time
  AND position.time BETWEEN %s AND %s AND position.moved_m IS DISTINCT FROM anew.moved_m;

-- name: bus_of_key
SELECT bus_id FROM bus WHERE bus_key = %s;

-- name: put_rejects
-- A redelivered message only raises the count of its row. Returns whether each row is new.
INSERT INTO rejected (digest, topic, payload, item, reason, detail, first_received, last_received, times)
SELECT * FROM unnest(%s::bytea[], %s::text[], %s::bytea[], %s::int[], %s::text[], %s::text[],
                     %s::timestamptz[], %s::timestamptz[], %s::int[])
ON CONFLICT (digest) DO UPDATE SET
    last_received = greatest(rejected.last_received, excluded.last_received),
    times = rejected.times + excluded.times
RETURNING xmax = 0;
