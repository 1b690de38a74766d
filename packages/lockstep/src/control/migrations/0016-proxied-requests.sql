-- Proxied writes and refused requests, one row each, for 30 days: what was asked of which object, and what became of it.
-- No body, query or token ever stands here.
CREATE TABLE lockstep.proxy_request (
  request_no   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sync_id      text        NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  at           timestamptz NOT NULL,
  method       text        NOT NULL,
  -- Of a mirrored object; null: another one, several, or unknown.
  sobject      text,
  record_id    text,
  outcome      text        NOT NULL,
  -- With which the proxy itself refused it, or lost its answer.
  code         text,
  status       integer     NOT NULL,
  took_ms      integer     NOT NULL,
  upstream_ms  integer     NOT NULL,
  read_back_ms integer     NOT NULL,
  apply_ms     integer     NOT NULL,
  -- Of the log's line.
  request_id   text        NOT NULL
);
CREATE INDEX proxy_request_of_sync ON lockstep.proxy_request (sync_id, request_no);
CREATE INDEX proxy_request_at ON lockstep.proxy_request (at);

-- All proxied requests, reads as well, counted by hour.
CREATE TABLE lockstep.proxy_usage (
  sync_id  text        NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  hour     timestamptz NOT NULL,
  method   text        NOT NULL,
  outcome  text        NOT NULL,
  requests bigint      NOT NULL,
  took_ms  bigint      NOT NULL,
  PRIMARY KEY (sync_id, hour, method, outcome)
);
