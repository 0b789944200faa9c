-- What the rules take from the record beside routes and permits, and what the control room says about
-- the streets and the weather: waivers, incidents, advisories.

ALTER TABLE registry_meta
    ADD COLUMN zones      jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN parameters jsonb NOT NULL DEFAULT '{}';

ALTER TABLE approval
    ADD COLUMN parameters jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN gaps       jsonb NOT NULL DEFAULT '[]';

-- An exemption that a person signed (article 30). Nothing is deleted: one that was given in error is
-- revoked. An empty route_ids means every route in the area, an empty area means anywhere.
CREATE TABLE waiver (
    waiver_id   text PRIMARY KEY,
    reason      text NOT NULL,
    approved_by text NOT NULL,
    given_at    timestamptz NOT NULL,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL CHECK (to_at > from_at),
    route_ids   jsonb NOT NULL,
    area        jsonb NOT NULL,
    note        text NOT NULL,
    incident_id text,
    revoked_at  timestamptz,
    revoked_by  text
);
CREATE INDEX waiver_newest ON waiver (given_at DESC, waiver_id DESC);
CREATE INDEX waiver_in_force ON waiver (to_at) WHERE revoked_at IS NULL;

-- A weather warning with a speed limit in an area for a time.
CREATE TABLE advisory (
    advisory_id text PRIMARY KEY,
    name        text NOT NULL,
    issued_by   text NOT NULL,
    issued_at   timestamptz NOT NULL,
    area        jsonb NOT NULL,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    limit_kmh   double precision NOT NULL CHECK (limit_kmh > 0),
    ended_at    timestamptz,
    ended_by    text
);
CREATE INDEX advisory_newest ON advisory (issued_at DESC, advisory_id DESC);

-- Many buses that left their routes at one place: a probable closure. The value is read and written
-- whole; it follows from the alerts and is made anew from them after a restart.
CREATE TABLE incident (
    incident_id text PRIMARY KEY,
    first_at    timestamptz NOT NULL,
    ended_at    timestamptz,
    value       jsonb NOT NULL
);
CREATE INDEX incident_newest ON incident (first_at DESC, incident_id DESC);
CREATE INDEX alert_opened ON alert (rule, detected_at);
