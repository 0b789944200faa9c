-- Run by `migrate` where TimescaleDB can be had: position becomes a hypertable by day. Idempotent.
CREATE EXTENSION IF NOT EXISTS timescaledb;
SELECT create_hypertable(
    'position', by_range('time', INTERVAL '1 day'),
    if_not_exists => true, migrate_data => true, create_default_indexes => false
);
