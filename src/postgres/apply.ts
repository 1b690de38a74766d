import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { assert } from '../lib/assert.ts';
import { type Database, sqlState, type Tx } from '../lib/database.ts';
import { ident, sql } from '../lib/sql.ts';
import type { ApplyCounts, GuardedStatements } from './guarded-statement.ts';
import { keepMissing } from './missing-rows.ts';
import type { Observation } from './observations.ts';
import * as statements from './sql.ts';
import { keyOf } from './table-ddl.ts';
import type { Stream } from './tables.ts';

/** What became of a page's records. The five add up to its count, absent Ids included. */
export interface Applied {
  applied: number;
  unchanged: number;
  stale: number;
  dirty: number;
  quarantined: number;
}

/** One cursor's step, taken if the cursor still stands where the request left it. From version 0 it comes into being. */
export interface CursorMove {
  kind: statements.CursorKind;
  version: number;
  to: object;
  /** The server's second at which this step completes the first copy. */
  backfilledAt?: number;
  /** This step completes a check, which began at that second of Salesforce's time. */
  verified?: { level: statements.VerifiedLevel; at: number };
}

export interface PagePart {
  observation: Observation;
  /** A ticket that was taken after the whole answer had come; without it the transaction takes its own. */
  hi?: number | undefined;
  /** A reading in several parts is closed by its last one. */
  isLast: boolean;
  /** Ids that were asked for in a complete answer and are not in it. */
  absent?: readonly RecordId[];
  /** In their order; one that cannot be taken leaves the others. */
  moves?: readonly CursorMove[];
  /**
   * The records have the columns of `partialColumns` alone. The mirror holds every change that was stamped before
   * `settledUntil`, in seconds of Salesforce's time.
   */
  partial?: { settledUntil: number };
  /** A check: what it writes of records that were stamped before a second is recorded as mended, found at another. */
  check?: { before: number; at: number };
}

export interface PageApplied {
  fates: Applied;
  /** Cursors that stood elsewhere. */
  unmoved: readonly statements.CursorKind[];
  /** Records whose rows went because they were merged into another one: what referred to them refers to that now. */
  merged: readonly RecordId[];
}

/** What an answer means for a stream besides its rows. */
export interface Rest {
  table: StreamTable;
  moves: readonly CursorMove[];
  /** Rows that have to be read again, where they stand in the mirror. */
  marks?: { ids: readonly RecordId[]; reason: statements.MarkReason };
  /** Why nothing is read of the stream until the next start; its status says so. */
  stop?: Fault;
}

/** A stream's table with the statements that write it. */
export interface StreamTable {
  stream: Stream;
  guarded: GuardedStatements;
}

/**
 * Merges one page into its table and moves its cursor, inside the caller's transaction. The only writer of mirror
 * rows: backfill, poll, re-read and read-back all come through here, and through the one merge rule.
 *
 * @param page    Salesforce's text, up to 2,000 records; of a repeated Id the newest stamp counts
 * @throws {@link Fault} `SYS-09`: the observation is gone (another holder took over), or the table has changed since
 *                the page was asked for; roll back and read again
 *
 * The order is part of the rule. The end ticket comes first; the stream's lock comes in a statement of its own, so
 * that the guarded statement's snapshot is taken under it (a snapshot taken before it would miss the fence of a
 * newer reading that commits meanwhile, and roll that one back); clean-up comes last and waits for nobody.
 * Repeatable: a second call with the same page applies nothing.
 */
export async function applyPage(
  tx: Tx,
  table: StreamTable,
  page: Page,
  part: PagePart,
): Promise<PageApplied> {
  const { stream } = table;
  const hi = await endPart(tx, part);
  await statements.lockStream(tx, stream.streamNo);
  await refuseOutdatedPlan(tx, stream);
  const bounds = { lo: part.observation.lo, hi };

  const { rows, merged, ...fates } = await applyAll(tx, { table, part, bounds }, page).catch(
    throwWithoutValues,
  );
  await statements.addToCheckpoint(tx, stream.streamNo, rows, page.nulsRemoved);
  const unmoved = await moveCursors(tx, stream.streamNo, part.moves ?? []);

  await statements.purgeFences(tx, stream.streamNo);
  if (part.isLast) await statements.purgeExpiredObservations(tx);
  return { fates, unmoved, merged };
}

/**
 * A transaction for the applies above. A deadlock, which only a session from outside can cause, repeats the same
 * page: its reading is still open.
 */
export async function applyTransaction<Result>(
  db: Database,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await db.transaction(work);
    } catch (error) {
      const isRepeatable = ['40P01', '40001'].includes(sqlState(error) ?? '');
      if (!isRepeatable || tries === applyTriesMax) throw error;
    }
  }
}

const applyTriesMax = 5;

/**
 * What an answer means besides its rows, for all its streams in one transaction, which also closes the reading.
 *
 * @returns the kinds of the cursors that stood elsewhere
 */
export async function applyRest(
  tx: Tx,
  rest: readonly Rest[],
  part: PagePart,
): Promise<readonly statements.CursorKind[]> {
  await endPart(tx, part);
  const unmoved: statements.CursorKind[] = [];
  for (const { table, moves } of rest) {
    unmoved.push(...(await moveCursors(tx, table.stream.streamNo, moves)));
  }
  for (const { table, marks } of rest) {
    if (!marks || marks.ids.length === 0) continue;
    const ids = await standing(tx, table.stream, marks.ids);
    await statements.markDirty(tx, table.stream.streamNo, ids, { urgent: false, reason: marks.reason });
  }
  // After all pages: one of them can have completed the first copy.
  for (const { table, stop } of rest) {
    if (stop) await statements.stopStream(tx, table.stream.streamNo, stop.code, stop.message);
  }
  if (part.isLast) await statements.purgeExpiredObservations(tx);
  return unmoved;
}

/** Those Ids that have a row. */
async function standing(tx: Tx, stream: Stream, ids: readonly RecordId[]): Promise<string[]> {
  const id = keyOf(stream);
  const rows = await tx.query<{ id: string }>(sql`
    SELECT ${id} AS id FROM ${ident(stream.schema, stream.table)} WHERE ${id} = ANY (${ids}::text[])`);
  return rows.map((row) => row.id);
}

async function endPart(tx: Tx, { observation, isLast, hi }: PagePart): Promise<number> {
  const end = isLast ? statements.endObservation : statements.holdObservation;
  const [ended] = await end(tx, observation);
  if (!ended) throw new Fault('SYS-09');
  return hi ?? ended.hi;
}

async function refuseOutdatedPlan(tx: Tx, stream: Stream): Promise<void> {
  const [current] = await statements.selectPlanVersion(tx, stream.streamNo);
  if (current?.plan_version !== stream.planVersion) throw new Fault('SYS-09');
}

async function moveCursors(
  tx: Tx,
  streamNo: number,
  moves: readonly CursorMove[],
): Promise<readonly statements.CursorKind[]> {
  const unmoved: statements.CursorKind[] = [];
  for (const { kind, version, to, backfilledAt, verified } of moves) {
    const [moved] = await statements.moveCursor(tx, streamNo, kind, version, to);
    if (!moved) {
      unmoved.push(kind);
      continue;
    }
    if (backfilledAt !== undefined) await statements.completeBackfill(tx, streamNo, backfilledAt);
    if (verified) await statements.recordVerified(tx, streamNo, verified.level, verified.at);
  }
  return unmoved;
}

/** What the records of a page are applied with. */
interface Context {
  table: StreamTable;
  part: PagePart;
  bounds: Bounds;
}

interface Bounds {
  lo: number;
  hi: number;
}

/** The fates of some records, what the table grew by, and which records were merged into others. */
type Fates = Applied & { rows: number; merged: readonly RecordId[] };

const noFates: Fates = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0, rows: 0, merged: [] };

/** The page's records, and apart from them those that PostgreSQL's JSON refuses. */
async function applyAll(tx: Tx, context: Context, page: Page): Promise<Fates> {
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
  const fates = await applyRecords(tx, context, batch);
  // A part of a record is not put aside: its full reading is.
  for (const { id, text } of part.partial ? [] : refused) {
    await quarantine(tx, context, { id, code: 'lone surrogate', text });
  }
  return sum(fates, { ...noFates, quarantined: refused.length, dirty: kept.size });
}

const noneKept: ReadonlySet<string> = new Set();

const isDeleted = (record: string) => (JSON.parse(record) as { IsDeleted?: unknown }).IsDeleted === true;

/**
 * The server's errors can quote a record: the detail of a constraint that the user has added shows the whole row,
 * JSON that was cut short its last token. The code says what a caller needs.
 */
function throwWithoutValues(error: unknown): never {
  const code = sqlState(error);
  if (code === undefined) throw error;
  throw Object.assign(new Error(`the database refused a page (${code})`), { code });
}

/**
 * Records that fit go in as one statement. What its guards do not foresee (a number too large for JSON, a row too
 * wide for a table) fails the statement: then the page is halved down to the record that cannot be stored.
 */
async function applyRecords(tx: Tx, context: Context, batch: Batch): Promise<Fates> {
  await tx.query(sql`SAVEPOINT batch`);
  try {
    const fates = await applyFitting(tx, context, batch);
    await tx.query(sql`RELEASE SAVEPOINT batch`);
    return fates;
  } catch (error) {
    const code = sqlState(error);
    if (!code || !cannotBeStored(code)) throw error;
    await tx.query(sql`ROLLBACK TO SAVEPOINT batch`);
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

/** Data exceptions, a rule or trigger that somebody added to the table, a row over a limit of PostgreSQL's. */
const cannotBeStored = (code: string) => /^(2[23]|P0)/.test(code) || code === '54000' || code === '54001';

async function applyHalves(tx: Tx, context: Context, batch: Batch, code: string): Promise<Fates> {
  const { absent } = batch;
  if (batch.count === 0) return applyAbsentHalves(tx, context, absent, code);
  if (absent.length > 0) {
    const present = await applyRecords(tx, context, { ...batch, absent: [] });
    return sum(present, await applyRecords(tx, context, { ...noRecords, absent }));
  }
  const records = await tx.query<{ id: RecordId; record: string }>(sql`
    SELECT value ->> 'Id' AS id, value::text AS record FROM json_array_elements(${batch.records}::json)`);
  const [first] = records;
  assert(first, 'a batch that counts records holds one');
  if (records.length === 1) {
    const { id, record } = first;
    if (isDeleted(record)) return applyRecords(tx, context, { ...noRecords, absent: [id] });
    await quarantine(tx, context, { id, code, text: record });
    return { ...noFates, quarantined: 1 };
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

/** A record that is gone in Salesforce and cannot go here: somebody's foreign key holds it. Its row stays. */
async function applyAbsentHalves(
  tx: Tx,
  context: Context,
  absent: readonly RecordId[],
  code: string,
): Promise<Fates> {
  const [id] = absent;
  assert(id, 'an empty batch can always be stored');
  if (absent.length === 1) {
    const text = JSON.stringify({ Id: id, IsDeleted: true });
    await quarantine(tx, context, { id, code, text });
    return { ...noFates, quarantined: 1 };
  }
  const middle = Math.ceil(absent.length / 2);
  const half = (part: readonly RecordId[]): Batch => ({ ...noRecords, absent: part });
  const left = await applyRecords(tx, context, half(absent.slice(0, middle)));
  return sum(left, await applyRecords(tx, context, half(absent.slice(middle))));
}

const quarantine = (
  tx: Tx,
  { table, bounds }: Context,
  record: { id: RecordId; code: string; text: string },
) => statements.quarantine(tx, table.stream.streamNo, bounds.lo, record);

async function applyFitting(tx: Tx, context: Context, batch: Batch): Promise<Fates> {
  const { table, part, bounds } = context;
  const { stream, guarded } = table;
  const { judged, fates } = await guardedApply(tx, context, batch.records, batch.absent);
  const misfitCount = batch.count + batch.absent.length - judged;
  if (misfitCount === 0) return fates;
  // Only a record without an Id is judged by nobody there; its full reading puts it aside.
  if (part.partial) return { ...fates, quarantined: misfitCount };

  const misfits = await tx.query<{ id: string | null; deleted: boolean | null }>({
    name: `aside_${stream.streamNo}_${stream.planVersion}`,
    text: guarded.setAside,
    values: [batch.records, stream.streamNo, bounds.lo],
  });
  // A deleted record needs none of its values: only its Id counts, as if it had been asked for and not found.
  const gone = misfits.flatMap(({ id, deleted }) => (deleted && id ? [id as RecordId] : []));
  const removed = gone.length > 0 ? (await guardedApply(tx, context, '[]', gone)).fates : noFates;
  return sum(sum(fates, removed), { ...noFates, quarantined: misfits.length - gone.length });
}

async function guardedApply(
  tx: Tx,
  { table: { stream, guarded }, part: { partial, check }, bounds: { lo, hi } }: Context,
  records: string,
  absent: readonly RecordId[],
): Promise<{ judged: number; fates: Fates }> {
  const values = [records, stream.streamNo, lo, hi, absent];
  const [kind, more] = partial
    ? (['patch', [partial.settledUntil]] as const)
    : check
      ? (['check', [check.before, check.at]] as const)
      : (['apply', []] as const);
  const [counts] = await tx.query<ApplyCounts>({
    name: `${kind}_${stream.streamNo}_${stream.planVersion}`,
    text: guarded[kind],
    values: [...values, ...more],
  });
  assert(counts, 'the guarded statement answers one row');
  const { judged, written, unchanged, stale, dirty, inserted, removed, merged } = counts;
  return {
    judged,
    fates: { applied: written, unchanged, stale, dirty, quarantined: 0, rows: inserted - removed, merged },
  };
}

const sum = (a: Fates, b: Fates): Fates => ({
  applied: a.applied + b.applied,
  unchanged: a.unchanged + b.unchanged,
  stale: a.stale + b.stale,
  dirty: a.dirty + b.dirty,
  quarantined: a.quarantined + b.quarantined,
  rows: a.rows + b.rows,
  merged: [...a.merged, ...b.merged],
});
