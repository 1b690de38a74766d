import type { Clock } from '@lockstep/foundation/clock';
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, literal, type Sql, sql } from '@lockstep/foundation/sql';
import type { Stamp, Writer } from '../org.ts';
import { hasColumn, type SObjectDef } from '../schema/schema.ts';
import { sqlNameBytesMax, tableOf } from '../schema/storage.ts';

/**
 * Every change of a record, written by the statement that makes it: the source of change events. Lookups that a
 * deletion empties and children that a merge moves are not logged, because Salesforce does not count them as changes
 * of the records that have them; nor are records that leave the recycle bin for good.
 *
 * A create logs the columns that it fills, an undelete the whole row, an update the columns that changed, a deletion
 * none. The content of files is left out. Values have the form that PostgreSQL's to_jsonb gives them.
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

/** The columns that a change may log: those that it sets, and in a new row those with defaults. Undefined for all. */
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
 * The INSERT that logs the rows `n` of a statement. For an update, `o` are the rows before it.
 *
 * @param names  the result of {@link loggedColumns}
 */
export function logged(
  by: Writer,
  def: SObjectDef,
  change: Change,
  names: readonly string[] | undefined,
  stamp: Stamp,
): Sql {
  const isUpdate = change === 'update';
  const columns = (names ?? []).map((name) => ({
    name: literal(name),
    key: literal(name.slice(0, sqlNameBytesMax)),
    column: ident(name),
  }));
  const whole = names
    ? sql`(SELECT to_jsonb(kept) FROM (SELECT ${join(columns.map(({ column }) => sql`n.${column}`))}) AS kept)`
    : sql`to_jsonb(n)`;
  const files = def.fields.filter(({ type }) => type === 'base64').map(({ name }) => literal(name));
  const same = isUpdate
    ? columns.map(
        ({ key, column }) =>
          sql`CASE WHEN n.${column} IS NOT DISTINCT FROM o.${column} THEN ${key} ELSE '' END`,
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

/** Deletes a row that leaves nothing behind, and logs it. */
export const deletedRow = (by: Writer, def: SObjectDef, id: string, stamp: Stamp): Sql => sql`
  WITH n AS (DELETE FROM ${tableOf(def)} WHERE "Id" = ${id} RETURNING "Id"),
       logged AS (${logged(by, def, 'delete', [], stamp)})
  SELECT FROM n`;

export interface LogEntry {
  position: number;
  /** The same for all changes of one transaction. */
  transactionId: string;
  sobject: string;
  recordId: string;
  change: Change;
  changedFields: string[];
  /** JSON text by column name, cut at `sqlNameBytesMax`; long numbers stay exact. */
  values: string;
  userId: string;
  client: string | null;
  /** Epoch ms. */
  at: number;
}

/**
 * A reader's position. `from` and `to` are PostgreSQL snapshots: everything visible in `from` has been read, and what
 * else is visible in `to` up to `position`. The two are equal if nothing is half read.
 */
export interface LogCursor {
  from: string;
  to: string;
  position: number;
}

/** A snapshot from before every transaction. */
const emptySnapshot = '1:1:';
export const logStart: LogCursor = { from: emptySnapshot, to: emptySnapshot, position: 0 };

/**
 * The next entries, in an order that keeps each record's own changes in order. They are read in ranges, each of what
 * was committed between two snapshots, by position: a change that waited for another's commit comes after it in the
 * same range, or in a later one. Transaction numbers would not work: an older one may have waited for a younger.
 */
export async function readCommitLog(
  tx: Tx,
  after: LogCursor,
  limit: number,
): Promise<{ entries: LogEntry[]; next: LogCursor }> {
  const range = after.from === after.to ? await nextRange(tx, after) : after;
  const { from, to } = range;
  const rows = await tx.query<LogRow>(sql`
    SELECT position, transaction_id, sobject, record_id, change, changed_fields, "values"::text AS kept, user_id, client,
           floor(extract(epoch FROM at) * 1000)::bigint AS at
      FROM simulator.commit_log
     WHERE transaction_id >= pg_snapshot_xmin(${from}::text::pg_snapshot)
       AND transaction_id < pg_snapshot_xmax(${to}::text::pg_snapshot)
       AND NOT pg_visible_in_snapshot(transaction_id, ${from}::text::pg_snapshot)
       AND pg_visible_in_snapshot(transaction_id, ${to}::text::pg_snapshot)
       AND position > ${range.position}
     ORDER BY position
     LIMIT ${limit}`);
  const entries = rows.map(entryOf);
  const last = entries.at(-1);
  const isRead = entries.length < limit;
  const next = isRead
    ? { from: to, to, position: 0 }
    : { ...range, position: last?.position ?? range.position };
  return { entries, next };
}

/** Up to everything that is committed now. */
async function nextRange(tx: Tx, after: LogCursor): Promise<LogCursor> {
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
  /** As text, so that long numbers stay exact until somebody parses them. */
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

/** Purges the log every hour until the signal aborts. After a failed purge, the next one does its work. */
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

/** Deletes entries older than change events can be replayed. */
export const purgeCommitLog = (tx: Tx, clock: Clock): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM simulator.commit_log
     WHERE at < ${new Date(clock.now() - keptDays * 86_400_000).toISOString()}::timestamptz`);
