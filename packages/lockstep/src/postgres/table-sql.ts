/** Statements on the rows of a stream's table, except those that write a page: merge-statement.ts. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { ColumnPlan } from './plan-table.ts';
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

const tableOf = ({ schema, table }: Pick<Stream, 'schema' | 'table'>) => ident(schema, table);

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

/** A range scan of the primary key, however large the table is. */
export function idsAfterStatement(stream: Stream, after: RecordId | null, limit: number, day?: string): Sql {
  const id = keyOf(stream);
  const conditions: Sql[] = [];
  if (after !== null) conditions.push(sql`${id} > ${after}`);
  if (day !== undefined) conditions.push(...createdWithin(stream, { from: day, to: day }));
  return sql`SELECT ${id} AS id FROM ${tableOf(stream)} ${where(conditions)} ORDER BY ${id} LIMIT ${limit}`;
}

/** The next Ids after `after`, in byte order; null: from the first on. With `day`, only those created on it. */
export const selectIdsAfter = (tx: Tx, stream: Stream, after: RecordId | null, limit: number, day?: string) =>
  tx.query<{ id: RecordId }>(idsAfterStatement(stream, after, limit, day));

/** A record and its time, in whole seconds. */
export interface ChangedRecord {
  id: RecordId;
  at: ServerSeconds;
}

/** In the order of (time, Id), from a position on; `id` null: from all records of that second on. None without a time. */
export function selectChanged(
  tx: Tx,
  stream: Stream,
  after: { at: ServerSeconds; id: RecordId | null },
  limit: number,
  before: ServerSeconds | null,
) {
  const [id, changed] = [keyOf(stream), cursorColumn(stream)];
  const time = changed ? ident(changed.column) : sql`NULL::timestamptz`;
  const from = sql`to_timestamp(${after.at})`;
  const conditions = [
    sql`${time} >= ${from}`,
    ...(after.id === null ? [] : [sql`(${time} > ${from} OR ${id} > ${after.id})`]),
    ...(before === null ? [] : [sql`${time} < to_timestamp(${before})`]),
  ];
  return tx.query<ChangedRecord>(sql`
  SELECT ${id} AS id, floor(extract(epoch FROM ${time}))::bigint AS at
    FROM ${tableOf(stream)} ${where(conditions)} ORDER BY ${time}, ${id} LIMIT ${limit}`);
}

/** A row for each day on which records were created; without CreatedDate one row for all. Scans the whole table. */
export function selectCountsByDay(tx: Tx, stream: Stream, range: DayRange, before: ServerSeconds) {
  const [created, changed] = [columnOf(stream, 'CreatedDate'), cursorColumn(stream)];
  const day = created && sql`(${ident(created.column)} AT TIME ZONE 'UTC')::date`;
  const conditions = created ? createdWithin(stream, range) : [];
  if (changed) conditions.push(sql`${ident(changed.column)} < to_timestamp(${before})`);
  const newest = changed ? sql`floor(extract(epoch FROM max(${ident(changed.column)})))::bigint` : sql`NULL`;
  return tx.query<DayCount>(sql`
  SELECT ${day ? sql`coalesce(to_char(${day}, 'YYYY-MM-DD'), '')` : sql`''`} AS day,
         count(*) AS count,
         ${newest} AS newest
    FROM ${tableOf(stream)} ${where(conditions)}
   ${day ? sql`GROUP BY ${day} ORDER BY ${day}` : sql``}`);
}

/** One row: the actual number of rows. Scans the whole table. */
export const selectRowCount = (tx: Tx, table: Pick<Stream, 'schema' | 'table'>) =>
  tx.query<{ rows: number }>(sql`SELECT count(*) AS rows FROM ${tableOf(table)}`);

/** One row: how many rows the table has more than is recorded. Scans the whole table. */
export const selectUncounted = (tx: Tx, stream: Stream) =>
  tx.query<{ more: number }>(sql`
  SELECT (SELECT count(*) FROM ${tableOf(stream)}) - rows AS more
    FROM _lockstep.checkpoint WHERE stream_no = ${stream.streamNo}`);

/** Those of the Ids that have a row. */
export const selectIdsWithRow = (tx: Tx, stream: Stream, ids: readonly RecordId[]) =>
  tx.query<{ id: RecordId }>(sql`
  SELECT ${keyOf(stream)} AS id FROM ${tableOf(stream)} WHERE ${keyOf(stream)} = ANY (${ids}::text[])`);

/** The Ids in the given columns of the given rows, each once. */
export const selectReferences = (
  tx: Tx,
  stream: Stream,
  columns: readonly ColumnPlan[],
  ids: readonly string[],
) =>
  tx.query<{ id: RecordId }>(sql`
  SELECT DISTINCT held.id
    FROM ${tableOf(stream)} t, unnest(ARRAY[${join(columns.map(({ column }) => sql`t.${ident(column)}`))}]) AS held (id)
   WHERE t.${keyOf(stream)} = ANY (${ids}::text[]) AND held.id IS NOT NULL`);

/** Rows with one of the Ids in one of the columns. Scans the whole table if the columns have no index. */
export const selectReferring = (
  tx: Tx,
  stream: Stream,
  columns: readonly ColumnPlan[],
  ids: readonly string[],
  limit: number,
) => {
  const refers = columns.map(({ column }) => sql`${ident(column)} = ANY (${ids}::text[])`);
  return tx.query<{ id: RecordId }>(sql`
  SELECT ${keyOf(stream)} AS id FROM ${tableOf(stream)} WHERE ${join(refers, ' OR ')} LIMIT ${limit}`);
};

/** As a page does; waits for whoever has locked the table. */
export const lockTable = (tx: Tx, stream: Stream) =>
  tx.query(sql`LOCK TABLE ${tableOf(stream)} IN ROW EXCLUSIVE MODE`);

export const deleteAllRows = (tx: Tx, stream: Stream) => tx.query(sql`TRUNCATE ${tableOf(stream)}`);

export const deleteRowsWithoutId = (tx: Tx, stream: Stream) =>
  tx.query(sql`DELETE FROM ${tableOf(stream)} WHERE ${keyOf(stream)} IS NULL`);

/** All but one of the rows with the same Id. */
export const deleteRepeatedRows = (tx: Tx, stream: Stream) =>
  tx.query(sql`
  DELETE FROM ${tableOf(stream)} WHERE ctid = ANY (ARRAY(
    SELECT ctid
      FROM (SELECT ctid, row_number() OVER (PARTITION BY ${keyOf(stream)}) AS nth FROM ${tableOf(stream)}) AS numbered
     WHERE nth > 1))`);
