-- The same things by the names that the rest of the product gives them. Views keep their grants, and what others have
-- built on them.

-- Which kinds there are is said in one place, engine/cursors/index.ts.
ALTER TABLE _lockstep.cursor DROP CONSTRAINT cursor_kind_check;
UPDATE _lockstep.cursor SET kind = CASE kind WHEN 'tail' THEN 'recheck' ELSE 'repair' END WHERE kind IN ('tail', 'mend');

UPDATE _lockstep.problem SET kind = 're-read' WHERE kind = 'repair';

-- A ticket, and no time.
ALTER TABLE _lockstep.dirty RENAME COLUMN since TO since_ticket;
ALTER TABLE _lockstep.dirty RENAME COLUMN first_since TO first_since_ticket;

ALTER TABLE _lockstep.checkpoint RENAME COLUMN stopped_by TO stop_code;
ALTER TABLE _lockstep.checkpoint RENAME COLUMN stopped_because TO stop_reason;
ALTER VIEW _lockstep.status RENAME COLUMN held_rows TO missing_rows;
ALTER VIEW _lockstep.status RENAME COLUMN stopped_by TO stop_code;
ALTER VIEW _lockstep.status RENAME COLUMN stopped_because TO stop_reason;

-- So many rows may go within a day because a check did not find them, of a table of so many; `removalsMax` in
-- core/merge-rule.ts says the same, and a test holds the two together.
CREATE FUNCTION _lockstep.removals_max(rows numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT greatest(20, pg_catalog.ceil(0.02 * rows))'; -- PostgreSQL 13 knows no other form

CREATE OR REPLACE VIEW _lockstep.missing AS
  SELECT c.stream_no,
         c.absent_rows AS rows,
         lately.removed,
         _lockstep.removals_max(c.rows + lately.removed) AS rows_max,
         c.absent_rows + lately.removed > _lockstep.removals_max(c.rows + lately.removed) AS is_held,
         coalesce(sweep.position ->> 'after', '') <> ''
           OR coalesce(jsonb_array_length(repair.position -> 'days'), 0) > 0 AS is_checking
    FROM _lockstep.checkpoint c
    LEFT JOIN _lockstep.cursor sweep ON sweep.stream_no = c.stream_no AND sweep.kind = 'sweep'
    LEFT JOIN _lockstep.cursor repair ON repair.stream_no = c.stream_no AND repair.kind = 'repair'
   CROSS JOIN LATERAL (
         SELECT coalesce(sum(r.rows), 0) AS removed FROM _lockstep.removal r
          WHERE r.stream_no = c.stream_no AND r.hour > clock_timestamp() - interval '1 day') lately;

CREATE OR REPLACE VIEW _lockstep.status AS
  SELECT c.sobject,
         c.table_name,
         CASE WHEN c.state = 'current' AND c.absent_rows > 0 AND m.is_held THEN 'rows missing' ELSE c.state END AS state,
         c.rows,
         c.rows_expected,
         CASE WHEN c.backfilled_at IS NOT NULL THEN 100
              WHEN c.rows_expected > 0 THEN least(99, floor(100.0 * c.rows / c.rows_expected))
              ELSE 0
         END::integer AS backfill_percent,
         CASE WHEN c.backfilled_at IS NOT NULL THEN to_timestamp((head.position ->> 'at')::bigint) END AS read_until,
         CASE WHEN c.backfilled_at IS NOT NULL
              THEN least(to_timestamp((recheck.position ->> 'at')::bigint), marked.stamped_at, aside.stamped_at)
         END AS settled_until,
         c.counts_verified_at,
         c.stamps_verified_at,
         c.content_verified_at,
         CASE WHEN c.absent_rows > 0 AND m.is_held THEN c.absent_rows ELSE 0 END AS missing_rows,
         c.stop_code,
         c.stop_reason,
         (SELECT count(*) FROM _lockstep.quarantine q WHERE q.stream_no = c.stream_no) AS set_aside_rows
    FROM _lockstep.checkpoint c
    JOIN _lockstep.missing m ON m.stream_no = c.stream_no
    LEFT JOIN _lockstep.cursor head ON head.stream_no = c.stream_no AND head.kind = 'head'
    LEFT JOIN _lockstep.cursor recheck ON recheck.stream_no = c.stream_no AND recheck.kind = 'recheck'
   CROSS JOIN LATERAL (
         SELECT min(d.stamped_at) AS stamped_at FROM _lockstep.dirty d
          WHERE d.stream_no = c.stream_no AND d.reason NOT IN ('absent', 'kept')) marked
   CROSS JOIN LATERAL (
         SELECT min(q.stamped_at) AS stamped_at FROM _lockstep.quarantine q WHERE q.stream_no = c.stream_no) aside;
