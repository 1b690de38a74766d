-- Requests to the API that may be repeated: by the key that the caller gives, what was asked and what was answered.
CREATE TABLE lockstep.idempotency_key (
  key         text PRIMARY KEY,
  fingerprint text NOT NULL,
  -- The id of what the request makes, so that a repetition takes up what a killed process has begun.
  subject     text NOT NULL,
  -- Null: the request is under way, or its process died.
  status      integer,
  body        text,
  begun_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
