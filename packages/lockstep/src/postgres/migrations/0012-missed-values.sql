-- Fields that a table has no column for, such as compound and encrypted ones.
CREATE TABLE _lockstep.field_without_column (
  stream_no  integer NOT NULL REFERENCES _lockstep.checkpoint,
  field      text NOT NULL,
  field_type text NOT NULL,
  PRIMARY KEY (stream_no, field)
);

-- Fields whose values the mirror does not have: those, and binary fields, whose column has the address of the bytes.
CREATE VIEW _lockstep.fields_without_value AS
  SELECT c.sobject, c.table_name, f.field, f.field_type, NULL::text AS column_name
    FROM _lockstep.field_without_column f JOIN _lockstep.checkpoint c USING (stream_no)
   UNION ALL
  SELECT c.sobject, c.table_name, f.field, f.field_type, f.column_name
    FROM _lockstep.column f JOIN _lockstep.checkpoint c USING (stream_no)
   WHERE f.field_type = 'base64';

-- How many queries select all fields of an object: more than one if Salesforce has refused a single one.
ALTER TABLE _lockstep.checkpoint ADD COLUMN query_parts integer NOT NULL DEFAULT 1;

-- Every object is described once more, which fills the table.
UPDATE _lockstep.checkpoint SET described_for = '';
