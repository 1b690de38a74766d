import type { Tx } from '../lib/database.ts';
import { sql } from '../lib/sql.ts';

/** Who changes something, and when: whole seconds, as in every stamp. */
export interface Stamp {
  userId: string;
  at: string;
}

/** What happens to other records in the transaction of a write. */
export interface Trigger {
  /** The columns that it looks at, of the row before and after the write. */
  reads: readonly string[];
  after(tx: Tx, stamp: Stamp, rows: readonly Record<string, string | null>[]): Promise<void>;
}

/**
 * An invoice's total and line count follow its lines, and the invoice counts as changed by whoever wrote the line.
 * The invoices are locked in the order of their Ids before the lines are summed: a statement that waited for the
 * lock would still sum the lines as it saw them before.
 */
const rollUpInvoice: Trigger = {
  reads: ['Invoice__c'],
  async after(tx, stamp, rows) {
    const ids = [...new Set(rows.map((row) => row.Invoice__c ?? null))].filter((id) => id !== null);
    if (ids.length === 0) return;
    await tx.query(sql`SELECT "Id" FROM org."Invoice__c" WHERE "Id" = ANY(${ids}) ORDER BY "Id" FOR UPDATE`);
    await tx.query(sql`
      UPDATE org."Invoice__c" AS invoice
         SET "Total__c"         = lines.total,
             "Line_Count__c"    = lines.count,
             "LastModifiedDate" = ${stamp.at}::timestamptz,
             "LastModifiedById" = ${stamp.userId},
             "SystemModstamp"   = ${stamp.at}::timestamptz
        FROM unnest(${ids}::text[]) AS wanted (id),
             LATERAL (SELECT coalesce(sum("Quantity__c" * "Unit_Price__c"), 0) AS total, count(*) AS count
                        FROM org."Invoice_Line__c"
                       WHERE "Invoice__c" = wanted.id AND NOT "IsDeleted") AS lines
       WHERE invoice."Id" = wanted.id AND NOT invoice."IsDeleted"`);
  },
};

export const triggers: ReadonlyMap<string, Trigger> = new Map([['Invoice_Line__c', rollUpInvoice]]);
