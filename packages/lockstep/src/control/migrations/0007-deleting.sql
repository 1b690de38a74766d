-- Since when a sync is being deleted; null: it is not. Its worker lets it go as if it were paused, and nothing resumes it.
ALTER TABLE lockstep.sync ADD COLUMN deleting_since timestamptz;
