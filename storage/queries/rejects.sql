-- What could not become a fix.

-- name: newest
SELECT topic, payload, item, reason, detail, first_received, last_received, times
FROM rejected ORDER BY last_received DESC, digest LIMIT %s;

-- name: counts
-- Distinct rejects by reason.
SELECT reason, count(*) FROM rejected GROUP BY reason ORDER BY count(*) DESC, reason;
