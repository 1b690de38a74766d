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

-- A pass of a poll goes on in another way than before.
UPDATE _lockstep.cursor SET position = position || '{"pass": null}' WHERE kind IN ('head', 'tail');
