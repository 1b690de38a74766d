-- A mirror may also be in a database that a person owns. `address` says where that is, without a password.
ALTER TABLE lockstep.destination
  DROP CONSTRAINT destination_kind_check,
  DROP CONSTRAINT destination_database_name_key,
  ADD COLUMN address jsonb,
  ADD CONSTRAINT destination_kind_check CHECK (
    CASE kind WHEN 'private' THEN address IS NULL WHEN 'own' THEN address IS NOT NULL ELSE false END);
CREATE UNIQUE INDEX destination_private_database ON lockstep.destination (database_name) WHERE kind = 'private';
