-- What Lockstep knows besides the mirrored rows. Columns named sealed_… hold AES-256-GCM text (sealing.ts) and
-- nothing else here is secret. No record's value ever stands in this schema.

CREATE TABLE lockstep.org (
  org_id       text PRIMARY KEY CHECK (org_id ~ '^00D[0-9A-Za-z]{15}$'),
  instance_url text NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT now()
);

-- One org into one destination, with its lease: owner is the worker that runs it, epoch grows with each claim.
CREATE TABLE lockstep.sync (
  sync_id         text PRIMARY KEY CHECK (sync_id ~ '^s[a-z2-7]{26}$'),
  name            text NOT NULL UNIQUE CHECK (name <> ''),
  org_id          text NOT NULL REFERENCES lockstep.org,
  api_version     text NOT NULL,
  interval_ms     integer NOT NULL CHECK (interval_ms BETWEEN 200 AND 300000),
  paused          boolean NOT NULL DEFAULT false,
  sealed_data_key text NOT NULL,
  owner           text,
  epoch           bigint NOT NULL DEFAULT 0,
  claimed_at      timestamptz,
  recorded_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sync_org_id ON lockstep.sync (org_id);
CREATE INDEX sync_owner ON lockstep.sync (owner);

-- What a sync waits for, in the words of the catalogue; no row while nothing is wrong. Written by whoever runs it.
CREATE TABLE lockstep.trouble (
  sync_id     text PRIMARY KEY REFERENCES lockstep.sync ON DELETE CASCADE,
  code        text NOT NULL,
  explanation text NOT NULL,
  next        text NOT NULL,
  since       timestamptz NOT NULL DEFAULT clock_timestamp(),
  retry_at    timestamptz NOT NULL
);

-- The sync's own authority in Salesforce (client credentials grant).
CREATE TABLE lockstep.credential (
  sync_id              text PRIMARY KEY REFERENCES lockstep.sync ON DELETE CASCADE,
  login_url            text NOT NULL,
  sealed_client_id     text NOT NULL,
  sealed_client_secret text NOT NULL
);

-- Where the mirror lives. A private one is a database of its own on the control database's server.
CREATE TABLE lockstep.destination (
  sync_id                text PRIMARY KEY REFERENCES lockstep.sync ON DELETE CASCADE,
  kind                   text NOT NULL CHECK (kind = 'private'),
  database_name          text NOT NULL UNIQUE,
  table_schema           text NOT NULL,
  sealed_writer_password text NOT NULL,
  sealed_reader_password text NOT NULL
);

-- The chosen objects, in the order in which the person named them.
CREATE TABLE lockstep.stream (
  sync_id  text NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  sobject  text NOT NULL,
  position smallint NOT NULL,
  PRIMARY KEY (sync_id, sobject)
);

-- Whoever runs syncs. Alive while alive_until lies ahead and its session holds its presence lock (leases.ts).
CREATE TABLE lockstep.worker (
  worker_id   text PRIMARY KEY,
  alive_until timestamptz NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT now()
);

-- Outbox of e-mails: at most one per sync and event, whoever records it and however often.
CREATE TABLE lockstep.notification (
  notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sync_id         text NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  event           text NOT NULL,
  body            jsonb NOT NULL,
  state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'not-configured')),
  recorded_at     timestamptz NOT NULL DEFAULT now(),
  sent_at         timestamptz CHECK ((sent_at IS NOT NULL) = (state = 'sent')),
  UNIQUE (sync_id, event)
);

-- Salesforce requests by minute (this database's clock) and purpose.
CREATE TABLE lockstep.usage (
  sync_id  text NOT NULL REFERENCES lockstep.sync ON DELETE CASCADE,
  minute   timestamptz NOT NULL,
  purpose  text NOT NULL,
  requests integer NOT NULL,
  PRIMARY KEY (sync_id, minute, purpose)
);
