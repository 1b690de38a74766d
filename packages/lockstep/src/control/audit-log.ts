/** Who has changed what, and who was refused a sign-in: kept for 30 days. */
import { type AuditRow, insertEntry, selectEntries } from './audit-sql.ts';
import type { Control } from './database.ts';

export interface NewAuditEntry {
  /** `administrator`, `key NAME`, `this machine`, or `nobody`: somebody who has not signed in. */
  who: string;
  /** Null: a command on this machine. */
  address: string | null;
  /** The operationId of the API's document, or what a command is called there. */
  operation: string;
  sync?: { id: string; name: string } | null;
  /** What else it concerns, such as the name of a key. */
  thing?: string | null;
  /** Settings as they were; null: nothing was there. Never a secret. */
  before?: Readonly<Record<string, unknown>> | null;
  /** Settings as they are now, or what was asked for. Never a secret. */
  after?: Readonly<Record<string, unknown>> | null;
  /** The code with which it was refused; null: it was done. */
  refusal?: string | null;
  /** Null: a command on this machine. */
  requestId: string | null;
}

export interface AuditEntry extends Required<NewAuditEntry> {
  id: number;
  /** As the server prints it. */
  at: string;
}

export async function recordAudit({ db }: Control, entry: NewAuditEntry): Promise<void> {
  const { who, address, operation, sync, thing, before, after, refusal, requestId } = entry;
  await insertEntry(db, {
    who,
    address,
    operation,
    sync_id: sync?.id ?? null,
    sync_name: sync?.name ?? null,
    thing: thing ?? null,
    before: before ? JSON.stringify(before) : null,
    after: after ? JSON.stringify(after) : null,
    refusal: refusal ?? null,
    request_id: requestId,
  });
}

/**
 * The newest first.
 *
 * @param asked  `sync`: its name or its id; `since`: a time; `before`: only entries with a smaller id
 */
export const readAudit = async (
  { db }: Control,
  asked: { sync?: string; who?: string; since?: string; before?: number; limit: number },
): Promise<AuditEntry[]> => {
  const { sync = null, who = null, since = null, before = null, limit } = asked;
  return (await selectEntries(db, { sync, who, since, before, limit })).map(toEntry);
};

const toEntry = (row: AuditRow): AuditEntry => ({
  id: row.entry_id,
  at: row.at,
  who: row.who,
  address: row.address,
  operation: row.operation,
  sync: row.sync_id === null ? null : { id: row.sync_id, name: row.sync_name ?? '' },
  thing: row.thing,
  before: row.before,
  after: row.after,
  refusal: row.refusal,
  requestId: row.request_id,
});
