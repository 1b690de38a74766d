-- Credentials that have been tried and wait to be used for a sync, and sign-ins in a browser that are under way.
CREATE TABLE lockstep.sign_in (
  sign_in_id     text PRIMARY KEY,
  login_url      text NOT NULL,
  flow           text NOT NULL,
  -- JSON: what the return of the browser needs. Only of a sign-in in a browser, until that.
  sealed_attempt text,
  -- Hashes of what is used once: the ticket in the link, the cookie of the browser, the state of the request.
  ticket_hash    text UNIQUE,
  browser_hash   text,
  state_hash     text UNIQUE,
  -- JSON. Null until the sign-in is done.
  sealed_credential text,
  -- Hash of a refresh token that somebody gave, and that Salesforce has replaced by the one in here.
  given_hash     text UNIQUE,
  org_id         text,
  instance_url   text,
  -- Why it failed.
  fault          jsonb,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at     timestamptz NOT NULL,
  CHECK (sealed_credential IS NULL OR (org_id IS NOT NULL AND instance_url IS NOT NULL)),
  CHECK (sealed_credential IS NULL OR fault IS NULL)
);

-- Key pairs made here for the JWT bearer flow. The app in Salesforce has the certificate.
CREATE TABLE lockstep.jwt_key (
  name               text PRIMARY KEY,
  certificate        text NOT NULL,
  sealed_private_key text NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at         timestamptz NOT NULL
);
