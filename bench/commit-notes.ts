import type { Database } from '@lockstep/foundation/database';
import { ident, literal, sql } from '@lockstep/foundation/sql';

/**
 * Records, at the end of each transaction, the new value of a column and the time by the server's clock. Two databases
 * on one server share that clock.
 */
export async function noteCommits(
  db: Database,
  { schema, table, column }: { schema: string; table: string; column: string },
): Promise<void> {
  await db.script(`
    CREATE TABLE IF NOT EXISTS public.note (token text PRIMARY KEY, at timestamptz NOT NULL);
    CREATE OR REPLACE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO public.note VALUES (to_jsonb(NEW) ->> TG_ARGV[0], clock_timestamp()) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$`);
  await db.query(sql`
    CREATE CONSTRAINT TRIGGER note_commit AFTER INSERT OR UPDATE ON ${ident(schema, table)}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.note(${literal(column)})`);
}

/** Commit times by value, in milliseconds since 1970. */
export async function readNotes(db: Database): Promise<ReadonlyMap<string, number>> {
  const notes = await db.query<{ token: string; at: string }>(sql`
    SELECT token, extract(epoch FROM at) * 1000 AS at FROM public.note WHERE token ~ '^(long|change) '`);
  return new Map(notes.map(({ token, at }) => [token, Number(at)]));
}
