-- name: handled_between
-- The alerts that started within a span, with the first thing that a person did about each: a look at an index that
-- holds only such changes.
SELECT bus_id, rule, severity, status, started_at, filed_at,
       (
           SELECT min(at) FROM alert_change
           WHERE alert_change.alert_id = alert.alert_id AND kind IN ('acknowledged', 'closed', 'false_alarm')
       )
FROM alert WHERE started_at >= %(from)s AND started_at < %(to)s
ORDER BY started_at, alert_id;
