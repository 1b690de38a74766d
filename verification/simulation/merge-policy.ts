/**
 * The decisions by which a destination keeps a mirror, in one place, so that mutants can replace one. `asBuilt` uses
 * the project's own merge rule; its other members restate what the merge statement does in SQL.
 */
import { decide, decidePartial, type Fence, removalsMax, type Verdict } from 'lockstep/core/merge-rule';
import { secondsOf } from 'lockstep/core/stamps';
import type { PagePart } from 'lockstep/postgres';
import type { MirrorRow, ReadRecord } from './read-record.ts';

export interface Bounds {
  lo: number;
  hi: number;
}

/** The verdict on one record of a page. */
export interface MergeResult {
  record: ReadRecord;
  verdict: Verdict;
  /** The mirror already has the same values. */
  isSame: boolean;
  /** The record has a row. */
  hasRow: boolean;
}

/** What the mirror has of a record. */
export interface Stored {
  row: MirrorRow | null;
  fence: Fence | null;
  /** The record is set aside, so the row is not what its fence describes. */
  isAside: boolean;
}

export interface MergePolicy {
  merge(record: ReadRecord, stored: Stored, bounds: Bounds, part: PagePart): MergeResult;
  /** Whether an accepted reading leaves a fence if another open reading began before it ended. */
  leavesFence(judged: MergeResult): boolean;
  /** Whether the fence of a partial reading is marked as partial. */
  leavesPartialFence: boolean;
  /** Whether a full reading that began at `lo` clears a mark made at `since`. */
  clearsMark(since: number, lo: number): boolean;
  /** How many of `rows` may be removed before somebody must decide. */
  removalsMax(rows: number): number;
  /** Whether a record whose value fits no column is set aside. */
  setsAside: boolean;
  /** Whether the page of a reading that was closed meanwhile is refused. */
  refusesLateAnswers: boolean;
  /** Whether a slice of a first fill is copied without comparing it with what is stored. */
  copiesDirectly: boolean;
  /** Whether such a copy leaves out records with a fence, and is not made while an older reading is open. */
  looksAtFences: boolean;
  looksForOlderReadings: boolean;
  /** Whether a slice is refused if another worker has stored it, or its job was replaced. */
  locksPages: boolean;
  /** Whether the reading of a Bulk backfill stays open at a takeover; if not, its slices are accepted all the same. */
  keepsBulkReadings: boolean;
  /** The cursors of a new stream. */
  startAt(positions: object): object;
}

export const asBuilt: MergePolicy = {
  merge(record, stored, { lo, hi }, { partial }) {
    const { row, fence, isAside } = stored;
    if (record.copy) {
      const verdict = record.copy === 'tied' ? 'dirty' : 'stale';
      return { record, verdict, isSame: false, hasRow: row !== null };
    }
    if (partial) return judgePart(record, stored, { lo, hi, ...partial });
    const isSame = holdsTheSame(record.values, row);
    const isUnfit = record.isMisfit && record.values !== null;
    const reading = { lo, hi, stamp: record.stamp, deleted: record.values === null };
    const verdict = decide(reading, fence, isSame && !isAside && !isUnfit);
    return { record, verdict, isSame, hasRow: row !== null };
  },
  leavesFence: () => true,
  leavesPartialFence: true,
  clearsMark: (since, lo) => since < lo,
  removalsMax,
  setsAside: true,
  refusesLateAnswers: true,
  copiesDirectly: true,
  looksAtFences: true,
  looksForOlderReadings: true,
  locksPages: true,
  keepsBulkReadings: true,
  startAt: (positions) => positions,
};

function judgePart(
  record: ReadRecord,
  { row, fence, isAside }: Stored,
  { settledUntil, ...bounds }: Bounds & { settledUntil: number },
): MergeResult {
  const { part, stamp, isAbsent } = record;
  const isSame =
    part !== null &&
    row !== null &&
    part.SystemModstamp === row.SystemModstamp &&
    part.Formula__c === row.Formula__c;
  const current = row && { stamp: secondsOf(row.SystemModstamp) };
  const verdict = decidePartial(
    { ...bounds, stamp, isAbsent, settledUntil: isAside ? null : settledUntil },
    fence,
    current,
    isSame,
  );
  return { record, verdict, isSame, hasRow: row !== null };
}

const columns = ['SystemModstamp', 'A__c', 'B__c', 'Formula__c', 'Life__c'] as const;

export function holdsTheSame(read: MirrorRow | null, row: MirrorRow | null): boolean {
  if (read === null || row === null) return read === row;
  return columns.every((column) => read[column] === row[column]);
}
