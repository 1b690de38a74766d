-- Who signs in to the management API with a password: one administrator, and its sessions. No secret stands here, only
-- hashes: whoever reads these tables cannot sign in.
CREATE TABLE lockstep.administrator (
  only_one      boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  password_hash text NOT NULL,
  email         text,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What makes its bearer the administrator, once.
CREATE TABLE lockstep.setup_token (
  only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  hash       text NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE lockstep.session (
  session_id   text PRIMARY KEY,
  hash         text NOT NULL UNIQUE,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  address      text NOT NULL,
  user_agent   text NOT NULL
);

-- Who has changed what. Entries outlive what they are about, so they refer to nothing.
CREATE TABLE lockstep.audit_entry (
  entry_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  who        text NOT NULL,
  address    text,
  operation  text NOT NULL,
  sync_id    text,
  sync_name  text,
  thing      text,
  before     jsonb,
  after      jsonb,
  refusal    text,
  request_id text
);
CREATE INDEX audit_entry_at ON lockstep.audit_entry (at);
