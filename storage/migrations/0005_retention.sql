-- What was deleted because its time was up: a row for each kind, so that an operator sees that it works.
-- deleted is in days of positions where they are a hypertable, in rows otherwise.
CREATE TABLE retention (
    what      text PRIMARY KEY,
    keep_days int NOT NULL,
    deleted   bigint NOT NULL,
    unit      text NOT NULL,
    ran_at    timestamptz NOT NULL
);
CREATE INDEX alert_over ON alert (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX incident_over ON incident (ended_at) WHERE ended_at IS NOT NULL;
