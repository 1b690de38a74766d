-- Fields that a person leaves out, and fields that are taken in later. `described_for` is the choice of fields and the
-- version of the API that a table was last compared with.
ALTER TABLE _lockstep.checkpoint ADD COLUMN described_for text;
ALTER TABLE _lockstep.column ADD COLUMN left_out boolean NOT NULL DEFAULT false;

CREATE OR REPLACE VIEW _lockstep.hidden_fields AS
  SELECT c.sobject, c.table_name, f.field, f.column_name, f.hidden_since, f.returned_at
    FROM _lockstep.column f JOIN _lockstep.checkpoint c USING (stream_no)
   WHERE f.hidden_since IS NOT NULL AND NOT f.left_out;
