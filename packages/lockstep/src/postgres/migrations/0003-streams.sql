-- What a stream's changes are followed by, whether Salesforce keeps a log of its deletions, and in words why it stopped.

-- Streams from before have SystemModstamp, because others were refused. Whether Salesforce logs their deletions was not
-- written down. False is the safe guess: without the log the sweep finds the same deletions, only later; a log that
-- does not exist would be asked for in vain for ever.
ALTER TABLE _lockstep.checkpoint
  ADD COLUMN cursor_field    text CHECK (cursor_field IN ('SystemModstamp', 'LastModifiedDate', 'CreatedDate', 'LoginTime')),
  ADD COLUMN replicateable   boolean NOT NULL DEFAULT false,
  ADD COLUMN stopped_because text;

UPDATE _lockstep.checkpoint c
   SET cursor_field = 'SystemModstamp'
 WHERE EXISTS (SELECT FROM _lockstep.column f WHERE f.stream_no = c.stream_no AND f.field = 'SystemModstamp');

ALTER TABLE _lockstep.checkpoint ALTER COLUMN replicateable DROP DEFAULT;

CREATE OR REPLACE VIEW _lockstep.status AS
  SELECT c.sobject,
         c.table_name,
         CASE WHEN c.state = 'current' AND v.is_held AND NOT v.is_sweeping THEN 'held' ELSE c.state END AS state,
         c.rows,
         c.rows_expected,
         CASE WHEN c.backfilled_at IS NOT NULL THEN 100
              WHEN c.rows_expected > 0 THEN least(99, floor(100.0 * c.rows / c.rows_expected))
              ELSE 0
         END::integer AS backfill_percent,
         CASE WHEN c.backfilled_at IS NOT NULL THEN to_timestamp((head.position ->> 'at')::bigint) END AS read_until,
         CASE WHEN c.backfilled_at IS NOT NULL
              THEN least(to_timestamp((tail.position ->> 'at')::bigint), marks.stamped_at)
         END AS settled_until,
         c.counts_verified_at,
         c.stamps_verified_at,
         c.content_verified_at,
         CASE WHEN v.is_held AND NOT v.is_sweeping THEN v.rows ELSE 0 END AS held_rows,
         c.stopped_by,
         c.stopped_because
    FROM _lockstep.checkpoint c
    LEFT JOIN _lockstep.cursor head ON head.stream_no = c.stream_no AND head.kind = 'head'
    LEFT JOIN _lockstep.cursor tail ON tail.stream_no = c.stream_no AND tail.kind = 'tail'
    LEFT JOIN _lockstep.vanished v ON v.stream_no = c.stream_no
    LEFT JOIN LATERAL (
         SELECT min(d.stamped_at) AS stamped_at FROM _lockstep.dirty d
          WHERE d.stream_no = c.stream_no AND d.reason NOT IN ('absent', 'kept')) marks ON true;
