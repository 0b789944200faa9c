-- Incidents: made from the deviations on file, kept whole.

-- name: ongoing_since
SELECT min(first_at) FROM incident WHERE ended_at IS NULL;

-- name: deviations_since
-- With the route that the alert's approval is a version of; what belongs to an incident that is over
-- joins no other. Not what was found late.
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, alert.version, assignee, level, due_at, false_reason, route_id
FROM alert LEFT JOIN approval ON approval_id = evidence ->> 'approval_id'
WHERE rule = 'deviation' AND started_at >= %(since)s AND NOT found_late
  AND NOT EXISTS (
      SELECT 1 FROM incident
      WHERE incident.ended_at IS NOT NULL AND incident.ended_at >= %(since)s AND value -> 'alert_ids' ? alert_id
  )
ORDER BY started_at, alert_id;

-- name: put_incident
-- Nothing is returned when it is as it was.
INSERT INTO incident (incident_id, first_at, ended_at, value)
VALUES (%(incident_id)s, %(first_at)s, %(ended_at)s, %(value)s::jsonb)
ON CONFLICT (incident_id) DO UPDATE SET ended_at = excluded.ended_at, value = excluded.value
WHERE incident.value <> excluded.value
RETURNING incident_id;

-- name: incidents
SELECT value::text FROM incident
WHERE (%(ongoing)s::boolean IS NULL OR (ended_at IS NULL) = %(ongoing)s)
ORDER BY first_at DESC, incident_id DESC LIMIT %(limit)s;

-- name: one_incident
SELECT value::text FROM incident WHERE incident_id = %s;

-- name: alerts_of
SELECT alert_id, bus_id, rule, severity, status, started_at, detected_at, ended_at, lon, lat,
       found_late, evidence::text, version, assignee, level, due_at, false_reason
FROM alert WHERE alert_id = ANY(%s);
