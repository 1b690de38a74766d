-- What is asked of running syncs, and where their requests go.

-- Of the org's daily requests, by whomever they were made: a sync stops by itself at this share.
ALTER TABLE lockstep.sync
  ADD COLUMN stop_at_percent integer NOT NULL DEFAULT 90 CHECK (stop_at_percent BETWEEN 10 AND 100);

-- What somebody asks of a sync, granted by whoever runs it. Open until it has ended, or until it expires because nobody
-- waits for it any more. objects: API names, null: all. ids: of records, in their 18-character form.
CREATE TABLE lockstep.wish (
  wish_id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sync_id           text NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  kind              text NOT NULL
                    CHECK (kind IN ('flush', 'compare', 'reconcile', 'reread', 'repair', 'keep', 'remove')),
  objects           text[],
  ids               text[],
  made_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at        timestamptz,
  taken_at          timestamptz,
  progress          jsonb,
  ended_at          timestamptz,
  result            jsonb,
  fault_code        text,
  fault_explanation text,
  fault_next        text,
  CHECK ((ids IS NOT NULL) = (kind = 'repair')),
  CHECK (objects IS NOT NULL OR kind NOT IN ('repair', 'keep', 'remove')),
  CHECK (num_nonnulls(result, fault_code) = CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END),
  CHECK (num_nonnulls(fault_code, fault_explanation, fault_next) IN (0, 3))
);
CREATE INDEX wish_open ON lockstep.wish (sync_id, wish_id) WHERE ended_at IS NULL;

-- Queries and their rows by hour (this database's clock), object and kind. A request holds up to five queries.
CREATE TABLE lockstep.stream_usage (
  sync_id text        NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  hour    timestamptz NOT NULL,
  sobject text        NOT NULL,
  kind    text        NOT NULL,
  queries bigint      NOT NULL,
  rows    bigint      NOT NULL,
  PRIMARY KEY (sync_id, hour, sobject, kind)
);

-- What Salesforce last said in each hour of the requests that everybody made in the 24 hours before.
CREATE TABLE lockstep.org_usage (
  org_id      text        NOT NULL REFERENCES lockstep.org ON DELETE CASCADE,
  hour        timestamptz NOT NULL,
  used        bigint      NOT NULL,
  max         bigint      NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, hour)
);
