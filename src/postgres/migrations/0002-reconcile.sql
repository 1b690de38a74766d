-- Cursors of the checks that compare a whole table, the records that such a check has mended, and why a record is to
-- be read again.

ALTER TABLE _lockstep.cursor DROP CONSTRAINT cursor_kind_check;
ALTER TABLE _lockstep.cursor ADD CONSTRAINT cursor_kind_check
  CHECK (kind IN ('backfill', 'head', 'tail', 'deleted', 'sweep', 'counts', 'content', 'mend'));

-- A restored database hands tickets out again: the nonce tells a reading from a later one with the same number.
ALTER TABLE _lockstep.observation ADD COLUMN nonce uuid NOT NULL DEFAULT gen_random_uuid();

-- Reasons: overlap (two readings at once), written (by a proxied write), cut off (a write whose outcome is unknown),
-- differs and absent (found by a check), accepted and kept (absent, and somebody has decided), deleted log, asked.
-- stamped_at: what the mirror misses of the record is not older than this, so that no later time counts as settled.
ALTER TABLE _lockstep.dirty ADD COLUMN stamped_at timestamptz;

-- What checks have found and mended. found_at is Salesforce's time.
CREATE TABLE _lockstep.repair (
  repair_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  stream_no smallint    NOT NULL,
  id        text COLLATE "C" NOT NULL,
  kind      text        NOT NULL CHECK (kind IN ('deleted', 'no longer visible', 'missing', 'stale', 'edited')),
  found_at  timestamptz NOT NULL
);
CREATE INDEX ON _lockstep.repair (found_at);

-- Rows that a sweep did not find in Salesforce. They go when the pass is over and a second reading lacks them too; when
-- more are missing than a person would expect, they are held until somebody decides.
CREATE VIEW _lockstep.vanished AS
  SELECT d.stream_no,
         count(*) AS rows,
         coalesce(sweep.position ->> 'after', '') <> '' AS is_sweeping,
         count(*) > greatest(20, ceil(0.02 * c.rows)) AS is_held
    FROM _lockstep.dirty d
    JOIN _lockstep.checkpoint c USING (stream_no)
    LEFT JOIN _lockstep.cursor sweep ON sweep.stream_no = d.stream_no AND sweep.kind = 'sweep'
   WHERE d.reason = 'absent'
   GROUP BY d.stream_no, c.rows, sweep.position;

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
         CASE WHEN v.is_held AND NOT v.is_sweeping THEN v.rows ELSE 0 END AS held_rows
    FROM _lockstep.checkpoint c
    LEFT JOIN _lockstep.cursor head ON head.stream_no = c.stream_no AND head.kind = 'head'
    LEFT JOIN _lockstep.cursor tail ON tail.stream_no = c.stream_no AND tail.kind = 'tail'
    LEFT JOIN _lockstep.vanished v ON v.stream_no = c.stream_no
    LEFT JOIN LATERAL (
         SELECT min(d.stamped_at) AS stamped_at FROM _lockstep.dirty d
          WHERE d.stream_no = c.stream_no AND d.reason NOT IN ('absent', 'kept')) marks ON true;
