-- What becomes of a column when an administrator changes its field. A column whose field has another type now has
-- another column beside it, in which the field's values are collected: `replaces` is the column whose name that one
-- takes when it is complete. `made_again` are the indexes on the earlier column that still have to be made on it.
-- `formula_text` is the formula itself. `durable_id`, of an object too, is Salesforce's own Id, which stays when the
-- name changes.
ALTER TABLE _lockstep.column
  ADD COLUMN replaces     text,
  ADD COLUMN made_again   text[] NOT NULL DEFAULT '{}',
  ADD COLUMN formula_text text,
  ADD COLUMN durable_id   text;
ALTER TABLE _lockstep.checkpoint ADD COLUMN durable_id text;

CREATE OR REPLACE VIEW _lockstep.hidden_fields AS
  SELECT c.sobject, c.table_name, f.field, f.column_name, f.hidden_since, f.returned_at, f.replaces
    FROM _lockstep.column f JOIN _lockstep.checkpoint c USING (stream_no)
   WHERE (f.hidden_since IS NOT NULL OR f.replaces IS NOT NULL) AND NOT f.left_out;
