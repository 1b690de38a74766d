-- What has happened to a sync, for 30 days: names, codes and counts. No record's value ever stands here.
CREATE TABLE lockstep.activity (
  activity_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sync_id      text        NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  at           timestamptz NOT NULL,
  kind         text        NOT NULL CHECK (kind IN ('state', 'problem', 'backfill', 'check', 'schema', 'credential', 'org')),
  event        text        NOT NULL,
  -- Of a state: the one before it; null: it is the first.
  before       text,
  -- Null: it concerns the sync as a whole.
  sobject      text,
  code         text,
  -- A field, or an activity of an object such as `poll`.
  detail       text,
  rows         bigint,
  -- How often the same has happened since, within a minute.
  times        integer     NOT NULL DEFAULT 1,
  needs_person boolean     NOT NULL DEFAULT false
);
CREATE INDEX activity_of_sync ON lockstep.activity (sync_id, activity_id);
CREATE INDEX activity_at ON lockstep.activity (at);

-- The state of each sync and object as last recorded, so that only a change of it is an activity, whichever process
-- finds it.
CREATE TABLE lockstep.known_state (
  sync_id text NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  -- Empty: the sync as a whole.
  sobject text NOT NULL,
  state   text NOT NULL,
  code    text,
  PRIMARY KEY (sync_id, sobject)
);

-- How far the repairs of a mirror have been reported.
CREATE TABLE lockstep.known_repair (
  sync_id   text   PRIMARY KEY REFERENCES lockstep.sync ON DELETE CASCADE,
  repair_no bigint NOT NULL
);
