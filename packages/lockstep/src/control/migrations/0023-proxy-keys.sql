-- A key of a sync is one of its proxy, for programs that have no token of Salesforce; one without is of the management API.
ALTER TABLE lockstep.api_key
  ADD COLUMN sync_id text REFERENCES lockstep.sync ON DELETE CASCADE,
  DROP CONSTRAINT api_key_name_key;
CREATE UNIQUE INDEX api_key_name ON lockstep.api_key ((coalesce(sync_id, '')), name);
