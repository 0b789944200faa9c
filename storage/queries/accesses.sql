-- Who looked at which track.

-- name: record
-- A look into a span that the same person was shown within the hour is the same look: who zooms into a track
-- leaves one row. What is taken away as a file always counts.
INSERT INTO track_access (at, stated_by, what, bus_id, from_at, to_at)
SELECT %(at)s, %(by)s, %(what)s, %(bus_id)s, %(from)s, %(to)s
WHERE %(what)s::text = 'export' OR NOT EXISTS (
    SELECT FROM track_access
    WHERE bus_id = %(bus_id)s AND at > %(at)s::timestamptz - interval '1 hour' AND what = 'view'
      AND stated_by IS NOT DISTINCT FROM %(by)s::text
      AND from_at <= %(from)s AND to_at >= %(to)s
);

-- name: newest
SELECT at, stated_by, what, bus_id, from_at, to_at FROM track_access
WHERE (%(bus_id)s::text IS NULL OR bus_id = %(bus_id)s)
  AND (%(by)s::text IS NULL OR stated_by = %(by)s)
  AND (%(from)s::timestamptz IS NULL OR at >= %(from)s)
  AND (%(to)s::timestamptz IS NULL OR at < %(to)s)
ORDER BY at DESC, access_id DESC
LIMIT %(limit)s;
