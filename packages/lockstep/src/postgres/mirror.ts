import type { Database } from '@lockstep/foundation/database';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import { applyPage, applyRemainder, applyTransaction } from './apply.ts';
import { type BulkMirror, bulkMirrorIn } from './bulk-mirror.ts';
import type { BulkPageRow } from './bulk-sql.ts';
import { type ChangesOfObjects, changesIn } from './changed-objects.ts';
import * as intents from './intents.ts';
import { leaveTable } from './leave-table.ts';
import type { MarkReason, StreamFigures } from './mark-sql.ts';
import * as marks from './mark-sql.ts';
import * as observations from './observations.ts';
import { type ApplyResult, type PagePart, type Remainder, type StreamTable } from './page-part.ts';
import type { ColumnPlan } from './plan-table.ts';
import type { ProblemRow } from './problem-sql.ts';
import { type ProblemChange, recordProblems } from './problems.ts';
import * as progress from './progress.ts';
import { countByDay, idsAfter } from './read-ids.ts';
import { referencesOf, rowsReferringTo } from './related-rows.ts';
import { isAsPlanned, restoreTable } from './restore-table.ts';
import { retrySetAside, type SetAsideCount, selectSetAside } from './set-aside-sql.ts';
import type { CheckpointRow, CursorRow } from './sql.ts';
import * as statements from './sql.ts';
import { setQueryParts } from './stream-sql.ts';
import { alignForeignKeys, missingIndexes, restoreIndex } from './table-indexes.ts';
import { isWritable, lockHolders } from './table-locks.ts';
import { type ChangedRecord, type DayCount, selectChanged } from './table-sql.ts';
import { takeOver } from './take-over.ts';
import { limitLockWait } from './transaction-sql.ts';

/** All that a destination has recorded of its streams' progress, for the worker that takes a sync over. */
export interface Progress {
  checkpoints: readonly CheckpointRow[];
  cursors: readonly CursorRow[];
  figures: readonly StreamFigures[];
  problems: readonly ProblemRow[];
  /** Of the results of Bulk jobs. */
  bulkPages: readonly BulkPageRow[];
}

/**
 * Everything that running a sync asks of its destination. Each call is atomic, so a crash can only fall between two
 * calls. The simulation implements this in memory.
 */
export interface Mirror extends BulkMirror, ChangesOfObjects {
  /** See {@link takeOver}. */
  takeOver(holder: observations.Holder): Promise<void>;
  /** See {@link intents.recoverIntents}. */
  recoverIntents(
    living: readonly string[],
    streamNos: ReadonlyMap<string, number>,
    isStart: boolean,
  ): Promise<{ recovered: number; withoutId: ReadonlyMap<string, number> }>;
  hasOpenIntents(): Promise<boolean>;
  retryStopped(): Promise<void>;
  /** See {@link isAsPlanned}. */
  isAsPlanned(table: StreamTable): Promise<boolean>;
  /** Whether a page could be written now: nobody has locked the table. Waits for a moment at most. */
  isWritable(table: StreamTable): Promise<boolean>;
  /** Who holds locks on the table, as a text for people; null if nobody does any more. */
  lockHolders(table: StreamTable): Promise<string | null>;
  /** See {@link restoreTable}. */
  restoreTable(table: StreamTable, lockWaitMs: number): Promise<string | null>;
  /** See {@link leaveTable}. */
  leaveTable(stream: StreamTable['stream'], dropsTable: boolean): Promise<boolean>;
  /** See {@link missingIndexes}. */
  missingIndexes(table: StreamTable, mirrored: ReadonlySet<string>): Promise<readonly ColumnPlan[]>;
  /** See {@link restoreIndex}. */
  restoreIndex(table: StreamTable, column: ColumnPlan): Promise<void>;
  /** See {@link alignForeignKeys}. */
  alignForeignKeys(table: StreamTable, parents: ReadonlyMap<string, StreamTable['stream']>): Promise<void>;
  /** From now on all fields of the stream are selected in this many queries. */
  splitQueries(table: StreamTable, parts: number): Promise<void>;
  /** See {@link recordProblems}. */
  recordProblems(changes: readonly ProblemChange[]): Promise<void>;
  readProgress(): Promise<Progress>;
  /** The next records of a stream to read again, first those that a proxied write waits for. */
  nextMarked(streamNo: number, limit: number): Promise<readonly RecordId[]>;
  /** The figures of all streams. They include every mark with this ticket or an older one. */
  readFigures(): Promise<{ ticket: number; figures: readonly StreamFigures[] }>;
  /** See {@link progress.beginStream}. */
  beginStream(
    streamNo: number,
    positions: progress.StartPositions,
    rowsExpected: number | null,
  ): Promise<void>;

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
   * @param lockWaitMs  the longest wait for the stream's lock, for answers that somebody waits for
   */
  applyPage(table: StreamTable, page: Page, part: PagePart, lockWaitMs?: number): Promise<ApplyResult>;
  /** See {@link applyRemainder}. `figures` are those after it was applied. */
  applyRemainder(
    rest: readonly Remainder[],
    part: PagePart,
  ): Promise<{ unmoved: readonly string[]; figures: readonly StreamFigures[] }>;

  /** The mirror's own Ids after `after`, in byte order; with `day`, only those created on that day. */
  idsAfter(
    table: StreamTable,
    after: RecordId | null,
    limit: number,
    day?: string,
  ): Promise<readonly RecordId[]>;
  /**
   * The mirror's records whose time is `after` that position or later, in the order of (time, Id), which is the stream's
   * cursor field. `before`: only those with an older time.
   */
  changedAfter(
    table: StreamTable,
    after: { at: ServerSeconds; id: RecordId | null },
    limit: number,
    before: ServerSeconds | null,
  ): Promise<readonly ChangedRecord[]>;
  /** See {@link countByDay}. */
  countByDay(
    table: StreamTable,
    range: { from: string | null; to: string | null },
    before: ServerSeconds,
  ): Promise<readonly DayCount[]>;
  /** See {@link progress.recountRows}. */
  recountRows(table: StreamTable): Promise<void>;
  /** See {@link referencesOf}. */
  referencesOf(
    table: StreamTable,
    columns: readonly ColumnPlan[],
    ids: readonly string[],
  ): Promise<readonly RecordId[]>;
  /** See {@link rowsReferringTo}. */
  rowsReferringTo(
    table: StreamTable,
    columns: readonly ColumnPlan[],
    ids: readonly string[],
    limit: number,
  ): Promise<readonly RecordId[]>;
  /** Has records read again, whether or not the mirror has them. */
  markRows(streamNo: number, ids: readonly RecordId[], reason: MarkReason, urgent: boolean): Promise<void>;
  /** Decides on rows that a sweep did not find: they are removed, or stay until a sweep finds them again. */
  decideOnAbsent(streamNo: number, decision: 'accepted' | 'kept'): Promise<void>;
  /** Which of the records must be read again or cannot be stored in the mirror; each once, by Id. */
  unsettled(
    streamNo: number,
    ids: readonly string[],
  ): Promise<readonly (readonly [id: string, why: 'dirty' | 'quarantined'])[]>;
  /** See {@link retrySetAside}. */
  retrySetAside(): Promise<void>;
  /** How many records were set aside, by object, column and reason. */
  readSetAside(): Promise<readonly SetAsideCount[]>;
  /** What checks have repaired since the given second of Salesforce's time, by object and kind. */
  readRepairs(since: ServerSeconds): Promise<readonly RepairCount[]>;
  /** See {@link intents.recordIntent}. */
  recordIntent(intent: intents.Intent): Promise<readonly number[]>;
  recordOutcome(intents: readonly number[], outcome: intents.Outcome): Promise<void>;
  /** Deletes what is past its retention; cheap if there is nothing. */
  purgeOld(): Promise<void>;
}

export interface RepairCount {
  sobject: string;
  kind: string;
  rows: number;
}

/**
 * The mirror in PostgreSQL.
 *
 * @param wholeTables  for statements that scan a whole table and have no time-out
 */
export function mirrorIn(db: Database, wholeTables: Database = db): Mirror {
  return {
    takeOver: (holder) => takeOver(db, holder),
    recoverIntents: (living, streamNos, isStart) =>
      db.transaction((tx) => intents.recoverIntents(tx, living, streamNos, isStart)),
    hasOpenIntents: () => intents.hasOpenIntents(db),
    retryStopped: () => progress.retryStopped(db),
    isAsPlanned: ({ stream }) => isAsPlanned(db, stream),
    isWritable: ({ stream }) => isWritable(db, stream),
    lockHolders: ({ stream }) => lockHolders(db, stream),
    restoreTable: ({ stream }, lockWaitMs) => restoreTable(wholeTables, stream, lockWaitMs),
    leaveTable: (stream, dropsTable) => leaveTable(wholeTables, stream, dropsTable),
    missingIndexes: ({ stream }, mirrored) => missingIndexes(db, stream, mirrored),
    restoreIndex: ({ stream }, column) => restoreIndex(wholeTables, stream, column),
    alignForeignKeys: ({ stream }, parents) => alignForeignKeys(db, stream, parents),
    splitQueries: ({ stream }, parts) => setQueryParts(db, stream.streamNo, parts),
    ...changesIn(db, wholeTables),
    recordProblems: (changes) => db.transaction((tx) => recordProblems(tx, changes)),
    readProgress: () => progress.readProgress(db),
    nextMarked: async (streamNo, limit) => {
      const marked = await marks.selectMarked(db, streamNo, limit);
      return marked.map(({ id }) => id as RecordId);
    },
    readFigures: () => progress.readFigures(db),
    beginStream: (streamNo, positions, rowsExpected) =>
      db.transaction((tx) => progress.beginStream(tx, streamNo, positions, rowsExpected)),

    openTickObservation: (holder, streams, lastsMs) =>
      observations.openTickObservation(db, holder, streams, lastsMs),
    openReadBackObservation: (owner, streams, lastsMs) =>
      observations.openReadBackObservation(db, owner, streams, lastsMs),
    closeObservation: (observation) => observations.closeObservation(db, observation),
    applyPage: (table, page, part, lockWaitMs) =>
      applyTransaction(db, async (tx) => {
        if (lockWaitMs !== undefined) await limitLockWait(tx, lockWaitMs);
        return applyPage(tx, table, page, part);
      }),
    applyRemainder: (rest, part) =>
      applyTransaction(db, async (tx) => {
        const unmoved = await applyRemainder(tx, rest, part);
        return { unmoved, figures: await marks.selectFigures(tx) };
      }),

    ...bulkMirrorIn(db, wholeTables),
    idsAfter: ({ stream }, after, limit, day) => idsAfter(db, stream, after, limit, day),
    changedAfter: ({ stream }, after, limit, before) => selectChanged(db, stream, after, limit, before),
    countByDay: ({ stream }, range, before) => countByDay(wholeTables, stream, range, before),
    recountRows: ({ stream }) => progress.recountRows(wholeTables, stream),
    referencesOf: ({ stream }, columns, ids) => referencesOf(db, stream, columns, ids),
    rowsReferringTo: ({ stream }, columns, ids, limit) => rowsReferringTo(db, stream, columns, ids, limit),
    markRows: async (streamNo, ids, reason, urgent) => {
      await marks.markDirty(db, streamNo, ids, { urgent, reason });
    },
    decideOnAbsent: async (streamNo, decision) => {
      await wholeTables.transaction((tx) => marks.decideOnAbsent(tx, streamNo, decision));
    },
    unsettled: async (streamNo, ids) => {
      const found = await statements.selectUnsettled(db, streamNo, ids);
      return [...new Map(found.map(({ id, why }) => [id, why]))];
    },
    retrySetAside: async () => {
      await retrySetAside(db);
    },
    readSetAside: () => selectSetAside(db),
    readRepairs: (since) => statements.selectRepairs(db, since),
    recordIntent: (intent) => intents.recordIntent(db, intent),
    recordOutcome: (recorded, outcome) => intents.recordOutcome(db, recorded, outcome),
    purgeOld: () => wholeTables.transaction((tx) => statements.purgeOld(tx)),
  };
}
