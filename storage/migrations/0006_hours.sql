-- What each bus did in each hour: kilometres, fixes, how many of them valid, top speed.

-- Metres driven that a fix adds (geofence/screening.py); NULL for what was stored before.
ALTER TABLE position ADD COLUMN moved_m real;

-- From the fixes themselves. With TimescaleDB's community licence the function reads a continuous aggregate in
-- place of them (timescale/community.sql). A fix is valid unless its quality has one of the bits jump, no fix,
-- from the future, frozen (fleet/quality.py); a speed counts from fixes without any mark.
CREATE FUNCTION position_hours(bus int, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (
    hour timestamptz, fixes bigint, valid bigint, top_speed_kmh real, moved_m double precision
)
LANGUAGE sql STABLE AS $$
    SELECT date_bin('1 hour', fix.time, '2000-01-01 00:00+00'), count(*),
           count(*) FILTER (WHERE fix.quality & 58 = 0),
           max(fix.speed_kmh) FILTER (WHERE fix.quality = 0), coalesce(sum(fix.moved_m::float8), 0)
    FROM position AS fix
    WHERE fix.bus_key = bus
      AND fix.time >= date_bin('1 hour', from_at + INTERVAL '1 hour - 1 microsecond', '2000-01-01 00:00+00')
      AND fix.time < date_bin('1 hour', to_at + INTERVAL '1 hour - 1 microsecond', '2000-01-01 00:00+00')
    GROUP BY 1
$$;
