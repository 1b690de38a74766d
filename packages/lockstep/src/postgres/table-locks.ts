/** Locks that others hold on a mirror's table. */
import { type Database, sqlState } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import * as statements from './sql.ts';
import type { Stream } from './tables.ts';

const probeMs = 50;

/** Whether a page could be written now. Asking saves the Salesforce request for a page that would be thrown away. */
export async function isWritable(db: Database, { schema, table }: Stream): Promise<boolean> {
  try {
    await db.transaction(async (tx) => {
      await statements.limitLockWait(tx, probeMs);
      await tx.query(sql`LOCK TABLE ${ident(schema, table)} IN ROW EXCLUSIVE MODE`);
    });
    return true;
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}

export const isLockTimeout = (error: unknown): boolean => sqlState(error) === '55P03';

const holdersMax = 3;

/** Who holds locks on the table, by session, user and lock mode; null if nobody is known to. */
export async function lockHolders(db: Database, { schema, table }: Stream): Promise<string | null> {
  const holders = await db.query<{ pid: number; user: string | null; mode: string }>(sql`
    SELECT l.pid, a.usename AS user, l.mode
      FROM pg_catalog.pg_locks l
      JOIN pg_catalog.pg_class c ON c.oid = l.relation
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE n.nspname = ${schema} AND c.relname = ${table} AND l.granted AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
     ORDER BY l.pid, l.mode LIMIT ${holdersMax}`);
  if (holders.length === 0) return null;
  return holders
    .map(({ pid, user, mode }) => `session ${pid} of ${user ?? 'another user'}: ${mode}`)
    .join(', ');
}
