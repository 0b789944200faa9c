-- Alerts: as they stand (alert) and as they came to be (alert_change).

-- name: lock_changes
-- Held from taking a seq to the commit, by everybody who writes alert_change: so nobody can see
-- a change while one with a lower seq is still to come.
SELECT pg_advisory_xact_lock(%(key)s);

-- name: judge
-- A change by the engine. What people did (status, assignee, level, why it was false) stays. Nothing is returned, and nothing
-- changed, when it is a redelivery: an opening of a known alert, an update older than the newest change or
-- the same as it, the same end. (One as old and not the same: late fixes have set right what was known.) Late fixes may show that an episode ended at another moment, or that it
-- goes on after all. An alert that is not known yet is made whatever the kind.
INSERT INTO alert (alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at,
                   lon, lat, found_late, evidence, version, judged_at, due_at)
VALUES (%(alert_id)s, %(bus_id)s, %(rule)s, %(severity)s, 'open', %(started_at)s, %(detected_at)s,
        %(ended_at)s, %(lon)s, %(lat)s, %(found_late)s, %(evidence)s::jsonb, 1, %(at)s, %(due_at)s)
ON CONFLICT (alert_id) DO UPDATE SET
    severity = excluded.severity, ended_at = excluded.ended_at, evidence = excluded.evidence,
    version = alert.version + 1, judged_at = excluded.judged_at,
    -- A graver severity may bring the deadline nearer; nothing moves it away. A waiver that was revoked gives
    -- back the one that it had taken.
    due_at = CASE
        WHEN alert.status <> 'open' OR alert.level = %(highest)s OR excluded.evidence ? 'waiver_id' THEN NULL
        WHEN alert.evidence ? 'waiver_id' THEN excluded.due_at
        WHEN alert.due_at IS NULL THEN NULL
        ELSE least(alert.due_at, excluded.due_at)
    END
WHERE %(kind)s = 'ended' AND excluded.ended_at IS DISTINCT FROM alert.ended_at
   OR %(kind)s = 'updated' AND excluded.judged_at > alert.judged_at
   OR %(kind)s = 'updated' AND excluded.judged_at = alert.judged_at
      AND (excluded.severity, excluded.ended_at, excluded.evidence)
          IS DISTINCT FROM (alert.severity, alert.ended_at, alert.evidence)
RETURNING alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
          found_late, evidence::text, version, assignee, level, due_at, false_reason;

-- name: lock_alert
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version, assignee, level, due_at, false_reason
FROM alert WHERE alert_id = %s FOR UPDATE;

-- name: handle
-- A change by a person, whose right to it the caller has checked under lock_alert.
UPDATE alert SET status = %(status)s, assignee = %(assignee)s, due_at = %(due_at)s,
                 false_reason = %(false_reason)s, version = version + 1
WHERE alert_id = %(alert_id)s
RETURNING alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
          found_late, evidence::text, version, assignee, level, due_at, false_reason;

-- name: any_overdue
SELECT EXISTS (SELECT FROM alert WHERE due_at <= %(now)s);

-- name: escalate
-- What nobody has taken by its deadline goes up a level, and is due again unless that is the highest. It is
-- looked for under the changes' lock, so that an alert is raised once, whoever else looks at the same moment.
WITH overdue AS (
    SELECT alert_id FROM alert WHERE due_at <= %(now)s ORDER BY due_at, alert_id LIMIT %(limit)s FOR UPDATE
)
UPDATE alert SET level = level + 1, version = version + 1, due_at = CASE
        WHEN level + 1 >= %(highest)s THEN NULL
        WHEN severity = 'critical' THEN %(critical)s::timestamptz
        WHEN severity = 'serious' THEN %(serious)s::timestamptz
        ELSE %(warning)s::timestamptz
    END
FROM overdue WHERE alert.alert_id = overdue.alert_id
RETURNING alert.alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
          found_late, evidence::text, version, assignee, level, due_at, false_reason;

-- name: put_change
INSERT INTO alert_change (alert_id, kind, at, made_by, note, alert)
VALUES (%(alert_id)s, %(kind)s, %(at)s, %(by)s, %(note)s, %(alert)s::jsonb)
RETURNING seq;

-- name: changes_after
SELECT seq, kind, at, made_by, note, alert::text FROM alert_change WHERE seq > %s ORDER BY seq LIMIT %s;

-- name: version_of_people
-- The version that an alert got by what somebody last did about it.
SELECT (alert->>'version')::integer FROM alert_change
WHERE alert_id = %s AND made_by IS NOT NULL ORDER BY seq DESC LIMIT 1;

-- name: newest_seq
SELECT seq FROM alert_change ORDER BY seq DESC LIMIT 1;

-- name: open_episodes
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version, assignee, level, due_at, false_reason
FROM alert WHERE ended_at IS NULL AND bus_id = ANY(%s) ORDER BY bus_id, started_at, rule;

-- name: episodes_since
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version, assignee, level, due_at, false_reason
FROM alert JOIN unnest(%(bus_ids)s::text[], %(since)s::timestamptz[]) AS wanted (bus_id, since) USING (bus_id)
WHERE ended_at IS NULL OR ended_at >= since
ORDER BY bus_id, started_at, rule;

-- name: page
-- Newest first by any of the filters; a page begins after the last alert of the page before.
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version, assignee, level, due_at, false_reason
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
       found_late, evidence::text, version, assignee, level, due_at, false_reason
FROM alert WHERE alert_id = %s;

-- name: changes_of_alert
SELECT seq, kind, at, made_by, note, alert::text FROM alert_change WHERE alert_id = %s ORDER BY seq;
