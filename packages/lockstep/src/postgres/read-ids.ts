/** What the mirror has of a stream, for comparison with Salesforce: its Ids, and its counts by day. */

import type { Database, Tx } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import { planForWholeTable, wholeTableLockWaitMs } from './planner.ts';
import { limitLockWait } from './sql.ts';
import { columnOf, cursorColumn, keyOf } from './table-ddl.ts';
import type { Stream } from './tables.ts';

/** A range of creation days in UTC, `2026-11-24`, both included; null: no bound. */
export interface DayRange {
  from: string | null;
  to: string | null;
}

export interface DayCount {
  /** Empty for records without a day of creation. */
  day: string;
  count: number;
  /** The newest value of the stream's cursor field. */
  newest: ServerSeconds | null;
}

/**
 * The mirror's next Ids after `after`, in byte order; null: from the first on.
 *
 * @param limit  fewer are returned only if there are no more
 * @param day    only records that were created on this day (UTC); none if the stream has no CreatedDate
 */
export async function idsAfter(
  db: Tx,
  stream: Stream,
  after: RecordId | null,
  limit: number,
  day?: string,
): Promise<RecordId[]> {
  const rows = await db.query<{ id: RecordId }>(selectIdsAfter(stream, after, limit, day));
  return rows.map(({ id }) => id);
}

/** A range scan of the primary key, however large the table is. */
export function selectIdsAfter(stream: Stream, after: RecordId | null, limit: number, day?: string): Sql {
  const id = keyOf(stream);
  const conditions: Sql[] = [];
  if (after !== null) conditions.push(sql`${id} > ${after}`);
  if (day !== undefined) conditions.push(...createdWithin(stream, { from: day, to: day }));
  return sql`SELECT ${id} AS id FROM ${tableOf(stream)} ${where(conditions)} ORDER BY ${id} LIMIT ${limit}`;
}

/**
 * How many records were created on each day, and the newest of their times; days without records are absent. Gives the
 * same result as this query in Salesforce, whose DAY_ONLY is a day in UTC:
 *
 *   SELECT DAY_ONLY(CreatedDate) d, COUNT(Id) n, MAX(SystemModstamp) newest FROM X
 *    WHERE SystemModstamp < before AND CreatedDate >= … AND CreatedDate < … GROUP BY DAY_ONLY(CreatedDate)
 *
 * A stream without CreatedDate is one group, which exists even if it is empty, as in a query without GROUP BY.
 * If the stream has no cursor field, all records count. Scans the whole table.
 *
 * @param before  only records with an older time count
 */
export function countByDay(
  db: Database,
  stream: Stream,
  range: DayRange,
  before: ServerSeconds,
): Promise<DayCount[]> {
  const [created, changed] = [columnOf(stream, 'CreatedDate'), cursorColumn(stream)];
  const day = created && sql`(${ident(created.column)} AT TIME ZONE 'UTC')::date`;
  const conditions = created ? createdWithin(stream, range) : [];
  if (changed) conditions.push(sql`${ident(changed.column)} < to_timestamp(${before})`);
  const newest = changed ? sql`floor(extract(epoch FROM max(${ident(changed.column)})))::bigint` : sql`NULL`;
  return db.transaction(async (tx) => {
    await limitLockWait(tx, wholeTableLockWaitMs);
    await planForWholeTable(tx);
    return tx.query<DayCount>(sql`
      SELECT ${day ? sql`coalesce(to_char(${day}, 'YYYY-MM-DD'), '')` : sql`''`} AS day,
             count(*) AS count,
             ${newest} AS newest
        FROM ${tableOf(stream)} ${where(conditions)}
       ${day ? sql`GROUP BY ${day} ORDER BY ${day}` : sql``}`);
  });
}

/** The actual number of rows, not the recorded one. Scans the whole table. */
export function countTableRows(db: Database, stream: Stream): Promise<number> {
  return db.transaction(async (tx) => {
    await planForWholeTable(tx);
    return countRows(tx, stream);
  });
}

/** For a transaction that is already planned for whole tables. */
export async function countRows(tx: Tx, stream: Stream): Promise<number> {
  const [counted] = await tx.query<{ rows: number }>(sql`SELECT count(*) AS rows FROM ${tableOf(stream)}`);
  return counted?.rows ?? 0;
}

const tableOf = ({ schema, table }: Stream) => ident(schema, table);

const where = (conditions: readonly Sql[]) =>
  conditions.length === 0 ? sql`` : sql`WHERE ${join(conditions, ' AND ')}`;

/** Bounds of CreatedDate. Without that field no record matches any day. */
function createdWithin(stream: Stream, { from, to }: DayRange): Sql[] {
  const created = columnOf(stream, 'CreatedDate');
  if (!created) return [sql`false`];
  const column = ident(created.column);
  const bounds: Sql[] = [];
  if (from !== null) bounds.push(sql`${column} >= ${from}::date::timestamp AT TIME ZONE 'UTC'`);
  if (to !== null) bounds.push(sql`${column} < (${to}::date + 1)::timestamp AT TIME ZONE 'UTC'`);
  return bounds;
}
