-- The figures of a fleet by bus and hour, counted once and kept, so that a month of a thousand buses is read and
-- not counted; and when an alert was put on file, so that it can be said whether people saw to it in time.

-- What one bus's fixes say of each hour. moved_m are the metres driven; unseen_m are those of them that a fix adds
-- whose believed fix before is more than two minutes older: after so long a silence an episode ends, so nobody
-- watched these metres. minutes has a bit for each minute of the hour in which a fix was made.
CREATE TABLE bus_hour (
    hour          timestamptz NOT NULL,
    bus_key       int NOT NULL,
    fixes         int NOT NULL,
    valid         int NOT NULL,
    jumps         int NOT NULL,
    frozen        int NOT NULL,
    top_speed_kmh real,
    moved_m       real NOT NULL,
    unseen_m      real NOT NULL,
    minutes       bigint NOT NULL,
    PRIMARY KEY (hour, bus_key)
) WITH (fillfactor = 80);

-- Hours whose figures have to be counted, because their bus sent a fix late, or for the first time. The mark tells one
-- marking from a later one, so that what comes in while an hour is counted is not forgotten.
CREATE SEQUENCE bus_hour_mark;
CREATE TABLE bus_hour_due (
    hour    timestamptz NOT NULL,
    bus_key int NOT NULL,
    mark    bigint NOT NULL DEFAULT nextval('bus_hour_mark'),
    PRIMARY KEY (hour, bus_key)
);

-- Hours from from_at to open_at are counted, but for those that are due; what is newer is counted over and over,
-- last at counted_at. whole: there was nothing older than from_at. Who stores a fix of an hour before until_at marks
-- it due, and holds this row FOR SHARE until its commit: so until_at cannot move past a fix that is about to be
-- stored, and all hours from open_at on are counted once more after it has moved.
CREATE TABLE bus_hour_span (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    from_at    timestamptz,
    open_at    timestamptz,
    until_at   timestamptz,
    counted_at timestamptz,
    whole      boolean NOT NULL DEFAULT false
);
INSERT INTO bus_hour_span DEFAULT VALUES;

-- A fix is valid unless its quality has one of the bits jump, no fix, from the future, frozen (58, see
-- fleet/quality.py); a speed counts from fixes without any mark.
CREATE FUNCTION count_bus_hours(bus int, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (
    hour timestamptz, fixes int, valid int, jumps int, frozen int, top_speed_kmh real, moved_m real,
    unseen_m real, minutes bigint
)
LANGUAGE sql STABLE AS $$
    SELECT date_bin('1 hour', fix.time, '2000-01-01 00:00+00'), count(*)::int,
           (count(*) FILTER (WHERE fix.quality & 58 = 0))::int, (count(*) FILTER (WHERE fix.quality & 2 <> 0))::int,
           (count(*) FILTER (WHERE fix.quality & 32 <> 0))::int,
           max(fix.speed_kmh) FILTER (WHERE fix.quality = 0), coalesce(sum(fix.moved_m::float8), 0)::real,
           coalesce(sum(fix.moved_m::float8) FILTER (
               WHERE coalesce(fix.time - fix.believed > INTERVAL '2 minutes', true)
           ), 0)::real,
           bit_or(1::bigint << date_part('minute', fix.time - date_bin('1 hour', fix.time, '2000-01-01 00:00+00'))::int)
    FROM (
        SELECT time, quality, speed_kmh, position.moved_m,
               coalesce(
                   max(time) FILTER (WHERE quality & 58 = 0)
                       OVER (ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                   (
                       SELECT before.time FROM position AS before
                       WHERE before.bus_key = bus AND before.time < from_at
                         AND before.time >= from_at - INTERVAL '1 day' AND before.quality & 58 = 0
                       ORDER BY before.time DESC LIMIT 1
                   )
               ) AS believed
        FROM position WHERE bus_key = bus AND time >= from_at AND time < to_at
    ) AS fix
    GROUP BY 1
$$;

-- When an alert was put on file, by the database's clock; unknown for older ones.
ALTER TABLE alert ADD COLUMN filed_at timestamptz;
ALTER TABLE alert ALTER COLUMN filed_at SET DEFAULT now();

-- What people did, among all the changes of an alert.
CREATE INDEX alert_act ON alert_change (alert_id, at)
    WHERE kind IN ('acknowledged', 'closed', 'false_alarm');
