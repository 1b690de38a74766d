/** What the destination keeps of a backfill by Bulk API 2.0. Its rows are stored by store-slice.ts. */
import type { Database, Tx } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import { moveCursors } from './apply.ts';
import {
  countSeen,
  deleteBulkCursor,
  deletePages,
  deleteSeen,
  insertBulkObservation,
  insertPages,
  lockEpoch,
  markUnseen,
  renewObservation,
  selectAnyRow,
  selectBackfilledTo,
} from './bulk-sql.ts';
import type { Holder, Observation } from './observations.ts';
import type { CursorMove } from './page-part.ts';
import * as statements from './sql.ts';
import { lockStream, type Stream } from './tables.ts';
import { planForWholeTable } from './transaction-sql.ts';

/** The reading of a Bulk backfill has expired: what its fences guarded is open again, so it has to begin anew. */
export class ReadingClosed extends Error {
  override readonly name = 'ReadingClosed';
}

/** A reading is given up if no worker has advanced it for so long: Salesforce keeps results for seven days. */
const lastsMs = 3 * 24 * 3_600_000;

/** The reading of a new Bulk backfill. */
export interface BulkReading {
  observation: Observation;
  /**
   * The table was empty, so every row that others store has a fence: a record without one can be copied straight into
   * it. False: rows of earlier readings are in the table, so each record has to be merged.
   */
  isFirstFill: boolean;
  /** The last Id of the pages that a backfill has stored before; null: none. */
  backfilledTo: RecordId | null;
}

/**
 * Opens the reading, before its first job is created.
 *
 * @param position  of its cursor, with the reading
 * @throws {@link Fault} `SYS-09`: the lease was lost, or the cursor or the table has changed meanwhile
 */
export const beginBulk = (
  db: Database,
  holder: Holder,
  stream: Stream,
  version: number,
  position: (reading: BulkReading) => object,
): Promise<void> =>
  db.transaction(async (tx) => {
    const [observation] = await insertBulkObservation(tx, holder, stream.streamNo, lastsMs);
    if (!observation) throw new Fault('SYS-09');
    await lockStream(tx, stream);
    const [row] = await selectAnyRow(tx, stream);
    const [backfill] = await selectBackfilledTo(tx, stream.streamNo);
    const reading = { observation, isFirstFill: !row, backfilledTo: backfill?.after ?? null };
    await move(tx, stream.streamNo, version, position(reading));
  });

/** What becomes of the pages that are known: more of them, or others of a new job. */
export interface PageChange {
  isNewJob: boolean;
  paths: readonly string[];
}

/**
 * Moves the cursor of a Bulk backfill, and keeps its reading open.
 *
 * @param position  `hi` is a ticket taken now
 * @throws {@link ReadingClosed}; {@link Fault} `SYS-09`: the lease was lost, or another worker has moved the cursor
 */
export const moveBulk = (
  db: Database,
  holder: Holder,
  { streamNo }: Stream,
  observation: Observation,
  version: number,
  { position, pages }: { position: (hi: number) => object; pages?: PageChange | undefined },
): Promise<void> =>
  db.transaction(async (tx) => {
    await requireLease(tx, holder);
    const [renewed] = await renewObservation(tx, observation, lastsMs);
    if (!renewed) throw new ReadingClosed();
    await move(tx, streamNo, version, position(renewed.hi));
    if (pages?.isNewJob) await deletePages(tx, streamNo);
    if (pages?.isNewJob) await deleteSeen(tx, streamNo);
    if (pages && pages.paths.length > 0) await insertPages(tx, streamNo, pages.paths);
  });

/**
 * Closes the reading: every row is stored, or the object is read in another way.
 *
 * @param end  the second of Salesforce's time at which the backfill is complete, the moves that complete a check, or the
 *             position that remains; `forget`: none, the stream is as if it had not been read by Bulk
 * @throws {@link Fault} `SYS-09`: as {@link moveBulk}
 */
export const endBulk = (
  db: Database,
  holder: Holder,
  { streamNo }: Stream,
  observation: Observation | null,
  version: number,
  end: BulkEnd,
): Promise<void> =>
  db.transaction(async (tx) => {
    await requireLease(tx, holder);
    const isComplete = typeof end === 'object' && !('position' in end);
    const [ended] = observation ? await statements.endObservation(tx, observation) : [];
    if (!ended && isComplete) throw new ReadingClosed();
    await statements.lockCheckpoint(tx, streamNo);
    await move(tx, streamNo, version, typeof end === 'object' && 'position' in end ? end.position : {});
    await deletePages(tx, streamNo);
    await deleteSeen(tx, streamNo);
    if (isComplete || end === 'forget') await deleteBulkCursor(tx, streamNo);
    if (typeof end === 'object' && 'completeAt' in end)
      await statements.completeBackfill(tx, streamNo, end.completeAt);
    // A pass that somebody else has moved meanwhile stays where it is.
    if (typeof end === 'object' && 'moves' in end) await moveCursors(tx, streamNo, end.moves);
    await statements.purgeFences(tx, streamNo);
  });

export type BulkEnd =
  | { completeAt: number }
  | { moves: readonly CursorMove[] }
  | { position: object }
  | 'forget';

/**
 * Marks the rows that a sweep by Bulk has not seen, to be read by their Ids.
 *
 * @param wholeTables  a statement there has no time-out
 * @param hi    a ticket that was taken when the results were ready
 * @param rows  how many records its results have
 * @throws {@link SeenLost}
 */
export const endSweep = (
  wholeTables: Database,
  stream: Stream,
  { observation, hi, rows }: { observation: Observation; hi: number; rows: number },
): Promise<void> =>
  wholeTables.transaction(async (tx) => {
    await planForWholeTable(tx);
    const [seen] = await countSeen(tx, stream.streamNo);
    if (seen?.rows !== rows) throw new SeenLost();
    await markUnseen(tx, stream, observation, hi);
  });

/** It is not known any more which records a sweep has seen, or its results had one twice. */
export class SeenLost extends Error {
  override readonly name = 'SeenLost';
}

async function requireLease(tx: Tx, { epoch }: Holder): Promise<void> {
  const [held] = await lockEpoch(tx, epoch);
  if (!held) throw new Fault('SYS-09');
}

async function move(tx: Tx, streamNo: number, version: number, position: object): Promise<void> {
  const [moved] = await statements.moveCursor(tx, streamNo, 'bulk', version, position);
  if (!moved) throw new Fault('SYS-09');
}
