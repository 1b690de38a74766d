-- What becomes of a proxied write while the database of the mirror does not answer: it is refused before it is sent, or
-- sent, and the mirror follows later.
ALTER TABLE lockstep.sync
  ADD COLUMN without_database text NOT NULL DEFAULT 'refuse' CHECK (without_database IN ('refuse', 'forward'));
