import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** Statements of the audit log (audit-log.ts). */

export type AuditRow = {
  entry_id: number;
  at: string;
  who: string;
  address: string | null;
  operation: string;
  sync_id: string | null;
  sync_name: string | null;
  thing: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  refusal: string | null;
  request_id: string | null;
};

const columns = sql`
  entry_id, at, who, address, operation, sync_id, sync_name, thing, before, after, refusal, request_id`;

const isOld = sql`at < clock_timestamp() - interval '30 days'`;

export const purgeAudit = (tx: Tx) => tx.query(sql`DELETE FROM lockstep.audit_entry WHERE ${isOld}`);

/** Also deletes entries that are more than a month old. */
export const insertEntry = (
  tx: Tx,
  one: Omit<AuditRow, 'entry_id' | 'at' | 'before' | 'after'> & {
    before: string | null;
    after: string | null;
  },
) =>
  tx.query(sql`
  WITH old AS (DELETE FROM lockstep.audit_entry WHERE ${isOld})
  INSERT INTO lockstep.audit_entry
         (who, address, operation, sync_id, sync_name, thing, before, after, refusal, request_id)
  VALUES (${one.who}, ${one.address}, ${one.operation}, ${one.sync_id}, ${one.sync_name}, ${one.thing},
          ${one.before}::jsonb, ${one.after}::jsonb, ${one.refusal}, ${one.request_id})`);

/** The newest first; null leaves a condition out. */
export const selectEntries = (
  tx: Tx,
  asked: {
    sync: string | null;
    who: string | null;
    since: string | null;
    before: number | null;
    limit: number;
  },
) =>
  tx.query<AuditRow>(sql`
  SELECT ${columns} FROM lockstep.audit_entry
   WHERE (${asked.sync}::text IS NULL OR sync_id = ${asked.sync} OR sync_name = ${asked.sync})
     AND (${asked.who}::text IS NULL OR who = ${asked.who})
     AND (${asked.since}::timestamptz IS NULL OR at >= ${asked.since}::timestamptz)
     AND (${asked.before}::bigint IS NULL OR entry_id < ${asked.before}::bigint)
   ORDER BY entry_id DESC LIMIT ${asked.limit}`);
