import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { assert } from '../lib/assert.ts';
import { type Database, sqlState, type Tx } from '../lib/database.ts';
import { sql } from '../lib/sql.ts';
import type { ApplyCounts, GuardedStatements } from './guarded-statement.ts';
import type { Observation } from './observations.ts';
import * as statements from './sql.ts';
import type { Stream } from './tables.ts';

/** What became of a page's records. The five add up to its count, absent Ids included. */
export interface Applied {
  applied: number;
  unchanged: number;
  stale: number;
  dirty: number;
  quarantined: number;
}

/** One cursor's step, taken if the cursor still stands where the request left it. */
export interface CursorMove {
  kind: statements.CursorKind;
  version: number;
  to: object;
  /** The server's second at which this step completes the first copy. */
  backfilledAt?: number;
}

export interface PagePart {
  observation: Observation;
  /** A reading in several parts is closed by its last one. */
  isLast: boolean;
  /** Ids that were asked for in a complete answer and are not in it. */
  absent?: readonly RecordId[];
  move?: CursorMove;
}

export interface PageApplied {
  fates: Applied;
  /** True where none was to move. */
  isCursorMoved: boolean;
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

  const { rows, ...fates } = await applyAll(tx, table, page, part.absent ?? [], bounds).catch(
    throwWithoutValues,
  );
  await statements.addToCheckpoint(tx, stream.streamNo, rows, page.nulsRemoved);
  const isCursorMoved = part.move ? await moveCursor(tx, stream.streamNo, part.move) : true;

  await statements.purgeFences(tx, stream.streamNo);
  if (part.isLast) await statements.purgeExpiredObservations(tx);
  return { fates, isCursorMoved };
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
 * Moves the cursors of streams whose answers held no rows, in one transaction that also closes the reading.
 *
 * @returns whether all of them moved
 */
export async function applyEmptyPages(
  tx: Tx,
  moves: readonly { streamNo: number; move: CursorMove }[],
  part: PagePart,
): Promise<boolean> {
  await endPart(tx, part);
  let areAllMoved = true;
  for (const { streamNo, move } of moves) {
    areAllMoved = (await moveCursor(tx, streamNo, move)) && areAllMoved;
  }
  if (part.isLast) await statements.purgeExpiredObservations(tx);
  return areAllMoved;
}

async function endPart(tx: Tx, { observation, isLast }: PagePart): Promise<number> {
  const end = isLast ? statements.endObservation : statements.holdObservation;
  const [ended] = await end(tx, observation.lo);
  if (!ended) throw new Fault('SYS-09');
  return ended.hi;
}

async function refuseOutdatedPlan(tx: Tx, stream: Stream): Promise<void> {
  const [current] = await statements.selectPlanVersion(tx, stream.streamNo);
  if (current?.plan_version !== stream.planVersion) throw new Fault('SYS-09');
}

async function moveCursor(tx: Tx, streamNo: number, move: CursorMove): Promise<boolean> {
  const [moved] = await statements.moveCursor(tx, streamNo, move.kind, move.version, move.to);
  const { backfilledAt } = move;
  if (moved && backfilledAt !== undefined) await statements.completeBackfill(tx, streamNo, backfilledAt);
  return moved !== undefined;
}

interface Bounds {
  lo: number;
  hi: number;
}

/** The fates of some records, and what the table grew by. */
type Fates = Applied & { rows: number };

const noFates: Fates = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0, rows: 0 };

/** The page's records, and apart from them those that PostgreSQL's JSON refuses. */
async function applyAll(
  tx: Tx,
  table: StreamTable,
  page: Page,
  absent: readonly RecordId[],
  bounds: Bounds,
): Promise<Fates> {
  const refused = page.unstorable.filter(({ text }) => !isDeleted(text));
  const gone = page.unstorable.filter(({ text }) => isDeleted(text)).map(({ id }) => id);
  const batch = {
    records: page.records,
    count: page.count - page.unstorable.length,
    absent: [...absent, ...gone],
  };
  const fates = await applyRecords(tx, table, batch, bounds);
  for (const { id, text } of refused) {
    await statements.quarantine(tx, table.stream.streamNo, bounds.lo, { id, code: 'lone surrogate', text });
  }
  return sum(fates, { ...noFates, quarantined: refused.length });
}

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
async function applyRecords(tx: Tx, table: StreamTable, batch: Batch, bounds: Bounds): Promise<Fates> {
  await tx.query(sql`SAVEPOINT batch`);
  try {
    const fates = await applyFitting(tx, table, batch, bounds);
    await tx.query(sql`RELEASE SAVEPOINT batch`);
    return fates;
  } catch (error) {
    const code = sqlState(error);
    if (!code || !cannotBeStored(code)) throw error;
    await tx.query(sql`ROLLBACK TO SAVEPOINT batch`);
    return applyHalves(tx, table, batch, bounds, code);
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

async function applyHalves(
  tx: Tx,
  table: StreamTable,
  batch: Batch,
  bounds: Bounds,
  code: string,
): Promise<Fates> {
  const { absent } = batch;
  if (batch.count === 0) return applyAbsentHalves(tx, table, absent, bounds, code);
  if (absent.length > 0) {
    const present = await applyRecords(tx, table, { ...batch, absent: [] }, bounds);
    return sum(present, await applyRecords(tx, table, { ...noRecords, absent }, bounds));
  }
  const records = await tx.query<{ id: RecordId; record: string }>(sql`
    SELECT value ->> 'Id' AS id, value::text AS record FROM json_array_elements(${batch.records}::json)`);
  const [first] = records;
  assert(first, 'a batch that counts records holds one');
  if (records.length === 1) {
    const { id, record } = first;
    if (isDeleted(record)) return applyRecords(tx, table, { ...noRecords, absent: [id] }, bounds);
    await statements.quarantine(tx, table.stream.streamNo, bounds.lo, { id, code, text: record });
    return { ...noFates, quarantined: 1 };
  }
  const middle = Math.ceil(records.length / 2);
  const half = (part: typeof records): Batch => ({
    records: `[${part.map(({ record }) => record).join(',')}]`,
    count: part.length,
    absent: [],
  });
  const left = await applyRecords(tx, table, half(records.slice(0, middle)), bounds);
  return sum(left, await applyRecords(tx, table, half(records.slice(middle)), bounds));
}

/** A record that is gone in Salesforce and cannot go here: somebody's foreign key holds it. Its row stays. */
async function applyAbsentHalves(
  tx: Tx,
  table: StreamTable,
  absent: readonly RecordId[],
  bounds: Bounds,
  code: string,
): Promise<Fates> {
  const [id] = absent;
  assert(id, 'an empty batch can always be stored');
  if (absent.length === 1) {
    const text = JSON.stringify({ Id: id, IsDeleted: true });
    await statements.quarantine(tx, table.stream.streamNo, bounds.lo, { id, code, text });
    return { ...noFates, quarantined: 1 };
  }
  const middle = Math.ceil(absent.length / 2);
  const half = (part: readonly RecordId[]): Batch => ({ ...noRecords, absent: part });
  const left = await applyRecords(tx, table, half(absent.slice(0, middle)), bounds);
  return sum(left, await applyRecords(tx, table, half(absent.slice(middle)), bounds));
}

async function applyFitting(tx: Tx, table: StreamTable, batch: Batch, bounds: Bounds): Promise<Fates> {
  const { stream, guarded } = table;
  const { judged, fates } = await guardedApply(tx, table, batch.records, batch.absent, bounds);
  if (judged === batch.count + batch.absent.length) return fates;

  const misfits = await tx.query<{ id: string | null; deleted: boolean | null }>({
    name: `aside_${stream.streamNo}_${stream.planVersion}`,
    text: guarded.setAside,
    values: [batch.records, stream.streamNo, bounds.lo],
  });
  // A deleted record needs none of its values: only its Id counts, as if it had been asked for and not found.
  const gone = misfits.flatMap(({ id, deleted }) => (deleted && id ? [id as RecordId] : []));
  const removed = gone.length > 0 ? (await guardedApply(tx, table, '[]', gone, bounds)).fates : noFates;
  return sum(sum(fates, removed), { ...noFates, quarantined: misfits.length - gone.length });
}

async function guardedApply(
  tx: Tx,
  { stream, guarded }: StreamTable,
  records: string,
  absent: readonly RecordId[],
  { lo, hi }: Bounds,
): Promise<{ judged: number; fates: Fates }> {
  const [counts] = await tx.query<ApplyCounts>({
    name: `apply_${stream.streamNo}_${stream.planVersion}`,
    text: guarded.apply,
    values: [records, stream.streamNo, lo, hi, absent],
  });
  assert(counts, 'the guarded statement answers one row');
  const { judged, written, unchanged, stale, dirty, inserted, removed } = counts;
  return {
    judged,
    fates: { applied: written, unchanged, stale, dirty, quarantined: 0, rows: inserted - removed },
  };
}

const sum = (a: Fates, b: Fates): Fates => ({
  applied: a.applied + b.applied,
  unchanged: a.unchanged + b.unchanged,
  stale: a.stale + b.stale,
  dirty: a.dirty + b.dirty,
  quarantined: a.quarantined + b.quarantined,
  rows: a.rows + b.rows,
});
