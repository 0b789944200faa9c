-- What the authorities hold on record, and the roads drawn beneath it.

CREATE TABLE registry_meta (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    city     text NOT NULL,
    zone     text NOT NULL,
    version  text NOT NULL
);

-- A bus keeps its key, and with it its positions, for ever; registry_row is its place in the
-- registry of today, null when it is no longer on record.
CREATE TABLE bus (
    bus_key            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bus_id             text NOT NULL UNIQUE,
    registry_row       int UNIQUE DEFERRABLE INITIALLY DEFERRED,
    plate              text NOT NULL,
    sign_number        text NOT NULL,
    sign_expires       date NOT NULL,
    inspection_expires date NOT NULL,
    operator           text NOT NULL,
    school             text NOT NULL,
    seats              int NOT NULL,
    depot_lon          double precision NOT NULL,
    depot_lat          double precision NOT NULL,
    state              text NOT NULL CHECK (state IN ('in_service', 'out_of_service'))
);

CREATE TABLE driver (
    driver_id       text PRIMARY KEY,
    registry_row    int NOT NULL UNIQUE,
    name            text NOT NULL,
    phone           text NOT NULL,
    qualified_until date NOT NULL
);

-- One approved version of a route; line, stops and limits are read and written whole.
CREATE TABLE approval (
    approval_id  text PRIMARY KEY,
    registry_row int NOT NULL UNIQUE,
    route_id     text NOT NULL,
    version      int NOT NULL,
    number       text NOT NULL,
    name         text NOT NULL,
    school       text NOT NULL,
    direction    text NOT NULL CHECK (direction IN ('to_school', 'to_home')),
    line         jsonb NOT NULL,
    corridor_m   double precision NOT NULL,
    stops        jsonb NOT NULL,
    limits       jsonb NOT NULL,
    valid_from   date NOT NULL,
    valid_to     date NOT NULL
);

CREATE TABLE assignment (
    assignment_id text PRIMARY KEY,
    registry_row  int NOT NULL UNIQUE,
    bus_id        text NOT NULL REFERENCES bus (bus_id),
    driver_id     text NOT NULL REFERENCES driver,
    route_id      text NOT NULL,
    weekdays      smallint[] NOT NULL,
    starts        time NOT NULL,
    ends          time NOT NULL
);

CREATE TABLE base_map (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    roads    jsonb NOT NULL
);
