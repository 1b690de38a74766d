/**
 * The decisions by which a destination keeps a mirror, in one place, so that a wrong one can be put there from
 * outside. `asBuilt` is the merge rule as the project has it; its other members say in words what the statement that
 * writes mirror rows says in SQL.
 */
import { decide, decidePartial, type Fence, removalsMax, type Verdict } from 'lockstep/core/merge-rule';
import { secondsOf } from 'lockstep/core/stamps';
import type { PagePart } from 'lockstep/postgres';
import type { MirrorRow, ReadRecord } from './read-record.ts';

export interface Bounds {
  lo: number;
  hi: number;
}

/** What becomes of one record of a page. */
export interface Judged {
  record: ReadRecord;
  verdict: Verdict;
  /** The mirror holds the same already. */
  isSame: boolean;
  /** The record has a row. */
  stands: boolean;
}

export interface MergePolicy {
  judge(
    record: ReadRecord,
    row: MirrorRow | null,
    fence: Fence | null,
    bounds: Bounds,
    part: PagePart,
  ): Judged;
  /** Whether an accepted reading leaves a fence, where another one is open that began before it ended. */
  leavesFence(judged: Judged): boolean;
  /** Whether the fence of a reading of some columns says so. */
  leavesPartialFence: boolean;
  /** Whether a full reading that began at `lo` clears a mark made at `since`. */
  clearsMark(since: number, lo: number): boolean;
  /** Of so many rows, how many may vanish from a sweep before somebody has to decide. */
  removalsMax(rows: number): number;
  /** Whether a record that fits no column is kept in mind. */
  setsAside: boolean;
  /** Whether the answer of a reading that was closed meanwhile is refused. */
  refusesLateAnswers: boolean;
  /** The cursors of a new stream. */
  startAt(positions: object): object;
}

export const asBuilt: MergePolicy = {
  judge(record, row, fence, { lo, hi }, { partial }) {
    if (record.copy) {
      const verdict = record.copy === 'tied' ? 'dirty' : 'stale';
      return { record, verdict, isSame: false, stands: row !== null };
    }
    if (partial) return judgePart(record, row, fence, { lo, hi, ...partial });
    const isSame = holdsTheSame(record.values, row);
    const reading = { lo, hi, stamp: record.stamp, deleted: record.values === null };
    return { record, verdict: decide(reading, fence, isSame), isSame, stands: row !== null };
  },
  leavesFence: () => true,
  leavesPartialFence: true,
  clearsMark: (since, lo) => since < lo,
  removalsMax,
  setsAside: true,
  refusesLateAnswers: true,
  startAt: (positions) => positions,
};

function judgePart(
  record: ReadRecord,
  row: MirrorRow | null,
  fence: Fence | null,
  bounds: Bounds & { settledUntil: number },
): Judged {
  const { part, stamp, isAbsent } = record;
  const isSame =
    part !== null &&
    row !== null &&
    part.SystemModstamp === row.SystemModstamp &&
    part.Formula__c === row.Formula__c;
  const stored = row && { stamp: secondsOf(row.SystemModstamp) };
  const verdict = decidePartial({ ...bounds, stamp, isAbsent }, fence, stored, isSame);
  return { record, verdict, isSame, stands: row !== null };
}

const columns = ['SystemModstamp', 'A__c', 'B__c', 'Formula__c', 'Life__c'] as const;

export function holdsTheSame(read: MirrorRow | null, row: MirrorRow | null): boolean {
  if (read === null || row === null) return read === row;
  return columns.every((column) => read[column] === row[column]);
}
