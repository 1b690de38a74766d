-- Tables that stay although their object was removed, and the org whose rows they hold. Only these are taken up again
-- when the object is added: a table that an earlier sync has left looks the same, by its owner and its comment.
CREATE TABLE _lockstep.kept_table (
  table_name text PRIMARY KEY,
  sobject    text NOT NULL,
  org_id     text,                   -- null: not known, so its rows are not used
  kept_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Until now nobody wrote down which tables were kept. In a private database, which was made for one sync, no other sync
-- can have made them; whether an earlier org of a refreshed sandbox has filled them is not known. In a database that a
-- person owns they may be an earlier sync's: they count as the person's, who can rename or drop them.
INSERT INTO _lockstep.kept_table (table_name, sobject)
  SELECT c.relname, split_part(d.description, ' ', 1)
    FROM _lockstep.sync s
    JOIN pg_catalog.pg_namespace n ON n.nspname = s.table_schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'
    JOIN pg_catalog.pg_description d
      ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
   WHERE current_database() = format('lockstep_%s', s.sync_id)
     AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
     AND d.description ~ '^\w+ \(Salesforce object\): '
     AND NOT EXISTS (SELECT FROM _lockstep.checkpoint k WHERE k.table_name = c.relname);
