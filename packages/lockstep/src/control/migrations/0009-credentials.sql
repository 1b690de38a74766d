-- One credential of any OAuth flow, and the newest session, shared by all processes that run the sync.
ALTER TABLE lockstep.credential
  ALTER COLUMN sealed_client_id DROP NOT NULL,
  ALTER COLUMN sealed_client_secret DROP NOT NULL,
  ADD COLUMN flow text NOT NULL DEFAULT 'client credentials'
    CHECK (flow IN ('client credentials', 'jwt bearer', 'refresh token')),
  -- JSON. Null: an older version wrote the two columns above, of the client credentials flow.
  ADD COLUMN sealed_credential text,
  ADD COLUMN replaced_at timestamptz,
  ADD COLUMN session_no bigint NOT NULL DEFAULT 0,
  -- JSON. Null: there was no session yet.
  ADD COLUMN sealed_session text,
  -- Until then one process signs in and the others wait.
  ADD COLUMN signing_in_until timestamptz,
  -- Salesforce has refused the credential, and is not asked again before then.
  ADD COLUMN refused_until timestamptz,
  ADD COLUMN refusal jsonb,
  ADD CHECK ((refused_until IS NULL) = (refusal IS NULL));
