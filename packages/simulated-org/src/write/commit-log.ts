import type { Clock } from '@lockstep/foundation/clock';
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';
import type { Stamp, Writer } from '../org.ts';
import { hasColumn, type SObjectDef } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';

/**
 * Every change of a record, written by the statement that makes it: what change events are made of. Lookups that a
 * deletion empties and children that a merge turns are not logged, since Salesforce does not count them as changes of
 * the records that hold them; nor is what leaves the recycle bin for good.
 *
 * A create keeps the columns that it fills, an undelete the whole row, an update the columns that became others, a
 * deletion none. The content of files is left out. Columns have the form that PostgreSQL's to_jsonb gives them.
 */
export type Change = 'create' | 'update' | 'delete' | 'undelete';

const keptDays = 3;

export async function createCommitLog(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE simulator.commit_log (
      position       bigint GENERATED ALWAYS AS IDENTITY,
      transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
      sobject        text NOT NULL,
      record_id      text COLLATE "C" NOT NULL,
      change         text NOT NULL CHECK (change IN ('create', 'update', 'delete', 'undelete')),
      changed_fields text[] NOT NULL,
      "values"       jsonb NOT NULL,
      user_id        text NOT NULL,
      client         text,
      at             timestamptz NOT NULL,
      PRIMARY KEY (transaction_id, position))`);
}

/**
 * The columns that a change may keep: those that it sets, and of a new row those that have defaults. Undefined for all.
 */
export function loggedColumns(
  def: SObjectDef,
  change: Change,
  set: readonly string[],
): readonly string[] | undefined {
  if (change === 'undelete') return undefined;
  if (change === 'delete') return [];
  if (change === 'update') return [...new Set(set)];
  const filled = def.fields.filter(
    (field) => hasColumn(field) && (field.defaultSql !== undefined || field.autoNumber !== undefined),
  );
  return [...new Set([...set, ...filled.map(({ name }) => name)])];
}

/**
 * The INSERT that logs the rows `n` of a statement. Of an update the rows `o` are those before it.
 *
 * @param names  what {@link loggedColumns} gave
 */
export function logged(
  by: Writer,
  def: SObjectDef,
  change: Change,
  names: readonly string[] | undefined,
  stamp: Stamp,
): Sql {
  const isUpdate = change === 'update';
  const columns = (names ?? []).map((name) => ({ name: literal(name), column: ident(name) }));
  const whole = names
    ? sql`(SELECT to_jsonb(kept) FROM (SELECT ${join(columns.map(({ column }) => sql`n.${column}`))}) AS kept)`
    : sql`to_jsonb(n)`;
  const files = def.fields.filter(({ type }) => type === 'base64').map(({ name }) => literal(name));
  const same = isUpdate
    ? columns.map(
        ({ name, column }) =>
          sql`CASE WHEN n.${column} IS NOT DISTINCT FROM o.${column} THEN ${name} ELSE '' END`,
      )
    : [];
  const dropped = [...files, ...same];
  const values = dropped.length > 0 ? sql`${whole} - ARRAY[${join(dropped)}]::text[]` : whole;
  const changed = columns.map(
    ({ name, column }) => sql`CASE WHEN n.${column} IS DISTINCT FROM o.${column} THEN ${name} END`,
  );
  return sql`
    INSERT INTO simulator.commit_log (sobject, record_id, change, changed_fields, "values", user_id, client, at)
    SELECT ${def.name}, n."Id", ${change},
           ${isUpdate ? sql`array_remove(ARRAY[${join(changed)}]::text[], NULL)` : sql`'{}'`},
           ${change === 'delete' ? sql`'{}'` : values}, ${stamp.userId}, ${by.client ?? null}, ${stamp.at}::timestamptz
      FROM n${isUpdate ? sql` JOIN o ON o."Id" = n."Id"` : sql``}`;
}

/** Removes a row that leaves nothing behind, and logs it. */
export const deletedRow = (by: Writer, def: SObjectDef, id: string, stamp: Stamp): Sql => sql`
  WITH n AS (DELETE FROM ${tableOf(def)} WHERE "Id" = ${id} RETURNING "Id"),
       logged AS (${logged(by, def, 'delete', [], stamp)})
  SELECT FROM n`;

export interface LogEntry {
  position: number;
  /** Changes of one transaction have one number. */
  transactionId: string;
  sobject: string;
  recordId: string;
  change: Change;
  changedFields: string[];
  /** JSON text by column name; long numbers stay exact in it. */
  values: string;
  userId: string;
  client: string | null;
  /** Epoch ms. */
  at: number;
}

/**
 * Where a reader is. `from` and `to` are snapshots in PostgreSQL's words: it has read all that `from` sees, and what
 * `to` sees besides up to a position. They are equal where nothing is half read.
 */
export interface LogCursor {
  from: string;
  to: string;
  position: number;
}

/** A snapshot from before every transaction. */
const ofNothing = '1:1:';
export const logStart: LogCursor = { from: ofNothing, to: ofNothing, position: 0 };

/**
 * The next entries in an order that each record's own changes have, too. They are read in stretches, each of what was
 * committed between two snapshots, by position: a change that waited for another's commit stands behind it in the
 * same stretch, or in a later one. Numbers of transactions would not do: an older one may have waited for a younger.
 */
export async function readCommitLog(
  tx: Tx,
  after: LogCursor,
  limit: number,
): Promise<{ entries: LogEntry[]; next: LogCursor }> {
  const stretch = after.from === after.to ? await nextStretch(tx, after) : after;
  const { from, to } = stretch;
  const rows = await tx.query<LogRow>(sql`
    SELECT position, transaction_id, sobject, record_id, change, changed_fields, "values"::text AS kept, user_id, client,
           floor(extract(epoch FROM at) * 1000)::bigint AS at
      FROM simulator.commit_log
     WHERE transaction_id >= pg_snapshot_xmin(${from}::text::pg_snapshot)
       AND transaction_id < pg_snapshot_xmax(${to}::text::pg_snapshot)
       AND NOT pg_visible_in_snapshot(transaction_id, ${from}::text::pg_snapshot)
       AND pg_visible_in_snapshot(transaction_id, ${to}::text::pg_snapshot)
       AND position > ${stretch.position}
     ORDER BY position
     LIMIT ${limit}`);
  const entries = rows.map(entryOf);
  const last = entries.at(-1);
  const isRead = entries.length < limit;
  const next = isRead
    ? { from: to, to, position: 0 }
    : { ...stretch, position: last?.position ?? stretch.position };
  return { entries, next };
}

/** Up to all that is committed by now. */
async function nextStretch(tx: Tx, after: LogCursor): Promise<LogCursor> {
  const [row] = await tx.query<{ now: string }>(sql`SELECT pg_current_snapshot()::text AS now`);
  return { from: after.to, to: row?.now ?? after.to, position: 0 };
}

interface LogRow {
  position: number;
  transaction_id: string;
  sobject: string;
  record_id: string;
  change: Change;
  changed_fields: string[];
  /** As text, so that long numbers stay what they are until somebody reads them. */
  kept: string;
  user_id: string;
  client: string | null;
  at: number;
}

const entryOf = (row: LogRow): LogEntry => ({
  position: row.position,
  transactionId: row.transaction_id,
  sobject: row.sobject,
  recordId: row.record_id,
  change: row.change,
  changedFields: row.changed_fields,
  values: row.kept,
  userId: row.user_id,
  client: row.client,
  at: row.at,
});

const purgeEveryMs = 3_600_000;

/** Purges the log every hour until the signal aborts. A purge that fails is made up for by the next. */
export async function keepCommitLog(
  tx: Tx,
  clock: Clock,
  signal: AbortSignal,
  onDefect: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    await purgeCommitLog(tx, clock).catch(onDefect);
    await clock.sleep(purgeEveryMs, signal).catch(() => undefined);
  }
}

/** Removes what is older than a change event can be replayed. */
export const purgeCommitLog = (tx: Tx, clock: Clock): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM simulator.commit_log
     WHERE at < ${new Date(clock.now() - keptDays * 86_400_000).toISOString()}::timestamptz`);
