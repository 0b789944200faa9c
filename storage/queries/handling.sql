-- name: handled_between
-- The alerts that started within a span, with the first thing that a person did about each, a look at an index that
-- holds only such changes, and whether it has no deadline (alerts/standing.py).
SELECT bus_id, rule, severity, status, started_at, filed_at,
       (
           SELECT min(at) FROM alert_change
           WHERE alert_change.alert_id = alert.alert_id AND kind IN ('acknowledged', 'closed', 'false_alarm')
       ),
       found_late OR evidence ? 'waiver_id' OR coalesce(filed_at - detected_at > INTERVAL '10 minutes', false)
FROM alert WHERE started_at >= %(from)s AND started_at < %(to)s
ORDER BY started_at, alert_id;
