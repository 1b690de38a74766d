import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** What the view `_lockstep.status` says about an object. */
export interface StatusRow {
  sobject: string;
  table_name: string;
  state: string;
  rows: number;
  rows_expected: number | null;
  backfill_percent: number;
  /** Times as the server prints them; null: not yet. */
  read_until: string | null;
  settled_until: string | null;
  counts_verified_at: string | null;
  stamps_verified_at: string | null;
  content_verified_at: string | null;
  /** Rows that the sync no longer finds in Salesforce and that stay until somebody decides. */
  missing_rows: number;
  /** Records that the mirror cannot store as they are. */
  set_aside_rows: number;
  /** A fault's code, and its text if it was recorded. */
  stop_code: string | null;
  stop_reason: string | null;
}

export const readStatusRows = (mirror: Tx): Promise<StatusRow[]> =>
  mirror.query<StatusRow & Record<string, unknown>>(sql`
  SELECT sobject, table_name, state, rows, rows_expected, backfill_percent, read_until, settled_until,
         counts_verified_at, stamps_verified_at, content_verified_at, missing_rows, set_aside_rows,
         stop_code, stop_reason
    FROM _lockstep.status ORDER BY sobject`);

/** The server's time, as it prints it. */
export async function readServerClock(db: Tx): Promise<string> {
  const [clock] = await db.query<{ now: string }>(sql`SELECT clock_timestamp() AS now`);
  return clock?.now ?? '';
}
