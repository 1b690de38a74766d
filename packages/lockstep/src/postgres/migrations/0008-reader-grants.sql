-- The readers of a mirror can read its bookkeeping too, so that they can dump the whole database: pg_dump locks and
-- reads every table and sequence. Mirrors made from now on have these grants from the beginning.
DO $$
DECLARE
  readers text;
BEGIN
  FOR readers IN SELECT rolname FROM pg_catalog.pg_roles, _lockstep.sync
                  WHERE rolname = format('lockstep_%s_read', sync_id)
  LOOP
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA _lockstep TO %I', readers);
    EXECUTE format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA _lockstep TO %I', readers);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA _lockstep GRANT SELECT ON TABLES TO %I', readers);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA _lockstep GRANT SELECT ON SEQUENCES TO %I', readers);
  END LOOP;
END $$;
