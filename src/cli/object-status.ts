/** What the mirror says of each object of a sync, in the view that its reader sees. */
import { type FaultCode, faults } from '../core/faults.ts';
import type { Tx } from '../lib/database.ts';
import { ident, sql } from '../lib/sql.ts';
import { timeOf } from './state-words.ts';

export interface ObjectStatus {
  sobject: string;
  table_name: string;
  state: string;
  rows: number;
  rows_expected: number | null;
  /** Times as the server prints them; null: not yet. */
  read_until: string | null;
  settled_until: string | null;
  counts_verified_at: string | null;
  stamps_verified_at: string | null;
  content_verified_at: string | null;
  /** Rows that vanished from the sync's sight and stay until somebody decides. */
  held_rows: number;
  /** A fault's code, and its words where they were kept. */
  stopped_by: string | null;
  stopped_because: string | null;
}

/** As seen at one moment of the database's clock. */
export async function readObjects(mirror: Tx): Promise<{ objects: readonly ObjectStatus[]; now: number }> {
  const objects = await mirror.query<ObjectStatus>(sql`
    SELECT sobject, table_name, state, rows, rows_expected, read_until, settled_until,
           counts_verified_at, stamps_verified_at, content_verified_at, held_rows, stopped_by, stopped_because
      FROM ${ident('_lockstep', 'status')} ORDER BY sobject`);
  return { objects, now: await readNow(mirror) };
}

/** The server's time, in milliseconds since 1970. */
export async function readNow(db: Tx): Promise<number> {
  const [clock] = await db.query<{ now: string }>(sql`SELECT clock_timestamp() AS now`);
  return timeOf(clock?.now ?? '');
}

/** Why an object is stopped, as a person reads it; null: it is not. */
export function stopOf({
  stopped_by: code,
  stopped_because: because,
}: Pick<ObjectStatus, 'stopped_by' | 'stopped_because'>): {
  code: string;
  says: string;
  next: string;
} | null {
  if (code === null) return null;
  const known = code in faults ? faults[code as FaultCode] : undefined;
  // What the catalogue would have to be filled with is not kept.
  const next = known && !known.next.includes('{') ? known.next : `See ${code} in docs/errors.md.`;
  return { code, says: because ?? known?.title ?? '', next };
}
