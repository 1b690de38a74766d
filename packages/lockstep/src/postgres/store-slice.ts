/**
 * Stores the records of a Bulk result, slice by slice. On a first fill they are copied straight into the table, beside
 * the few that have a fence, which are merged. Otherwise they go through a staging table and the merge rule.
 */
import { createHash } from 'node:crypto';
import { type Database, sqlState, type Transaction, type Tx } from '@lockstep/foundation/database';
import { type CsvSlice, idAt, partOf, withoutRecords } from '../core/csv-slice.ts';
import { Fault } from '../core/faults.ts';
import type { Page } from '../core/page.ts';
import { applyPage, applyTransaction } from './apply.ts';
import { ReadingClosed } from './bulk.ts';
import {
  advancePage,
  type BulkPageRow,
  copyIntoStaging,
  copyRows,
  insertPages,
  lockPage,
  makeStaging,
  noteSeen,
  noteSeenIds,
  selectAnyFence,
  selectFenced,
  selectOlderReading,
  selectRepeated,
  shareCheckpoint,
} from './bulk-sql.ts';
import { type MergedRow, mergeStatements, stagedStatement } from './merge-statement.ts';
import type { Observation } from './observations.ts';
import type { ApplyCounts, StreamTable } from './page-part.ts';
import type { StagingForm } from './page-sql.ts';
import type { SliceRounds } from './slice-rounds.ts';
import * as statements from './sql.ts';
import { lockStream, type Stream } from './tables.ts';

/** A slice of a result page, and where it belongs. */
export interface BulkPart {
  observation: Observation;
  /** A ticket that was taken when the results were ready: nothing in them is newer. */
  hi: number;
  way: StoringWay;
  /** What the job selects, in the order of the CSV; the Id comes first. */
  fields: readonly string[];
  /** As it was before this slice. */
  page: BulkPageRow;
  /** The slice as a page of a query, for records that PostgreSQL cannot take from CSV. */
  pageOf(slice: CsvSlice): Page;
}

/** For what the records were read. */
export type StoringWay =
  /** See `BulkReading`. */
  | { kind: 'backfill'; isFirstFill: boolean }
  /** Changes to records that were stamped before `before` are recorded as repairs, found at `at` (seconds). */
  | { kind: 'content'; before: number; at: number }
  /**
   * The records have the columns of `partialColumns` only, and it is noted which there are. The mirror has every change
   * that was stamped before `settledUntil` (seconds).
   */
  | { kind: 'sweep'; settledUntil: number };

/** What became of the records, and the page after them. */
export interface StoredSlice {
  counts: ApplyCounts;
  page: BulkPageRow;
}

/** The job has sent a record that it had sent before: then others are missing. */
export class RepeatedRecord extends Error {
  override readonly name = 'RepeatedRecord';
}

/** A field that the job reads is not read any more: another job is needed. */
export class OutdatedJob extends Error {
  override readonly name = 'OutdatedJob';
}

/** From this version on COPY can leave out rows with values that do not fit, instead of quoting them in an error. */
const leavesOutMisfits = 170_000;
const uniqueViolation = '23505';
/** A value, a constraint or trigger that somebody has added, a row beyond a limit: the record is found and set aside. */
const cannotBeStored = /^(2[23]|54|P0)/;
/** Or a server where this login may have no temporary table. */
const cannotBeStaged = /^(2[23]|54|P0|42501|25006)/;

/**
 * Stores a slice and moves the page's place in one transaction, so that none is stored twice.
 *
 * @throws {@link Fault} `SYS-09`: the table has changed, or another worker has stored the slice; {@link ReadingClosed};
 *         {@link OutdatedJob}; {@link RepeatedRecord}; database errors
 */
export async function storeSlice(
  destination: SliceDestination,
  table: StreamTable,
  slice: CsvSlice,
  part: BulkPart,
): Promise<StoredSlice> {
  const { serverVersion } = destination;
  const job = jobTable(table, part.fields, serverVersion);
  const store = { ...destination, job, slice, part };
  const isDirect = !slice.isSuspect && isFirstFill(part) && serverVersion >= leavesOutMisfits;
  const copied = isDirect ? await copySlice(store) : null;
  if (copied) return copied;
  requireDistinct(slice);
  return (!slice.isSuspect && (await mergeStaged(store))) || storeAsPage(store);
}

/** Typed columns save half of the merge statement; a record that they refuse may still fit, like a whole number `1.0`. */
async function mergeStaged(store: Store): Promise<StoredSlice | null> {
  const isTyped = store.serverVersion >= leavesOutMisfits;
  return (isTyped && (await mergeSlice(store, 'typed'))) || mergeSlice(store, 'text');
}

/** A copy finds out by the table's key. */
function requireDistinct(slice: CsvSlice): void {
  const ids = new Set(idsOf(slice));
  if (ids.size < slice.starts.length) throw new RepeatedRecord();
}

export interface SliceDestination {
  db: Database;
  serverVersion: number;
  /** Copies share the stream's lock. Merges take it for themselves and queue for it, so they need no rounds. */
  rounds: SliceRounds;
}

interface Store extends SliceDestination {
  /** The stream's table with the columns that the job reads. */
  job: StreamTable;
  slice: CsvSlice;
  part: BulkPart;
}

/** The table as the job sees it: what it does not select is left as it is. */
function jobTable({ stream }: StreamTable, fields: readonly string[], serverVersion: number): StreamTable {
  const columns = fields.flatMap((field) => stream.columns.find((column) => column.field === field) ?? []);
  if (columns.length !== fields.length) throw new OutdatedJob();
  const job = { ...stream, columns };
  const key = `${stream.streamNo}_${stream.planVersion}_${fieldsKey(fields)}`;
  return { stream: job, merge: mergeStatements(job, serverVersion, key) };
}

const fieldsKey = (fields: readonly string[]): string =>
  createHash('sha256').update(fields.join()).digest('hex').slice(0, 12);

/**
 * Copies the slice into the table. Records with a fence are merged first, because merging needs the stream's lock for
 * itself; while slices are copied, others of the same job may be copied beside them.
 *
 * @returns null: a record does not fit its columns, or an older reading is under way, which needs fences
 */
async function copySlice(store: Store): Promise<StoredSlice | null> {
  const { slice, rounds } = store;
  const merged = new Map<number, true>();
  let counts = noCounts;
  for (;;) {
    const copied = await rounds.run(() => copyUnfenced(store, merged));
    if (copied === null) return null;
    if (!('fenced' in copied)) return { ...copied, counts: add(copied.counts, counts) };
    counts = add(counts, await mergeRecords(store, partOf(slice, copied.fenced)));
    for (const nth of copied.fenced) merged.set(nth, true);
  }
}

const noCounts: ApplyCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };

const add = (a: ApplyCounts, b: ApplyCounts): ApplyCounts => ({
  applied: a.applied + b.applied,
  unchanged: a.unchanged + b.unchanged,
  stale: a.stale + b.stale,
  dirty: a.dirty + b.dirty,
  quarantined: a.quarantined + b.quarantined,
});

/** Undoes the transaction: the slice has to be stored in another way. */
class NotSo extends Error {}

async function copyUnfenced(
  { db, job: { stream }, slice, part }: Store,
  merged: ReadonlyMap<number, true>,
): Promise<StoredSlice | { fenced: readonly number[] } | null> {
  try {
    return await applyTransaction(db, async (tx) => {
      await lockReading(tx, part);
      await shareStream(tx, stream);
      await lockOwnPage(tx, part);
      const [older] = await selectOlderReading(tx, stream.streamNo, part.observation, part.hi);
      if (older) throw new NotSo();
      const fenced = (await fencedRecords(tx, stream.streamNo, slice)).filter((nth) => !merged.has(nth));
      if (fenced.length > 0) return { fenced };
      const rest = withoutRecords(slice, (nth) => merged.has(nth));
      const rows = rest.starts.length;
      const copied = rows === 0 ? 0 : await tx.copyIn(copyRows(stream, stream.columns), rest.bytes);
      if (copied !== rows) throw new NotSo();
      await requireUnseen(tx, part, partOf(slice, [...merged.keys()]));
      return { counts: { ...noCounts, applied: rows }, page: await advance(tx, slice, part, rows) };
    });
  } catch (error) {
    if (error instanceof NotSo) return null;
    const state = sqlState(error) ?? '';
    if (state === uniqueViolation && (await hasRepeated(db, stream, slice))) throw new RepeatedRecord();
    if (cannotBeStored.test(state)) return null;
    throw error;
  }
}

async function hasRepeated(db: Tx, stream: Stream, slice: CsvSlice): Promise<boolean> {
  return (await selectRepeated(db, stream, idsOf(slice))).length > 0;
}

/** Of merged records the table's key does not tell that the job has sent them before, so a first fill notes them. */
async function requireUnseen(tx: Tx, part: BulkPart, merged: CsvSlice): Promise<void> {
  if (!isFirstFill(part) || merged.starts.length === 0) return;
  const noted = await noteSeenIds(tx, part.page.stream_no, idsOf(merged));
  if (noted.length < merged.starts.length) throw new RepeatedRecord();
}

const isFirstFill = ({ way }: BulkPart): boolean => way.kind === 'backfill' && way.isFirstFill;

const idsOf = (slice: CsvSlice): string[] => slice.starts.map((_, nth) => idAt(slice, nth));

async function fencedRecords(tx: Transaction, streamNo: number, slice: CsvSlice): Promise<number[]> {
  const [any] = await selectAnyFence(tx, streamNo);
  if (!any) return [];
  const ids = idsOf(slice);
  const fenced = new Set((await selectFenced(tx, streamNo, ids)).map(({ id }) => id));
  return ids.flatMap((id, nth) => (fenced.has(id) ? [nth] : []));
}

/**
 * Merges the slice by way of a staging table, which the session fills before it takes the stream's lock.
 *
 * @returns null: a record does not fit, or the server allows no staging table
 */
async function mergeSlice(store: Store, form: StagingForm): Promise<StoredSlice | null> {
  const { db, serverVersion, job, slice, part } = store;
  const { stream } = job;
  const { streamNo } = stream;
  const rows = slice.starts.length;
  const name = `lockstep_staging_${form}_${job.merge.key}`;
  try {
    return await applyTransaction(db, async (tx) => {
      await lockReading(tx, part);
      await makeStaging(tx, name, stream.columns, form);
      const staged = await tx.copyIn(copyIntoStaging(name, stream.columns, form), slice.bytes);
      if (staged !== rows) throw new NotSo();
      await lockStream(tx, stream);
      await lockOwnPage(tx, part);
      if (isFirstFill(part) && (await hasRepeated(tx, stream, slice))) throw new RepeatedRecord();
      await requireUnseen(tx, part, slice);
      const [merged] = await tx.query<MergedRow>({
        name: `staged_${form}_${part.way.kind}_${job.merge.key}`,
        text: stagedStatement(stream, serverVersion, { name, form, kind: part.way.kind }),
        values: [name, streamNo, part.observation.lo, part.hi, [], ...moreValues(part.way)],
      });
      if (!merged || merged.judged !== rows) throw new NotSo();
      if (part.way.kind === 'sweep') await noteSeen(tx, streamNo, name);
      const { written, unchanged, stale, dirty, inserted, removed } = merged;
      const page = await advance(tx, slice, part, inserted - removed);
      await statements.purgeFences(tx, streamNo);
      return { counts: { applied: written, unchanged, stale, dirty, quarantined: 0 }, page };
    });
  } catch (error) {
    if (error instanceof NotSo || cannotBeStaged.test(sqlState(error) ?? '')) return null;
    throw error;
  }
}

function moreValues(way: StoringWay): number[] {
  if (way.kind === 'content') return [way.before, way.at];
  return way.kind === 'sweep' ? [way.settledUntil] : [];
}

/** Merges the slice as pages of a query, which finds and sets aside the records that PostgreSQL cannot hold. */
async function storeAsPage(store: Store): Promise<StoredSlice> {
  const { db, slice, part } = store;
  const counts = await mergeRecords(store, slice);
  const page = await applyTransaction(db, async (tx) => {
    await lockReading(tx, part);
    await shareStream(tx, store.job.stream);
    await lockOwnPage(tx, part);
    if (part.way.kind === 'sweep') await noteSeenIds(tx, store.job.stream.streamNo, idsOf(slice));
    await requireUnseen(tx, part, slice);
    return advance(tx, slice, part, 0);
  });
  return { counts, page };
}

/** Records per transaction, as on a page of a query. */
const pageRows = 2_000;

async function mergeRecords({ db, job, part }: Store, slice: CsvSlice): Promise<ApplyCounts> {
  const { observation, hi, way } = part;
  const kind = {
    ...(way.kind === 'content' && { check: way }),
    ...(way.kind === 'sweep' && { partial: way }),
  };
  let counts = noCounts;
  for (let from = 0; from < slice.starts.length; from += pageRows) {
    const records = slice.starts.slice(from, from + pageRows).map((_, nth) => from + nth);
    const page = part.pageOf(partOf(slice, records));
    const applied = await applyTransaction(db, async (tx) => {
      await lockReading(tx, part);
      await lockStream(tx, job.stream);
      await lockOwnPage(tx, part);
      return applyPage(tx, job, page, { observation, hi, isLast: false, ...kind });
    });
    counts = add(counts, applied.counts);
  }
  return counts;
}

/** First of all, as in every transaction that stores rows. */
async function lockReading(tx: Transaction, { observation }: BulkPart): Promise<void> {
  const [locked] = await statements.lockObservation(tx, observation);
  if (!locked) throw new ReadingClosed();
}

/**
 * Before anything is stored: two workers may have read the same slice. After the stream's lock, because whoever removes
 * the pages holds that.
 */
async function lockOwnPage(tx: Transaction, { page }: BulkPart): Promise<void> {
  const [own] = await lockPage(tx, page);
  if (!own) throw new Fault('SYS-09');
}

async function shareStream(tx: Transaction, { streamNo, planVersion }: Stream): Promise<void> {
  const [current] = await shareCheckpoint(tx, streamNo);
  if (current?.plan_version !== planVersion) throw new Fault('SYS-09');
}

/** Moves the place in the page past the slice. @param grown  by how many rows the table has grown */
async function advance(
  tx: Transaction,
  slice: CsvSlice,
  { page }: BulkPart,
  grown: number,
): Promise<BulkPageRow> {
  const rows = page.rows + slice.starts.length;
  const lastId = idAt(slice, slice.starts.length - 1);
  const [moved] = await advancePage(tx, page, { rows, lastId, isDone: false });
  if (!moved) throw new Fault('SYS-09');
  await statements.addToCheckpoint(tx, page.stream_no, grown, 0);
  return { ...page, rows, last_id: lastId };
}

/**
 * The whole page is stored.
 *
 * @param next  the path of the page after it, if it was not known yet
 */
export const endPage = (db: Database, page: BulkPageRow, next: string | null): Promise<void> =>
  db.transaction(async (tx) => {
    const [moved] = await advancePage(tx, page, { rows: page.rows, lastId: null, isDone: true });
    if (!moved) throw new Fault('SYS-09');
    if (next !== null) await insertPages(tx, page.stream_no, [next]);
  });
