import type { FaultCode } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import type { Database } from '../lib/database.ts';
import {
  applyEmptyPages,
  applyPage,
  applyTransaction,
  type CursorMove,
  type PageApplied,
  type PagePart,
  type StreamTable,
} from './apply.ts';
import * as intents from './intents.ts';
import * as observations from './observations.ts';
import * as progress from './progress.ts';
import type { CheckpointRow, CursorRow } from './sql.ts';
import { takeOver } from './take-over.ts';

/** A record that must be read again by its Id. */
export interface DirtyRow {
  stream_no: number;
  id: string;
  urgent: boolean;
}

/** All that a destination knows of its streams' progress, for whoever takes a sync over. */
export interface Progress {
  checkpoints: readonly CheckpointRow[];
  cursors: readonly CursorRow[];
  dirty: readonly DirtyRow[];
}

/**
 * What running a sync asks of its destination, and all that it asks. Each call is done as a whole or not at all, so
 * that a crash between any two of them is the only kind there is; the simulation puts a destination in memory here.
 */
export interface Mirror {
  /** See {@link takeOver}. */
  takeOver(holder: observations.Holder): Promise<void>;
  /** See {@link intents.healIntents}. */
  healIntents(living: readonly string[], streamNos: ReadonlyMap<string, number>): Promise<number>;
  retryStopped(): Promise<void>;
  /** @param dirtyRows  up to so many of the records to read again */
  readProgress(dirtyRows: number): Promise<Progress>;
  /** See {@link progress.beginStream}. */
  beginStream(
    streamNo: number,
    positions: progress.StartPositions,
    rowsExpected: number | null,
  ): Promise<void>;
  recordStop(streamNo: number, code: FaultCode): Promise<void>;

  openTickObservation(
    holder: observations.Holder,
    streams: readonly number[],
    lastsMs: number,
  ): Promise<observations.Observation>;
  openReadBackObservation(
    owner: string,
    streams: readonly number[],
    lastsMs: number,
  ): Promise<observations.Observation>;
  closeObservation(observation: observations.Observation): Promise<void>;
  /**
   * Merges one page and moves its cursor, see {@link applyPage}.
   *
   * @param lockWaitMs  for answers that somebody waits for: no longer than this for the stream's lock
   */
  applyPage(table: StreamTable, page: Page, part: PagePart, lockWaitMs?: number): Promise<PageApplied>;
  /** See {@link applyEmptyPages}. `dirty` is what is left to read again after it. */
  applyEmptyPages(
    moves: readonly { streamNo: number; move: CursorMove }[],
    part: PagePart,
    dirtyRows: number,
  ): Promise<{ areAllMoved: boolean; dirty: readonly DirtyRow[] }>;

  /** Has the record read again, first of all. */
  markDirty(streamNo: number, id: RecordId, reason: string): Promise<void>;
  areDirty(streamNo: number, ids: readonly string[]): Promise<boolean>;
  recordIntent(intent: intents.Intent): Promise<number>;
  recordOutcome(intentNo: number, outcome: intents.Outcome): Promise<void>;
  purgeIntents(): Promise<void>;
}

/** The mirror in PostgreSQL. */
export function mirrorIn(db: Database): Mirror {
  return {
    takeOver: (holder) => takeOver(db, holder),
    healIntents: (living, streamNos) => db.transaction((tx) => intents.healIntents(tx, living, streamNos)),
    retryStopped: () => progress.retryStopped(db),
    readProgress: (dirtyRows) => progress.readProgress(db, dirtyRows),
    beginStream: (streamNo, positions, rowsExpected) =>
      db.transaction((tx) => progress.beginStream(tx, streamNo, positions, rowsExpected)),
    recordStop: (streamNo, code) => progress.recordStop(db, streamNo, code),

    openTickObservation: (holder, streams, lastsMs) =>
      observations.openTickObservation(db, holder, streams, lastsMs),
    openReadBackObservation: (owner, streams, lastsMs) =>
      observations.openReadBackObservation(db, owner, streams, lastsMs),
    closeObservation: (observation) => observations.closeObservation(db, observation),
    applyPage: (table, page, part, lockWaitMs) =>
      applyTransaction(db, async (tx) => {
        if (lockWaitMs !== undefined) await intents.limitLockWait(tx, lockWaitMs);
        return applyPage(tx, table, page, part);
      }),
    applyEmptyPages: (moves, part, dirtyRows) =>
      applyTransaction(db, async (tx) => {
        const areAllMoved = await applyEmptyPages(tx, moves, part);
        return { areAllMoved, dirty: await progress.readDirty(tx, dirtyRows) };
      }),

    markDirty: (streamNo, id, reason) => intents.markDirty(db, streamNo, id, reason),
    areDirty: (streamNo, ids) => intents.areDirty(db, streamNo, ids),
    recordIntent: (intent) => intents.recordIntent(db, intent),
    recordOutcome: (intentNo, outcome) => intents.recordOutcome(db, intentNo, outcome),
    purgeIntents: () => intents.purgeIntents(db),
  };
}
