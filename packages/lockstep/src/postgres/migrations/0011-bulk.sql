-- Backfills by Bulk API 2.0. The reading of one stays open from before its first job until its last row is stored, also
-- while no worker runs, so it has no epoch.
ALTER TABLE _lockstep.observation DROP CONSTRAINT observation_kind_check;
ALTER TABLE _lockstep.observation ADD CONSTRAINT observation_kind_check CHECK (kind IN ('tick', 'read-back', 'bulk'));

-- A page of a job's results, and how much of it is stored. One row each, so that two pages are stored at the same time.
CREATE TABLE _lockstep.bulk_page (
  stream_no smallint NOT NULL,
  page_no   integer  NOT NULL,
  path      text     NOT NULL,
  rows      bigint   NOT NULL DEFAULT 0,
  last_id   text COLLATE "C",
  is_done   boolean  NOT NULL DEFAULT false,
  PRIMARY KEY (stream_no, page_no)
);

-- The records that a sweep by Bulk has seen so far, or that a first fill has merged. After a crash it is empty, which
-- its count shows to a sweep.
CREATE UNLOGGED TABLE _lockstep.seen (
  stream_no smallint NOT NULL,
  id        text COLLATE "C" NOT NULL,
  PRIMARY KEY (stream_no, id)
);

-- How a backfill reads, in words, and why it does not read as it began.
CREATE VIEW _lockstep.backfill_method AS
  SELECT c.sobject,
         CASE WHEN b.position ->> 'observation' IS NOT NULL AND b.position ->> 'purpose' = 'backfill' THEN 'bulk' ELSE 'pages' END AS method,
         b.position -> 'givenUp' ->> 'reason' AS reason
    FROM _lockstep.checkpoint c
    LEFT JOIN _lockstep.cursor b ON b.stream_no = c.stream_no AND b.kind = 'bulk'
   WHERE c.backfilled_at IS NULL;
