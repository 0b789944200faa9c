-- Run by `migrate` where TimescaleDB has its community licence: days older than a week are compressed, by bus.
-- Idempotent. No build with that licence could be had where Buswatch is tested: a test parses this file, and
-- that is all; docs/operating.md says how to see that it works.
ALTER TABLE position SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'bus_key',
    timescaledb.compress_orderby = 'time DESC'
);
SELECT add_compression_policy('position', INTERVAL '7 days', if_not_exists => true);
