-- Sessions that have ended stay for 30 days, without what opened them.
ALTER TABLE lockstep.session
  ALTER COLUMN hash DROP NOT NULL,
  ADD COLUMN ended_at timestamptz,
  ADD COLUMN ending text
    CHECK (ending IN ('signed out', 'signed in again', 'ended by a person', 'expired', 'password changed')),
  ADD CHECK ((ended_at IS NULL) = (ending IS NULL)),
  ADD CHECK ((ended_at IS NULL) = (hash IS NOT NULL));
