import type { Database, Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import * as marks from './mark-sql.ts';
import { planForWholeTable, wholeTableLockWaitMs } from './planner.ts';
import { selectProblems } from './problems.ts';
import * as statements from './sql.ts';
import type { Stream } from './tables.ts';

export async function readProgress(db: Tx) {
  return {
    checkpoints: await statements.selectCheckpoints(db),
    cursors: await statements.selectCursors(db),
    figures: await marks.selectFigures(db),
    problems: await selectProblems(db),
  };
}

/** The ticket comes first, so that the figures know every mark that it counts. */
export async function readFigures(db: Tx) {
  const [last] = await marks.selectLastTicket(db);
  return { ticket: last?.ticket ?? 0, figures: await marks.selectFigures(db) };
}

/** Begins a stream: its cursors, and what to expect of its backfill. Repeatable: a begun stream stays as it is. */
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

/** Where the cursors of a stream begin; null for one that it does not have. */
export type StartPositions = { readonly [Kind in string]?: object | null };

/** What stopped a stream may have been repaired since. */
export const retryStopped = async (db: Database): Promise<void> => {
  await statements.restartStreams(db, null);
};

/**
 * Makes the kept number of rows right again, which a person's own edits of a table do not move. Rows and their number
 * change in one transaction, so what a single statement sees of both differs by those edits alone, and no lock has to
 * keep pages away meanwhile. Goes through the whole table.
 */
export const recountRows = (db: Database, { streamNo, schema, table }: Stream): Promise<void> =>
  db.transaction(async (tx) => {
    await statements.limitLockWait(tx, wholeTableLockWaitMs);
    await planForWholeTable(tx);
    const [found] = await tx.query<{ more: number }>(sql`
      SELECT (SELECT count(*) FROM ${ident(schema, table)}) - rows AS more
        FROM _lockstep.checkpoint WHERE stream_no = ${streamNo}`);
    if (found && found.more !== 0) await statements.addToCheckpoint(tx, streamNo, found.more, 0);
  });

export interface StreamStatus {
  sobject: string;
  table_name: string;
  state: string;
  rows: number;
  rows_expected: number | null;
  backfill_percent: number;
  read_until: string | null;
  settled_until: string | null;
}

/** The view that the reader sees too. */
export const readStatus = (db: Tx): Promise<StreamStatus[]> =>
  db.query<StreamStatus>(sql`
  SELECT sobject, table_name, state, rows, rows_expected, backfill_percent, read_until, settled_until
    FROM ${ident('_lockstep', 'status')} ORDER BY sobject`);
