-- A database that a person owns may be behind an SSH server, whose name is in `address`. What is stored here of such a
-- database can be replaced: `revision` says how often it has been.
ALTER TABLE lockstep.destination
  ADD COLUMN sealed_tunnel_key text,
  ADD COLUMN revision integer NOT NULL DEFAULT 1;
