-- Run by `migrate` where TimescaleDB has its community licence: days older than a week are compressed, by bus.
-- Idempotent. No build with that licence could be had where Buswatch is tested: a test parses this file, and
-- that is all; docs/operating.md says how to see that it works.
ALTER TABLE position SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'bus_key',
    timescaledb.compress_orderby = 'time DESC'
);
SELECT add_compression_policy('position', INTERVAL '7 days', if_not_exists => true);

-- Per bus and hour, kept up by TimescaleDB; what is newer than its last run is added from the fixes.
CREATE MATERIALIZED VIEW IF NOT EXISTS position_hour
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT bus_key, time_bucket(INTERVAL '1 hour', time) AS hour, count(*) AS fixes,
       count(*) FILTER (WHERE quality & 58 = 0) AS valid,
       max(speed_kmh) FILTER (WHERE quality = 0) AS top_speed_kmh,
       coalesce(sum(moved_m::float8), 0) AS moved_m
FROM position GROUP BY bus_key, time_bucket(INTERVAL '1 hour', time)
WITH NO DATA;
SELECT add_continuous_aggregate_policy(
    'position_hour', start_offset => INTERVAL '7 days', end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '30 minutes', if_not_exists => true
);

-- The same figures as from the fixes (migration 0006), from the aggregate.
CREATE OR REPLACE FUNCTION position_hours(bus int, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (
    hour timestamptz, fixes bigint, valid bigint, top_speed_kmh real, moved_m double precision
)
LANGUAGE sql STABLE AS $$
    SELECT done.hour, done.fixes, done.valid, done.top_speed_kmh, done.moved_m
    FROM position_hour AS done
    WHERE done.bus_key = bus AND done.hour >= from_at AND done.hour < to_at
$$;
