-- Keys of programs that use the management API. Only a hash is kept: whoever reads this table cannot use it.
CREATE TABLE lockstep.api_key (
  key_id       text PRIMARY KEY,
  name         text NOT NULL UNIQUE,
  hash         text NOT NULL,
  scope        text NOT NULL CHECK (scope IN ('read', 'write')),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at   timestamptz,
  last_used_at timestamptz
);
