-- A value in a history is text, as in the field whose history it is, and no longer JSON with quotes around it. A column
-- that somebody's view uses stays as it is; the sync then says what is in the way.
SET LOCAL statement_timeout = 0;

DO $$
DECLARE
  history record;
BEGIN
  FOR history IN
    SELECT s.table_schema, k.table_name, c.column_name
      FROM _lockstep.column c
      JOIN _lockstep.checkpoint k USING (stream_no)
     CROSS JOIN _lockstep.sync s
     WHERE c.field_type = 'anyType'
       AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = to_regclass(format('%I.%I', s.table_schema, k.table_name))
                      AND a.attname = c.column_name AND a.atttypid = 'jsonb'::regtype)
  LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN %I TYPE text USING %3$I #>> ''{}''',
                     history.table_schema, history.table_name, history.column_name);
    EXCEPTION WHEN feature_not_supported THEN
      RAISE NOTICE 'a view uses %.%.%', history.table_schema, history.table_name, history.column_name;
    END;
  END LOOP;
END $$;
