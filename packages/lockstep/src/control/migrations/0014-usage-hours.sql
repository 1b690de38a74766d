-- Queries also by the purpose of their requests, of which each is a part: the requests of an hour by object.
ALTER TABLE lockstep.stream_usage
  ADD COLUMN purpose  text NOT NULL DEFAULT 'reconcile',
  ADD COLUMN requests double precision NOT NULL DEFAULT 0;
UPDATE lockstep.stream_usage
   SET purpose = CASE WHEN kind IN ('head', 'recheck') THEN 'poll'
                      WHEN kind = 're-read' THEN 'repair'
                      WHEN kind = 'backfill' THEN 'backfill' ELSE 'reconcile' END;
ALTER TABLE lockstep.stream_usage
  ALTER COLUMN purpose DROP DEFAULT,
  DROP CONSTRAINT stream_usage_pkey,
  ADD PRIMARY KEY (sync_id, hour, sobject, kind, purpose);
