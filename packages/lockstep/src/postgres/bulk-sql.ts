/** Statements on backfills by Bulk API 2.0: their readings, the pages of their results, COPY and its staging table. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, type Sql, sql } from '@lockstep/foundation/sql';
import type { RecordId } from '../core/ids.ts';
import { settledTime } from './mark-sql.ts';
import type { Holder, Observation } from './observations.ts';
import { nameInPage, type StagingForm } from './page-sql.ts';
import type { ColumnPlan } from './plan-table.ts';
import { columnType, keyOf } from './table-ddl.ts';
import type { Stream } from './tables.ts';

/** A page of a job's results. */
export interface BulkPageRow {
  stream_no: number;
  page_no: number;
  path: string;
  /** Records of it that are stored, from its first on. */
  rows: number;
  /** The Id of the last of them. */
  last_id: string | null;
  is_done: boolean;
}

/** No row: a newer holder has taken over. For the lock see `insertTickObservation`. */
export const insertBulkObservation = (tx: Tx, holder: Holder, streamNo: number, lastsMs: number) =>
  tx.query<Observation>(sql`
  INSERT INTO _lockstep.observation (lo, kind, streams, owner, expires_at)
  SELECT nextval('_lockstep.ticket'), 'bulk', ARRAY[${streamNo}::smallint], ${holder.owner},
         clock_timestamp() + ${lastsMs} * interval '1 millisecond'
    FROM _lockstep.sync WHERE epoch = ${holder.epoch} FOR SHARE
  RETURNING lo, nonce`);

/** No row: the reading was closed. Returns a ticket: every reading that begins later is newer. */
export const renewObservation = (tx: Tx, { lo, nonce }: Observation, lastsMs: number) =>
  tx.query<{ hi: number }>(sql`
  UPDATE _lockstep.observation SET expires_at = clock_timestamp() + ${lastsMs} * interval '1 millisecond'
   WHERE lo = ${lo} AND nonce = ${nonce} RETURNING nextval('_lockstep.ticket') AS hi`);

/** Readings of Bulk backfills that no cursor remembers. */
export const closeForgottenBulk = (tx: Tx) =>
  tx.query(sql`
  DELETE FROM _lockstep.observation o
   WHERE o.kind = 'bulk'
     AND NOT EXISTS (SELECT FROM _lockstep.cursor c
                      WHERE c.kind = 'bulk' AND c.position -> 'observation' ->> 'nonce' = o.nonce::text)`);

/** One row: this is the newest lease, and nobody takes over before the transaction ends. */
export const lockEpoch = (tx: Tx, epoch: number) =>
  tx.query(sql`SELECT FROM _lockstep.sync WHERE epoch = ${epoch} FOR SHARE`);

/** One row: the table is not empty. */
export const selectAnyRow = (tx: Tx, { schema, table }: Stream) =>
  tx.query(sql`SELECT FROM ${ident(schema, table)} LIMIT 1`);

/** No row: it has stored no page. What a worker knows may be ahead of it: a page that is not stored yet. */
export const selectBackfilledTo = (tx: Tx, streamNo: number) =>
  tx.query<{ after: RecordId | null }>(sql`
  SELECT position ->> 'after' AS after FROM _lockstep.cursor WHERE stream_no = ${streamNo} AND kind = 'backfill'`);

export const deletePages = (tx: Tx, streamNo: number) =>
  tx.query(sql`DELETE FROM _lockstep.bulk_page WHERE stream_no = ${streamNo}`);

export const deleteBulkCursor = (tx: Tx, streamNo: number) =>
  tx.query(sql`DELETE FROM _lockstep.cursor WHERE stream_no = ${streamNo} AND kind = 'bulk'`);

/** They follow those that are known. */
export const insertPages = (tx: Tx, streamNo: number, paths: readonly string[]) =>
  tx.query(sql`
  INSERT INTO _lockstep.bulk_page (stream_no, page_no, path)
  SELECT ${streamNo}, known.last + place, path
    FROM unnest(${paths}::text[]) WITH ORDINALITY AS more (path, place),
         (SELECT coalesce(max(page_no), 0) AS last FROM _lockstep.bulk_page WHERE stream_no = ${streamNo}) AS known`);

export const selectPages = (tx: Tx) =>
  tx.query<BulkPageRow>(sql`
  SELECT stream_no, page_no, path, rows, last_id, is_done FROM _lockstep.bulk_page ORDER BY stream_no, page_no`);

/** No row: another worker has stored more of the page, or the job was replaced. Nobody else stores it meanwhile. */
export const lockPage = (
  tx: Tx,
  {
    stream_no: streamNo,
    page_no: pageNo,
    path,
    rows,
  }: Pick<BulkPageRow, 'stream_no' | 'page_no' | 'path' | 'rows'>,
) =>
  tx.query(sql`
  SELECT FROM _lockstep.bulk_page
   WHERE stream_no = ${streamNo} AND page_no = ${pageNo} AND path = ${path} AND rows = ${rows} FOR UPDATE`);

/** As {@link lockPage}; no row also if the whole page is stored. */
export const advancePage = (
  tx: Tx,
  page: Pick<BulkPageRow, 'stream_no' | 'page_no' | 'path' | 'rows'>,
  to: { rows: number; lastId: string | null; isDone: boolean },
) =>
  tx.query<{ page_no: number }>(sql`
  UPDATE _lockstep.bulk_page SET rows = ${to.rows}, last_id = coalesce(${to.lastId}, last_id), is_done = ${to.isDone}
   WHERE stream_no = ${page.stream_no} AND page_no = ${page.page_no} AND path = ${page.path} AND rows = ${page.rows}
     AND NOT is_done
  RETURNING page_no`);

/**
 * As long as the transaction lasts, nobody applies a page of the stream by the merge rule or changes its table; other
 * slices of the same job may be stored.
 */
export const shareCheckpoint = (tx: Tx, streamNo: number) =>
  tx.query<{ plan_version: number }>(sql`
  SELECT plan_version FROM _lockstep.checkpoint WHERE stream_no = ${streamNo} FOR KEY SHARE`);

/** One row: a reading that may hold an older version of a record is under way, and only a fence would stop it. */
export const selectOlderReading = (tx: Tx, streamNo: number, own: Observation, hi: number) =>
  tx.query(sql`
  SELECT FROM _lockstep.observation
   WHERE streams @> ARRAY[${streamNo}::smallint] AND lo < ${hi} AND lo <> ${own.lo} LIMIT 1`);

/** Whether the stream has any fence, and those of the given records. */
export const selectAnyFence = (tx: Tx, streamNo: number) =>
  tx.query(sql`SELECT FROM _lockstep.fence WHERE stream_no = ${streamNo} LIMIT 1`);

export const selectFenced = (tx: Tx, streamNo: number, ids: readonly string[]) =>
  tx.query<{ id: string }>(sql`
  SELECT id FROM _lockstep.fence WHERE stream_no = ${streamNo} AND id = ANY (${ids}::text[])`);

/** One row: the table has one of the records, and no reading but this one can have stored it. */
export const selectRepeated = (tx: Tx, stream: Stream, ids: readonly string[]) =>
  tx.query(sql`
  SELECT FROM ${ident(stream.schema, stream.table)} t
   WHERE t.${keyOf(stream)} = ANY (${ids}::text[])
     AND NOT EXISTS (SELECT FROM _lockstep.fence f
                      WHERE f.stream_no = ${stream.streamNo} AND f.id = t.${keyOf(stream)}) LIMIT 1`);

const emptyIsNull = (names: readonly string[]) =>
  names.length === 0 ? sql`` : sql`, FORCE_NULL (${join(names.map((name) => ident(name)))})`;

/**
 * COPY into the stream's table. A value that its column's type refuses leaves its row out, so that no error quotes it;
 * that needs PostgreSQL 17.
 *
 * @param columns  in the order of the CSV
 */
export function copyRows({ schema, table }: Stream, columns: readonly ColumnPlan[]): Sql {
  const names = columns.map(({ column }) => column);
  return sql`COPY ${ident(schema, table)} (${join(names.map((name) => ident(name)))}) FROM STDIN
    (FORMAT csv, ON_ERROR ignore${emptyIsNull(names)})`;
}

/** Notes which records a job has sent. A record that comes twice counts once. */
export const noteSeen = (tx: Tx, streamNo: number, staging: string) =>
  tx.query(sql`
  INSERT INTO _lockstep.seen (stream_no, id) SELECT ${streamNo}, "Id" FROM ${ident('pg_temp', staging)}
  ON CONFLICT DO NOTHING`);

/** One row for each that was not noted yet. */
export const noteSeenIds = (tx: Tx, streamNo: number, ids: readonly string[]) =>
  tx.query(sql`
  INSERT INTO _lockstep.seen (stream_no, id) SELECT ${streamNo}, id FROM unnest(${ids}::text[]) AS id
  ON CONFLICT DO NOTHING RETURNING id`);

export const deleteSeen = (tx: Tx, streamNo: number) =>
  tx.query(sql`DELETE FROM _lockstep.seen WHERE stream_no = ${streamNo}`);

/** One row. Fewer than were noted: the server has crashed, and emptied the table. */
export const countSeen = (tx: Tx, streamNo: number) =>
  tx.query<{ rows: number }>(sql`SELECT count(*) AS rows FROM _lockstep.seen WHERE stream_no = ${streamNo}`);

/**
 * Marks the rows that a sweep has not seen, by the rule for absent records: unless a reading that began after the
 * results were ready has found them. Scans the whole table.
 */
export const markUnseen = (tx: Tx, stream: Stream, { lo }: Observation, hi: number) =>
  tx.query(sql`
  INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
  SELECT ${stream.streamNo}, t.${keyOf(stream)}, ${hi}, ${hi}, false, 'absent', ${settledTime(stream.streamNo)}
    FROM ${ident(stream.schema, stream.table)} t
    LEFT JOIN _lockstep.seen s ON s.stream_no = ${stream.streamNo} AND s.id = t.${keyOf(stream)}
    LEFT JOIN _lockstep.fence f ON f.stream_no = ${stream.streamNo} AND f.id = t.${keyOf(stream)}
   WHERE s.id IS NULL
     AND NOT coalesce(${lo} < f.hi AND ${hi} <= f.lo AND NOT f.partial, false)
   ORDER BY t.${keyOf(stream)}
  ON CONFLICT (stream_no, id) DO UPDATE
     SET since_ticket = greatest(dirty.since_ticket, EXCLUDED.since_ticket),
         stamped_at = least(dirty.stamped_at, EXCLUDED.stamped_at)`);

/** Columns by their names in a page, for the session; a transaction's rows go with it. */
export const makeStaging = (tx: Tx, name: string, columns: readonly ColumnPlan[], form: StagingForm) =>
  tx.query(sql`
  CREATE TEMPORARY TABLE IF NOT EXISTS ${ident(name)} (${join(columns.map((column) => stagingColumn(column, form)))})
    ON COMMIT DELETE ROWS`);

const stagingColumn = (column: ColumnPlan, form: StagingForm) => {
  const text = column.field === 'Id' ? sql`text COLLATE "C"` : sql`text`;
  return sql`${ident(nameInPage(column))} ${form === 'typed' ? columnType(column) : text}`;
};

/**
 * A value that a typed column refuses leaves its row out, as {@link copyRows} does.
 *
 * @param columns  in the order of the CSV
 */
export function copyIntoStaging(name: string, columns: readonly ColumnPlan[], form: StagingForm): Sql {
  const names = columns.map(nameInPage);
  const onError = form === 'typed' ? sql`, ON_ERROR ignore` : sql``;
  return sql`COPY ${ident('pg_temp', name)} (${join(names.map((one) => ident(one)))}) FROM STDIN
    (FORMAT csv${onError}${emptyIsNull(names)})`;
}
