-- What people order for the streets: waivers of routes and weather advisories.

-- name: put_waiver
INSERT INTO waiver (waiver_id, reason, approved_by, given_at, from_at, to_at, route_ids, area, note, incident_id)
VALUES (%(waiver_id)s, %(reason)s, %(approved_by)s, %(given_at)s, %(from_at)s, %(to_at)s,
        %(route_ids)s::jsonb, %(area)s::jsonb, %(note)s, %(incident_id)s);

-- name: waivers
SELECT waiver_id, reason, approved_by, given_at, from_at, to_at, route_ids::text, area::text, note, incident_id,
       revoked_at, revoked_by
FROM waiver ORDER BY given_at DESC, waiver_id DESC LIMIT %s;

-- name: one_waiver
SELECT waiver_id, reason, approved_by, given_at, from_at, to_at, route_ids::text, area::text, note, incident_id,
       revoked_at, revoked_by
FROM waiver WHERE waiver_id = %s;

-- name: waivers_since
-- Those that hold at some moment from then on; the oldest signature counts first.
SELECT waiver_id, reason, approved_by, given_at, from_at, to_at, route_ids::text, area::text, note, incident_id,
       revoked_at, revoked_by
FROM waiver WHERE revoked_at IS NULL AND to_at > %s ORDER BY given_at, waiver_id;

-- name: revoke_waiver
UPDATE waiver SET revoked_at = %(at)s, revoked_by = %(by)s
WHERE waiver_id = %(waiver_id)s AND revoked_at IS NULL RETURNING waiver_id;

-- name: routes_of
SELECT approval_id, route_id FROM approval WHERE approval_id = ANY(%s);

-- name: waivable
-- Alerts that a waiver with this time box may cover and that none covers yet.
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version, assignee, level, due_at, false_reason
FROM alert
WHERE rule = ANY(%(rules)s) AND started_at < %(to_at)s AND (ended_at IS NULL OR ended_at >= %(from_at)s)
  AND NOT evidence ? 'waiver_id'
ORDER BY started_at, alert_id FOR UPDATE;

-- name: mark_waived
-- The waiver is the answer that the deadline waited for.
UPDATE alert SET severity = %(severity)s, evidence = %(evidence)s::jsonb, version = version + 1, due_at = NULL
WHERE alert_id = %(alert_id)s
RETURNING alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
          found_late, evidence::text, version, assignee, level, due_at, false_reason;

-- name: put_advisory
INSERT INTO advisory (advisory_id, name, issued_by, issued_at, area, from_at, to_at, limit_kmh)
VALUES (%(advisory_id)s, %(name)s, %(issued_by)s, %(issued_at)s, %(area)s::jsonb, %(from_at)s, %(to_at)s,
        %(limit_kmh)s);

-- name: advisories
SELECT advisory_id, name, issued_by, issued_at, area::text, from_at, to_at, limit_kmh, ended_at, ended_by
FROM advisory ORDER BY issued_at DESC, advisory_id DESC LIMIT %s;

-- name: one_advisory
SELECT advisory_id, name, issued_by, issued_at, area::text, from_at, to_at, limit_kmh, ended_at, ended_by
FROM advisory WHERE advisory_id = %s;

-- name: advisories_since
SELECT advisory_id, name, issued_by, issued_at, area::text, from_at, to_at, limit_kmh, ended_at, ended_by
FROM advisory WHERE least(to_at, ended_at) > %(since)s AND least(to_at, ended_at) > from_at
ORDER BY issued_at, advisory_id;

-- name: advisories_at
SELECT advisory_id, name, issued_by, issued_at, area::text, from_at, to_at, limit_kmh, ended_at, ended_by
FROM advisory WHERE from_at <= %(at)s AND %(at)s < least(to_at, ended_at)
ORDER BY issued_at, advisory_id;

-- name: end_advisory
UPDATE advisory SET ended_at = %(at)s, ended_by = %(by)s
WHERE advisory_id = %(advisory_id)s AND ended_at IS NULL RETURNING advisory_id;
