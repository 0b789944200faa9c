-- Alerts as they stand, and every step that brought them there.

CREATE TABLE alert (
    alert_id    text PRIMARY KEY,
    bus_id      text NOT NULL,
    rule        text NOT NULL,
    severity    text NOT NULL,
    status      text NOT NULL,
    started_at  timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    ended_at    timestamptz,
    lon         double precision NOT NULL,
    lat         double precision NOT NULL,
    found_late  boolean NOT NULL,
    evidence    jsonb NOT NULL,
    version     int NOT NULL,
    -- Event time of the newest change by the engine: an older one is a redelivery.
    judged_at   timestamptz NOT NULL
);
CREATE INDEX alert_newest ON alert (started_at DESC, alert_id DESC);
CREATE INDEX alert_of_bus ON alert (bus_id, started_at DESC, alert_id DESC);
CREATE INDEX alert_ongoing ON alert (bus_id) WHERE ended_at IS NULL;

-- seq is the one order of all changes. It equals the order of commits because every writer holds
-- the advisory lock of alert changes from taking a seq to its commit.
CREATE TABLE alert_change (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id text NOT NULL REFERENCES alert,
    kind     text NOT NULL,
    at       timestamptz NOT NULL,
    made_by  text,
    note     text,
    alert    jsonb NOT NULL
);
CREATE INDEX alert_change_of_alert ON alert_change (alert_id, seq);
