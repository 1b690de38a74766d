-- Who has caused it, as in the audit log. Null: it happened by itself.
ALTER TABLE lockstep.activity ADD COLUMN who text;
-- Who has removed the object, for when its worker has let its table go.
ALTER TABLE lockstep.stream ADD COLUMN removed_by text;
