-- How old each object's table was, minute by minute, in one row an hour, for 30 days.
CREATE TABLE lockstep.freshness (
  sync_id    text        NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  hour       timestamptz NOT NULL,
  sobject    text        NOT NULL,
  -- In seconds.
  ages       integer[]   NOT NULL,
  sampled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sync_id, hour, sobject)
);
