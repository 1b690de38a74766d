-- What a write through the proxy has to know of the objects: whose record an Id is, and which other records change with
-- it.

-- Of streams from before neither is known. Then a write that names its record by an Id alone is followed by a poll, and
-- so is what it changes elsewhere.
ALTER TABLE _lockstep.checkpoint ADD COLUMN key_prefix text COLLATE "C" CHECK (length(key_prefix) = 3);
ALTER TABLE _lockstep.column
  ADD COLUMN refers_to text[]  NOT NULL DEFAULT '{}',
  ADD COLUMN is_detail boolean NOT NULL DEFAULT false;

-- One more reason: related (to a record that was written, and changed along with it).
COMMENT ON COLUMN _lockstep.dirty.reason IS
  'overlap, written, related, cut off, differs, absent, accepted, kept, deleted log or asked';
