-- Alerts: as they stand (alert) and as they came to be (alert_change).

-- name: lock_changes
-- Held from taking a seq to the commit, by everybody who writes alert_change: so nobody can see
-- a change while one with a lower seq is still to come.
SELECT pg_advisory_xact_lock(%(key)s);

-- name: judge
-- A change by the engine. What people did (status) stays. Nothing is returned, and nothing
-- changed, when it is a redelivery: an opening of a known alert, anything after the end, or an
-- update no younger than the newest one. An alert that is not known yet is made whatever the kind.
INSERT INTO alert (alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at,
                   lon, lat, found_late, evidence, version, judged_at)
VALUES (%(alert_id)s, %(bus_id)s, %(rule)s, %(severity)s, 'open', %(started_at)s, %(detected_at)s,
        %(ended_at)s, %(lon)s, %(lat)s, %(found_late)s, %(evidence)s::jsonb, 1, %(at)s)
ON CONFLICT (alert_id) DO UPDATE SET
    severity = excluded.severity, ended_at = excluded.ended_at, evidence = excluded.evidence,
    version = alert.version + 1, judged_at = excluded.judged_at
WHERE alert.ended_at IS NULL
  AND (%(kind)s = 'ended' OR %(kind)s = 'updated' AND excluded.judged_at > alert.judged_at)
RETURNING alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
          found_late, evidence::text, version;

-- name: lock_alert
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version
FROM alert WHERE alert_id = %s FOR UPDATE;

-- name: handle
-- A change by a person, whose right to it the caller has checked under lock_alert.
UPDATE alert SET status = %(status)s, version = version + 1 WHERE alert_id = %(alert_id)s
RETURNING alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
          found_late, evidence::text, version;

-- name: put_change
INSERT INTO alert_change (alert_id, kind, at, made_by, note, alert)
VALUES (%(alert_id)s, %(kind)s, %(at)s, %(by)s, %(note)s, %(alert)s::jsonb)
RETURNING seq;

-- name: changes_after
SELECT seq, kind, at, made_by, note, alert::text FROM alert_change WHERE seq > %s ORDER BY seq LIMIT %s;

-- name: newest_seq
SELECT seq FROM alert_change ORDER BY seq DESC LIMIT 1;

-- name: open_episodes
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version
FROM alert WHERE ended_at IS NULL ORDER BY bus_id, started_at, rule;
