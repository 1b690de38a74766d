/** Applies the records of one page: runs the merge statement, and sets aside the records that it cannot store. */

import { assert } from '@lockstep/foundation/assert';
import { sqlState, type Tx } from '@lockstep/foundation/database';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { markRefused } from './mark-sql.ts';
import type { MergedRow } from './merge-statement.ts';
import { keepMissing } from './missing-rows.ts';
import type { ApplyCounts, PagePart, StreamTable } from './page-part.ts';
import { selectRecords } from './page-sql.ts';
import { type RefusedRecord, setAside } from './set-aside-sql.ts';
import { releaseSavepoint, rollbackToSavepoint, setSavepoint } from './transaction-sql.ts';

/** What applying the records of a page needs. */
export interface ApplyContext {
  table: StreamTable;
  part: PagePart;
  bounds: Bounds;
}

interface Bounds {
  lo: number;
  hi: number;
}

/** The counts of some records, by how many rows the table grew, and which records were merged into others. */
export type RecordCounts = ApplyCounts & { rows: number; merged: readonly RecordId[] };

const noCounts: RecordCounts = {
  applied: 0,
  unchanged: 0,
  stale: 0,
  dirty: 0,
  quarantined: 0,
  rows: 0,
  merged: [],
};

/** Applies the page's records, and separately those that PostgreSQL's JSON refuses. */
export async function applyPageRecords(tx: Tx, context: ApplyContext, page: Page): Promise<RecordCounts> {
  const { table, part, bounds } = context;
  const absent = part.absent ?? [];
  const kept =
    part.check && absent.length > 0 ? await keepMissing(tx, table.stream, absent, bounds.hi) : noneKept;
  const refused = page.unstorable.filter(({ text }) => !isDeleted(text));
  const gone = page.unstorable.filter(({ text }) => isDeleted(text)).map(({ id }) => id);
  const batch = {
    records: page.records,
    count: page.count - page.unstorable.length,
    absent: [...absent.filter((id) => !kept.has(id)), ...gone],
  };
  const counts = await applyRecords(tx, context, batch);
  const aside = await putAside(tx, context, refused.map(withSurrogate));
  return sum(sum(counts, aside), { ...noCounts, dirty: kept.size });
}

const withSurrogate = ({ id, text }: Page['unstorable'][number]): RefusedRecord => {
  const { SystemModstamp: stamp } = JSON.parse(text) as { SystemModstamp?: unknown };
  return { id, column: null, code: 'lone surrogate', stamp: typeof stamp === 'string' ? stamp : null, text };
};

/** A partial reading lacks most of a record, so it sets nothing aside: the record is read in full, which will. */
async function putAside(
  tx: Tx,
  { table: { stream }, part, bounds }: ApplyContext,
  records: readonly RefusedRecord[],
): Promise<RecordCounts> {
  if (records.length === 0) return noCounts;
  if (!part.partial) return { ...noCounts, ...(await setAside(tx, stream.streamNo, bounds, records)) };
  const ids = records.map(({ id }) => id);
  await markRefused(tx, stream.streamNo, ids, bounds.hi);
  return { ...noCounts, dirty: records.length };
}

const noneKept: ReadonlySet<string> = new Set();

const isDeleted = (record: string) => (JSON.parse(record) as { IsDeleted?: unknown }).IsDeleted === true;

/**
 * The server's errors can quote a record: for a constraint that the user has added, the detail shows the whole row; for
 * truncated JSON, its last token. Callers need only the code.
 */
export function throwWithoutValues(error: unknown): never {
  const code = sqlState(error);
  if (code === undefined) throw error;
  throw Object.assign(new Error(`the database refused a page (${code})`), { code });
}

/**
 * Records that fit are stored by one statement. What its guards do not catch (a number too large for JSON, a row too
 * wide for a table) fails the statement; then the page is halved until the record that cannot be stored is alone.
 */
async function applyRecords(tx: Tx, context: ApplyContext, batch: Batch): Promise<RecordCounts> {
  await setSavepoint(tx, 'batch');
  try {
    const counts = await applyFitting(tx, context, batch);
    await releaseSavepoint(tx, 'batch');
    return counts;
  } catch (error) {
    const code = sqlState(error);
    if (!code || !cannotBeStored(code)) throw error;
    await rollbackToSavepoint(tx, 'batch');
    return applyHalves(tx, context, batch, code);
  }
}

interface Batch {
  /** A JSON array. */
  records: string;
  count: number;
  absent: readonly RecordId[];
}

const noRecords = { records: '[]', count: 0 };

/** Data exceptions, a constraint or trigger that somebody added to the table, a row beyond a limit of PostgreSQL. */
const cannotBeStored = (code: string) => /^(2[23]|P0)/.test(code) || code === '54000' || code === '54001';

async function applyHalves(tx: Tx, context: ApplyContext, batch: Batch, code: string): Promise<RecordCounts> {
  const { absent } = batch;
  if (batch.count === 0) return applyAbsentHalves(tx, context, absent, code);
  if (absent.length > 0) {
    const present = await applyRecords(tx, context, { ...batch, absent: [] });
    return sum(present, await applyRecords(tx, context, { ...noRecords, absent }));
  }
  const records = await selectRecords(tx, batch.records);
  const [first] = records;
  assert(first, 'a batch with a count above zero has a record');
  if (records.length === 1) {
    const { id, record, stamp } = first;
    if (isDeleted(record)) return applyRecords(tx, context, { ...noRecords, absent: [id] });
    return putAside(tx, context, [{ id, column: null, code, stamp, text: record }]);
  }
  const middle = Math.ceil(records.length / 2);
  const half = (part: typeof records): Batch => ({
    records: `[${part.map(({ record }) => record).join(',')}]`,
    count: part.length,
    absent: [],
  });
  const left = await applyRecords(tx, context, half(records.slice(0, middle)));
  return sum(left, await applyRecords(tx, context, half(records.slice(middle))));
}

/** Finds the deleted records whose rows cannot be removed: somebody's foreign key refers to them. Their rows stay. */
async function applyAbsentHalves(
  tx: Tx,
  context: ApplyContext,
  absent: readonly RecordId[],
  code: string,
): Promise<RecordCounts> {
  const [id] = absent;
  assert(id, 'an empty batch can always be stored');
  if (absent.length === 1) {
    const text = JSON.stringify({ Id: id, IsDeleted: true });
    return putAside(tx, context, [{ id, column: null, code, stamp: null, text }]);
  }
  const middle = Math.ceil(absent.length / 2);
  const half = (part: readonly RecordId[]): Batch => ({ ...noRecords, absent: part });
  const left = await applyRecords(tx, context, half(absent.slice(0, middle)));
  return sum(left, await applyRecords(tx, context, half(absent.slice(middle))));
}

async function applyFitting(tx: Tx, context: ApplyContext, batch: Batch): Promise<RecordCounts> {
  const { table, part } = context;
  const { merge } = table;
  const { judged, counts } = await runMerge(tx, context, batch.records, batch.absent);
  const misfitCount = batch.count + batch.absent.length - judged;
  if (misfitCount === 0) return counts;
  // In a partial page only records without an Id get no verdict; their full reading sets them aside.
  if (part.partial) return { ...counts, quarantined: misfitCount };

  const misfits = await tx.query<Misfit>({
    name: `misfits_${merge.key}`,
    text: merge.misfits,
    values: [batch.records],
  });
  // Of a deleted record only the Id matters, as if it had been asked for and not found.
  const gone = misfits.flatMap(({ id, deleted }) => (deleted && id ? [id as RecordId] : []));
  const removed = gone.length > 0 ? (await runMerge(tx, context, '[]', gone)).counts : noCounts;
  const refused = misfits.flatMap(({ id, deleted, ...one }) =>
    id && !deleted ? [{ id, code: 'misfit', ...one }] : [],
  );
  const nameless = { ...noCounts, quarantined: misfits.length - gone.length - refused.length };
  return [removed, await putAside(tx, context, refused), nameless].reduce(sum, counts);
}

/** A record with a value that does not fit its column. */
interface Misfit extends Pick<RefusedRecord, 'column' | 'stamp' | 'text'> {
  id: string | null;
  deleted: boolean | null;
}

async function runMerge(
  tx: Tx,
  { table: { stream, merge }, part: { partial, check }, bounds: { lo, hi } }: ApplyContext,
  records: string,
  absent: readonly RecordId[],
): Promise<{ judged: number; counts: RecordCounts }> {
  const values = [records, stream.streamNo, lo, hi, absent];
  const [kind, more] = partial
    ? (['patch', [partial.settledUntil]] as const)
    : check
      ? (['check', [check.before, check.at]] as const)
      : (['apply', []] as const);
  const [row] = await tx.query<MergedRow>({
    name: `${kind}_${merge.key}`,
    text: merge[kind],
    values: [...values, ...more],
  });
  assert(row, 'the merge statement answers one row');
  const { judged, written, unchanged, stale, dirty, inserted, removed, merged } = row;
  return {
    judged,
    counts: { applied: written, unchanged, stale, dirty, quarantined: 0, rows: inserted - removed, merged },
  };
}

const sum = (a: RecordCounts, b: RecordCounts): RecordCounts => ({
  applied: a.applied + b.applied,
  unchanged: a.unchanged + b.unchanged,
  stale: a.stale + b.stale,
  dirty: a.dirty + b.dirty,
  quarantined: a.quarantined + b.quarantined,
  rows: a.rows + b.rows,
  merged: [...a.merged, ...b.merged],
});
