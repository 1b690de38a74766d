import type { Database, Tx } from '@lockstep/foundation/database';
import { selectPages } from './bulk-sql.ts';
import * as marks from './mark-sql.ts';
import { wholeTableLockWaitMs } from './planner.ts';
import { selectProblems } from './problem-sql.ts';
import * as statements from './sql.ts';
import { selectUncounted } from './table-sql.ts';
import type { Stream } from './tables.ts';
import { limitLockWait, planForWholeTable } from './transaction-sql.ts';

export async function readProgress(db: Tx) {
  return {
    checkpoints: await statements.selectCheckpoints(db),
    cursors: await statements.selectCursors(db),
    figures: await marks.selectFigures(db),
    problems: await selectProblems(db),
    bulkPages: await selectPages(db),
  };
}

/** The ticket is read first, so that the figures include every mark up to it. */
export async function readFigures(db: Tx) {
  const [last] = await marks.selectLastTicket(db);
  return { ticket: last?.ticket ?? 0, figures: await marks.selectFigures(db) };
}

/** Begins a stream: inserts its cursors and the expected number of rows. Idempotent: a begun stream stays as it is. */
export async function beginStream(
  tx: Tx,
  streamNo: number,
  positions: StartPositions,
  rowsExpected: number | null,
): Promise<void> {
  for (const [kind, position] of Object.entries(positions) as [string, object | null][]) {
    if (position) await statements.insertCursor(tx, streamNo, kind, position);
  }
  await statements.startBackfill(tx, streamNo, rowsExpected);
}

/** Where the cursors of a stream begin; null for a cursor that it does not have. */
export type StartPositions = { readonly [Kind in string]?: object | null };

/** Restarts all stopped streams, because what stopped them may have been fixed since. */
export const retryStopped = async (db: Database): Promise<void> => {
  await statements.restartStreams(db, null);
};

/**
 * Corrects the recorded number of rows, which misses edits that a person made in the table. Pages change the rows and
 * the number in one transaction, so in a single statement the two differ only by such edits, and pages need not be
 * locked out meanwhile. Scans the whole table.
 */
export const recountRows = (db: Database, stream: Stream): Promise<void> =>
  db.transaction(async (tx) => {
    await limitLockWait(tx, wholeTableLockWaitMs);
    await planForWholeTable(tx);
    const [found] = await selectUncounted(tx, stream);
    if (found && found.more !== 0) await statements.addToCheckpoint(tx, stream.streamNo, found.more, 0);
  });
