-- The address of a sync's database was replaced.
ALTER TABLE lockstep.activity
  DROP CONSTRAINT activity_kind_check,
  ADD CONSTRAINT activity_kind_check
    CHECK (kind IN ('state', 'problem', 'backfill', 'check', 'schema', 'credential', 'destination', 'org'));
