-- Who looked at which track (个人信息保护法 art. 28: tracks of pupils are sensitive). stated_by is the name that
-- the person gave; there is no login that proves it, and null says that none was given.
CREATE TABLE track_access (
    access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL,
    stated_by text,
    what      text NOT NULL CHECK (what IN ('view', 'export')),
    bus_id    text NOT NULL,
    from_at   timestamptz NOT NULL,
    to_at     timestamptz NOT NULL CHECK (to_at >= from_at)
);
CREATE INDEX track_access_newest ON track_access (at DESC, access_id DESC);
CREATE INDEX track_access_of_bus ON track_access (bus_id, at DESC);
