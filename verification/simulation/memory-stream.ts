/** What a destination in memory stores for one stream. */
import type { Fence } from 'lockstep/core/merge-rule';
import { secondsOf } from 'lockstep/core/stamps';
import type { BulkPageRow, ProblemRow } from 'lockstep/postgres';
import { type Mark, Marks } from './marks.ts';
import type { Bounds, MergePolicy, MergeResult } from './merge-policy.ts';
import type { MirrorRow, ReadRecord } from './read-record.ts';
import type { StateEntry } from './sql-destination.ts';

export interface StreamRecord {
  rows: Map<string, MirrorRow>;
  fences: Map<string, Fence>;
  marks: Marks;
  cursors: Map<string, { position: unknown; version: number }>;
  state: 'queued' | 'backfilling' | 'current' | 'stopped';
  stopCode: string | null;
  rowsExpected: number | null;
  backfilledAt: number | null;
  /** Number of rows removed because a reading did not find their records, by hour. */
  removed: Map<number, number>;
  /** Records set aside. */
  aside: Map<string, Aside>;
  /** Problems by the activity that they prevent. */
  problems: Map<string, ProblemRow>;
  /** Of the results of its Bulk job, by number. */
  bulkPages: readonly BulkPageRow[];
  /** The records that a sweep by Bulk has seen, and those that a first fill by Bulk has merged. */
  seen: Set<string>;
}

/** A record that the mirror cannot hold. */
export interface Aside {
  code: 'misfit' | 'unsettled';
  /** In seconds. The mirror has the record up to this stamp; null if that is unknown. */
  stampedAt: number | null;
  tries: number;
  /** In milliseconds. */
  retryAt: number;
}

export const emptyStream = (): StreamRecord => ({
  rows: new Map(),
  fences: new Map(),
  marks: new Marks(),
  cursors: new Map(),
  state: 'queued',
  stopCode: null,
  rowsExpected: null,
  backfilledAt: null,
  removed: new Map(),
  aside: new Map(),
  problems: new Map(),
  bulkPages: [],
  seen: new Set(),
});

/** Updates the row, its fence and its mark by the verdict. */
export function carryOut(
  stream: StreamRecord,
  judged: MergeResult,
  { lo, hi, isFencing }: Bounds & { isFencing: boolean },
  mergePolicy: MergePolicy,
  isCheck: boolean,
): void {
  const { rows, fences, marks, aside } = stream;
  const { record, verdict } = judged;
  const { id, stamp, values, part } = record;
  if (verdict === 'store') {
    if (values) rows.set(id, values);
    else if (part) rows.set(id, { ...(rows.get(id) as MirrorRow), ...part });
    else rows.delete(id);
    const isFenced = isFencing && mergePolicy.leavesFence(judged);
    const deleted = values === null && part === null;
    if (isFenced)
      fences.set(id, { lo, hi, stamp, deleted, partial: part !== null && mergePolicy.leavesPartialFence });
  }
  const mark = marks.get(id);
  if (part === null && !record.isPartial && (verdict === 'store' || verdict === 'nothing')) aside.delete(id);
  if (verdict === 'dirty') marks.found(id, hi, reasonOf(record), isCheck);
  else if (mark && verdict !== 'stale' && mergePolicy.clearsMark(mark.since, lo) && clears(record, mark))
    marks.delete(id);
}

/** A partial reading proves only that the record exists. */
const clears = ({ part }: ReadRecord, { reason }: Mark) =>
  part === null || reason === 'absent' || reason === 'kept';

function reasonOf({ isPartial, isAbsent, values }: ReadRecord): 'overlap' | 'differs' | 'absent' {
  if (isPartial) return isAbsent ? 'absent' : 'differs';
  return values === null ? 'absent' : 'overlap';
}

/** In the same words as `SqlDestination.look`. */
export function heldBy(no: number, stream: StreamRecord): StateEntry[] {
  const { rows, fences, marks, cursors, state, stopCode, rowsExpected, backfilledAt, removed } = stream;
  const entries = [
    `stream ${no} ${state} by ${stopCode}, ${rows.size} rows of ${rowsExpected}, ${marks.absentCount} absent, copied at ${backfilledAt}`,
  ];
  for (const [id, { A__c, B__c, Formula__c, Life__c, SystemModstamp }] of rows)
    entries.push(`row ${no} ${id} ${A__c} ${B__c} ${Formula__c} ${Life__c} ${secondsOf(SystemModstamp)}`);
  for (const [id, { since, first, reason, urgent }] of marks.entries())
    entries.push(`mark ${no} ${id} since ${since}, at first ${first}, ${reason}, urgent: ${letter(urgent)}`);
  for (const [id, { code, tries, stampedAt, retryAt }] of stream.aside)
    entries.push(
      `aside ${no} ${id} ${code}, tries ${tries}, stamped ${code === 'misfit' ? stampedAt : '?'}, again at ${retryAt}`,
    );
  for (const [hour, count] of removed) entries.push(`removal ${no} ${hour}: ${count}`);
  for (const [id, { lo, hi, stamp, deleted, partial }] of fences)
    entries.push(
      `fence ${no} ${id} from ${lo} to ${hi}, stamp ${stamp}, deleted: ${letter(deleted)}, partial: ${letter(partial)}`,
    );
  for (const { page_no: pageNo, path, rows: stored, last_id: lastId, is_done: isDone } of stream.bulkPages)
    entries.push(`page ${no} ${pageNo} ${path}: ${stored} rows to ${lastId}, done: ${letter(isDone)}`);
  for (const id of stream.seen) entries.push(`seen ${no} ${id}`);
  return [
    ...entries.map((text) => ({ text, position: null })),
    ...[...cursors].map(([kind, { version, position }]) => ({
      text: `cursor ${no} ${kind}, version ${version}`,
      position,
    })),
  ];
}

/** A boolean as PostgreSQL prints it. */
const letter = (is: boolean) => (is ? 't' : 'f');
