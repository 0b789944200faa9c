-- Positions, and what could not become one.

-- The key makes a redelivered fix harmless. The checks are the last guard: the screen rejects such
-- fixes with a better reason. No foreign key to bus: it would cost a look-up a row, and the only
-- writer maps registry rows to keys.
CREATE TABLE position (
    bus_key     int NOT NULL,
    time        timestamptz NOT NULL,
    lon         double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat         double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    speed_kmh   real,
    heading_deg real,
    accuracy_m  real,
    satellites  smallint,
    quality     smallint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (bus_key, time)
);

-- digest is SHA-256 over topic, payload and item, so that a redelivered message is one row.
CREATE TABLE rejected (
    digest         bytea PRIMARY KEY,
    topic          text NOT NULL,
    payload        bytea NOT NULL,
    item           int,
    reason         text NOT NULL,
    detail         text NOT NULL,
    first_received timestamptz NOT NULL,
    last_received  timestamptz NOT NULL,
    times          int NOT NULL
);
CREATE INDEX rejected_newest ON rejected (last_received DESC);
