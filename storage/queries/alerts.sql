-- Alerts: as they stand (alert) and as they came to be (alert_change).

-- name: lock_changes
-- Held from taking a seq to the commit, by everybody who writes alert_change: so nobody can see
-- a change while one with a lower seq is still to come.
SELECT pg_advisory_xact_lock(%(key)s);

-- name: judge
-- A change by the engine. What people did (status) stays. Nothing is returned, and nothing
-- changed, when it is a redelivery: an opening of a known alert, an update older than the newest change or
-- the same as it, the same end. (One as old and not the same: late fixes have set right what was known.) Late fixes may show that an episode ended at another moment, or that it
-- goes on after all. An alert that is not known yet is made whatever the kind.
INSERT INTO alert (alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at,
                   lon, lat, found_late, evidence, version, judged_at)
VALUES (%(alert_id)s, %(bus_id)s, %(rule)s, %(severity)s, 'open', %(started_at)s, %(detected_at)s,
        %(ended_at)s, %(lon)s, %(lat)s, %(found_late)s, %(evidence)s::jsonb, 1, %(at)s)
ON CONFLICT (alert_id) DO UPDATE SET
    severity = excluded.severity, ended_at = excluded.ended_at, evidence = excluded.evidence,
    version = alert.version + 1, judged_at = excluded.judged_at
WHERE %(kind)s = 'ended' AND excluded.ended_at IS DISTINCT FROM alert.ended_at
   OR %(kind)s = 'updated' AND excluded.judged_at > alert.judged_at
   OR %(kind)s = 'updated' AND excluded.judged_at = alert.judged_at
      AND (excluded.severity, excluded.ended_at, excluded.evidence)
          IS DISTINCT FROM (alert.severity, alert.ended_at, alert.evidence)
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
FROM alert WHERE ended_at IS NULL AND bus_id = ANY(%s) ORDER BY bus_id, started_at, rule;

-- name: episodes_since
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version
FROM alert JOIN unnest(%(bus_ids)s::text[], %(since)s::timestamptz[]) AS wanted (bus_id, since) USING (bus_id)
WHERE ended_at IS NULL OR ended_at >= since
ORDER BY bus_id, started_at, rule;

-- name: page
-- Newest first by any of the filters; a page begins after the last alert of the page before.
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version
FROM alert
WHERE (%(rule)s::text IS NULL OR rule = %(rule)s)
  AND (%(severity)s::text IS NULL OR severity = %(severity)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(ongoing)s::boolean IS NULL OR (ended_at IS NULL) = %(ongoing)s)
  AND (%(bus_id)s::text IS NULL OR bus_id = %(bus_id)s)
  AND (%(from)s::timestamptz IS NULL OR started_at >= %(from)s)
  AND (%(to)s::timestamptz IS NULL OR started_at < %(to)s)
  AND (%(after_id)s::text IS NULL OR (started_at, alert_id) < (%(after_start)s::timestamptz, %(after_id)s))
ORDER BY started_at DESC, alert_id DESC
LIMIT %(limit)s;

-- name: one_alert
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version
FROM alert WHERE alert_id = %s;

-- name: changes_of_alert
SELECT seq, kind, at, made_by, note, alert::text FROM alert_change WHERE alert_id = %s ORDER BY seq;
