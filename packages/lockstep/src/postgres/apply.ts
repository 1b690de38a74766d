import { type Database, sqlState, type Transaction, type Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import type { Page } from '../core/page.ts';
import { applyPageRecords, throwWithoutValues } from './apply-records.ts';
import { markDirty } from './mark-sql.ts';
import type { ApplyResult, CursorMove, PagePart, Remainder, StreamTable } from './page-part.ts';
import { setAsideUnsettled } from './set-aside-sql.ts';
import * as statements from './sql.ts';
import { completeReturnedFields } from './stream-sql.ts';
import { selectIdsWithRow } from './table-sql.ts';
import { lockStream } from './tables.ts';

/**
 * Merges one page into its table and moves its cursor, inside the caller's transaction. Every reading goes through
 * here, and through the one merge rule: backfill, poll, re-read and read-back.
 *
 * @param page    Salesforce's text, up to 2,000 records; if an Id occurs twice, the newest stamp counts
 * @throws {@link Fault} `SYS-09`: the observation was closed (another holder took over), or the table has changed since
 *                the page was requested; roll back and read again
 *
 * The order matters. The end ticket comes first. The stream's lock is taken in a statement of its own, so that the
 * merge statement's snapshot is taken under the lock: an earlier snapshot would miss the fence of a newer reading that
 * commits meanwhile, and undo that reading. Clean-up comes last and waits for nobody.
 * Idempotent: a second call with the same page applies nothing.
 */
export async function applyPage(
  tx: Tx,
  table: StreamTable,
  page: Page,
  part: PagePart,
): Promise<ApplyResult> {
  const { stream } = table;
  const hi = await endPart(tx, part);
  await lockStream(tx, stream);
  const bounds = { lo: part.observation.lo, hi };

  const { rows, merged, ...counts } = await applyPageRecords(tx, { table, part, bounds }, page).catch(
    throwWithoutValues,
  );
  if (part.check && counts.dirty > 0) await setAsideUnsettled(tx, stream.streamNo);
  await statements.addToCheckpoint(tx, stream.streamNo, rows, page.nulsRemoved);
  const unmoved = await moveCursors(tx, stream.streamNo, part.moves ?? []);

  await statements.purgeFences(tx, stream.streamNo);
  if (part.isLast) await statements.purgeExpiredObservations(tx);
  return { counts, unmoved, merged };
}

/**
 * Runs an apply in a transaction. After a deadlock, which only a session from outside can cause, it applies the same
 * page again: its reading is still open.
 */
export async function applyTransaction<Result>(
  db: Database,
  work: (tx: Transaction) => Promise<Result>,
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
 * Applies what an answer means besides its rows, for all its streams in one transaction, which also closes the reading.
 *
 * @returns the kinds of the cursors that had moved meanwhile and were left as they are
 */
export async function applyRemainder(
  tx: Tx,
  rest: readonly Remainder[],
  part: PagePart,
): Promise<readonly string[]> {
  await endPart(tx, part);
  const unmoved: string[] = [];
  for (const { table, moves } of rest) {
    unmoved.push(...(await moveCursors(tx, table.stream.streamNo, moves)));
  }
  for (const { table, marks } of rest) {
    if (!marks || marks.ids.length === 0) continue;
    const rows = await selectIdsWithRow(tx, table.stream, marks.ids);
    const ids = rows.map(({ id }) => id);
    await markDirty(tx, table.stream.streamNo, ids, { urgent: false, reason: marks.reason });
  }
  // After all pages: one of them may have completed the backfill.
  for (const { table, stop } of rest) {
    if (stop) await statements.stopStream(tx, table.stream.streamNo, stop.code, stop.message);
    if (stop === null) await statements.restartStreams(tx, [table.stream.streamNo]);
  }
  if (part.isLast) await statements.purgeExpiredObservations(tx);
  return unmoved;
}

async function endPart(tx: Tx, { observation, isLast, hi }: PagePart): Promise<number> {
  const end = isLast ? statements.endObservation : statements.lockObservation;
  const [ended] = await end(tx, observation);
  if (!ended) throw new Fault('SYS-09');
  return hi ?? ended.hi;
}

/** @returns the kinds of the cursors that had moved meanwhile and were left as they are */
export async function moveCursors(
  tx: Tx,
  streamNo: number,
  moves: readonly CursorMove[],
): Promise<readonly string[]> {
  const unmoved: string[] = [];
  for (const { kind, version, to, backfilledAt, verified } of moves) {
    const [moved] = await statements.moveCursor(tx, streamNo, kind, version, to);
    if (!moved) {
      unmoved.push(kind);
      continue;
    }
    if (backfilledAt !== undefined) await statements.completeBackfill(tx, streamNo, backfilledAt);
    if (verified) await statements.recordVerified(tx, streamNo, verified.level, verified.at);
    if (verified?.level === 'content') await completeReturnedFields(tx, streamNo, verified.at);
  }
  return unmoved;
}
