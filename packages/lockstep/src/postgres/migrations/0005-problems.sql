-- What keeps a stream from being read, kept apart by what it keeps from being done; records that were set aside hold
-- claims back; and what a tick asks of marks costs the same however many there are.

-- tries: how often the record was read again and stayed marked. first_since: the ticket of the oldest mark that nothing
-- has cleared; since is raised by each later one.
ALTER TABLE _lockstep.dirty ADD COLUMN tries integer NOT NULL DEFAULT 0, ADD COLUMN first_since bigint;
UPDATE _lockstep.dirty SET first_since = since;
ALTER TABLE _lockstep.dirty ALTER COLUMN first_since SET NOT NULL;

-- Each query of a tick walks one of these from its beginning. Rows that are absent or kept wait for a check's end or for
-- a person, and have an index of their own so that no tick steps over them.
CREATE INDEX dirty_next ON _lockstep.dirty (stream_no, urgent DESC, since) WHERE reason NOT IN ('absent', 'kept');
CREATE INDEX dirty_oldest ON _lockstep.dirty (stream_no, first_since) WHERE reason NOT IN ('absent', 'kept');
CREATE INDEX dirty_stamped_at ON _lockstep.dirty (stream_no, stamped_at) WHERE reason NOT IN ('absent', 'kept');
CREATE INDEX dirty_absent ON _lockstep.dirty (stream_no, first_since) WHERE reason = 'absent';

COMMENT ON COLUMN _lockstep.dirty.reason IS
  'overlap, written, related, cut off, differs, absent, accepted, kept, deleted log, set aside or asked';

-- How many marks say that a record is absent. Kept, because to count a million of them takes seconds.
ALTER TABLE _lockstep.checkpoint ADD COLUMN absent_rows bigint NOT NULL DEFAULT 0;
UPDATE _lockstep.checkpoint c
   SET absent_rows = (SELECT count(*) FROM _lockstep.dirty d WHERE d.stream_no = c.stream_no AND d.reason = 'absent');

CREATE FUNCTION _lockstep.count_absent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR changed IN SELECT stream_no, count(*) AS more FROM became WHERE reason = 'absent' GROUP BY stream_no LOOP
      UPDATE _lockstep.checkpoint SET absent_rows = absent_rows + changed.more WHERE stream_no = changed.stream_no;
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    FOR changed IN SELECT stream_no, count(*) AS fewer FROM was WHERE reason = 'absent' GROUP BY stream_no LOOP
      UPDATE _lockstep.checkpoint SET absent_rows = absent_rows - changed.fewer WHERE stream_no = changed.stream_no;
    END LOOP;
  ELSE
    FOR changed IN
      SELECT stream_no, sum(more) AS more
        FROM (SELECT stream_no, 1 AS more FROM became WHERE reason = 'absent'
              UNION ALL SELECT stream_no, -1 FROM was WHERE reason = 'absent') AS each
       GROUP BY stream_no HAVING sum(more) <> 0
    LOOP
      UPDATE _lockstep.checkpoint SET absent_rows = absent_rows + changed.more WHERE stream_no = changed.stream_no;
    END LOOP;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER count_absent_inserted AFTER INSERT ON _lockstep.dirty REFERENCING NEW TABLE AS became
  FOR EACH STATEMENT EXECUTE FUNCTION _lockstep.count_absent();
CREATE TRIGGER count_absent_deleted AFTER DELETE ON _lockstep.dirty REFERENCING OLD TABLE AS was
  FOR EACH STATEMENT EXECUTE FUNCTION _lockstep.count_absent();
CREATE TRIGGER count_absent_updated AFTER UPDATE ON _lockstep.dirty REFERENCING OLD TABLE AS was NEW TABLE AS became
  FOR EACH STATEMENT EXECUTE FUNCTION _lockstep.count_absent();

-- Rows that went because a check did not find them, by hour of this database's clock: what one pass stays below, many
-- passes of a day do not.
CREATE TABLE _lockstep.removal (
  stream_no smallint    NOT NULL,
  hour      timestamptz NOT NULL,
  rows      bigint      NOT NULL,
  PRIMARY KEY (stream_no, hour)
);

-- Why a stream, or one of the things that are done for it, rests. No row: nothing is wrong. kind: 'poll', 'backfill',
-- 'repair', 'deleted log', 'sweep', 'counts', 'content', or 'table' for what keeps all of them from being stored.
CREATE TABLE _lockstep.problem (
  stream_no   smallint    NOT NULL REFERENCES _lockstep.checkpoint,
  kind        text        NOT NULL,
  code        text        NOT NULL,
  explanation text        NOT NULL,
  next        text        NOT NULL,
  since       timestamptz NOT NULL DEFAULT clock_timestamp(),
  tries       integer     NOT NULL DEFAULT 1,
  retry_at    timestamptz NOT NULL,
  PRIMARY KEY (stream_no, kind)
);

-- A column whose field the sync's user may not see keeps its values, which are as old as hidden_since says. Since
-- returned_at, Salesforce's time, the field is read again; it is complete when every record has been read once more.
ALTER TABLE _lockstep.column ADD COLUMN hidden_since timestamptz, ADD COLUMN returned_at timestamptz;

-- What the mirror misses of a record that was set aside is not older than stamped_at. It is read again at retry_at.
ALTER TABLE _lockstep.quarantine
  ADD COLUMN stamped_at   timestamptz,
  ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN retry_at     timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX quarantine_stamped_at ON _lockstep.quarantine (stream_no, stamped_at);
CREATE INDEX quarantine_retry_at ON _lockstep.quarantine (stream_no, retry_at);

-- Of records from before nothing is known but that the mirror does not hold them as they are.
UPDATE _lockstep.quarantine q
   SET stamped_at = (SELECT to_timestamp((position ->> 'at')::bigint) FROM _lockstep.cursor
                      WHERE stream_no = q.stream_no AND kind = 'tail');

-- Rows that a check did not find. They go when the check is over and a second reading lacks them too; when more have
-- gone or are to go within a day than a person would expect, they are held until somebody decides. The number is that
-- of `removalsMax` in core/merge-rule.ts.
CREATE VIEW _lockstep.missing AS
  SELECT c.stream_no,
         c.absent_rows AS rows,
         lately.removed,
         greatest(20, ceil(0.02 * (c.rows + lately.removed))) AS rows_max,
         c.absent_rows + lately.removed > greatest(20, ceil(0.02 * (c.rows + lately.removed))) AS is_held,
         coalesce(sweep.position ->> 'after', '') <> ''
           OR coalesce(jsonb_array_length(mend.position -> 'days'), 0) > 0 AS is_checking
    FROM _lockstep.checkpoint c
    LEFT JOIN _lockstep.cursor sweep ON sweep.stream_no = c.stream_no AND sweep.kind = 'sweep'
    LEFT JOIN _lockstep.cursor mend ON mend.stream_no = c.stream_no AND mend.kind = 'mend'
   CROSS JOIN LATERAL (
         SELECT coalesce(sum(r.rows), 0) AS removed FROM _lockstep.removal r
          WHERE r.stream_no = c.stream_no AND r.hour > clock_timestamp() - interval '1 day') lately;

CREATE OR REPLACE VIEW _lockstep.status AS
  SELECT c.sobject,
         c.table_name,
         CASE WHEN c.state = 'current' AND c.absent_rows > 0 AND m.is_held THEN 'held' ELSE c.state END AS state,
         c.rows,
         c.rows_expected,
         CASE WHEN c.backfilled_at IS NOT NULL THEN 100
              WHEN c.rows_expected > 0 THEN least(99, floor(100.0 * c.rows / c.rows_expected))
              ELSE 0
         END::integer AS backfill_percent,
         CASE WHEN c.backfilled_at IS NOT NULL THEN to_timestamp((head.position ->> 'at')::bigint) END AS read_until,
         CASE WHEN c.backfilled_at IS NOT NULL
              THEN least(to_timestamp((tail.position ->> 'at')::bigint), marked.stamped_at, aside.stamped_at)
         END AS settled_until,
         c.counts_verified_at,
         c.stamps_verified_at,
         c.content_verified_at,
         CASE WHEN c.absent_rows > 0 AND m.is_held THEN c.absent_rows ELSE 0 END AS held_rows,
         c.stopped_by,
         c.stopped_because,
         (SELECT count(*) FROM _lockstep.quarantine q WHERE q.stream_no = c.stream_no) AS set_aside_rows
    FROM _lockstep.checkpoint c
    JOIN _lockstep.missing m ON m.stream_no = c.stream_no
    LEFT JOIN _lockstep.cursor head ON head.stream_no = c.stream_no AND head.kind = 'head'
    LEFT JOIN _lockstep.cursor tail ON tail.stream_no = c.stream_no AND tail.kind = 'tail'
   CROSS JOIN LATERAL (
         SELECT min(d.stamped_at) AS stamped_at FROM _lockstep.dirty d
          WHERE d.stream_no = c.stream_no AND d.reason NOT IN ('absent', 'kept')) marked
   CROSS JOIN LATERAL (
         SELECT min(q.stamped_at) AS stamped_at FROM _lockstep.quarantine q WHERE q.stream_no = c.stream_no) aside;

DROP VIEW _lockstep.vanished;

-- Which records the mirror cannot hold as they are, and why; without their values.
CREATE VIEW _lockstep.set_aside AS
  SELECT c.sobject, c.table_name, q.id, q.column_name, q.code, q.first_seen_at, q.last_seen_at, q.tries, q.retry_at
    FROM _lockstep.quarantine q JOIN _lockstep.checkpoint c USING (stream_no);

CREATE VIEW _lockstep.problems AS
  SELECT c.sobject, c.table_name, p.kind, p.code, p.explanation, p.next, p.since, p.tries, p.retry_at
    FROM _lockstep.problem p JOIN _lockstep.checkpoint c USING (stream_no);

CREATE VIEW _lockstep.hidden_fields AS
  SELECT c.sobject, c.table_name, f.field, f.column_name, f.hidden_since, f.returned_at
    FROM _lockstep.column f JOIN _lockstep.checkpoint c USING (stream_no)
   WHERE f.hidden_since IS NOT NULL;

-- Whoever may see the status may see these.
DO $$
DECLARE
  reader text;
BEGIN
  FOR reader IN
    SELECT DISTINCT a.grantee::regrole::text FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
     WHERE c.oid = '_lockstep.status'::regclass AND a.privilege_type = 'SELECT' AND a.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('GRANT SELECT ON _lockstep.set_aside, _lockstep.problems, _lockstep.hidden_fields TO %s', reader);
  END LOOP;
END $$;
