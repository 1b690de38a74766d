/** What a destination in memory keeps of one stream. */
import type { Fence } from '../src/core/merge-rule.ts';
import { secondsOf } from '../src/core/stamps.ts';
import type { Bounds, Judged, Keeping } from './keeping.ts';
import { type Mark, Marks } from './marks.ts';
import type { MirrorRow, ReadRecord } from './read-record.ts';
import type { Held } from './sql-destination.ts';

export interface StreamRecord {
  rows: Map<string, MirrorRow>;
  fences: Map<string, Fence>;
  marks: Marks;
  cursors: Map<string, { position: unknown; version: number }>;
  state: 'queued' | 'backfilling' | 'current' | 'stopped';
  stoppedBy: string | null;
  rowsExpected: number | null;
  backfilledAt: number | null;
  /** Rows that went because a reading did not find them, by hour. */
  removed: Map<number, number>;
}

export const emptyStream = (): StreamRecord => ({
  rows: new Map(),
  fences: new Map(),
  marks: new Marks(),
  cursors: new Map(),
  state: 'queued',
  stoppedBy: null,
  rowsExpected: null,
  backfilledAt: null,
  removed: new Map(),
});

/** The row, its fence and its mark, as the verdict wants them. */
export function carryOut(
  stream: StreamRecord,
  judged: Judged,
  { lo, hi, isFencing }: Bounds & { isFencing: boolean },
  keeping: Keeping,
): void {
  const { rows, fences, marks } = stream;
  const { record, verdict } = judged;
  const { id, stamp, values, part } = record;
  if (verdict === 'store') {
    if (values) rows.set(id, values);
    else if (part) rows.set(id, { ...(rows.get(id) as MirrorRow), ...part });
    else rows.delete(id);
    const isFenced = isFencing && keeping.leavesFence(judged);
    const deleted = values === null && part === null;
    if (isFenced)
      fences.set(id, { lo, hi, stamp, deleted, partial: part !== null && keeping.leavesPartialFence });
  }
  const mark = marks.get(id);
  if (verdict === 'dirty') marks.found(id, hi, reasonOf(record));
  else if (mark && verdict !== 'stale' && keeping.clearsMark(mark.since, lo) && clears(record, mark))
    marks.delete(id);
}

/** A part of a record says that it is there, and nothing more. */
const clears = ({ part }: ReadRecord, { reason }: Mark) =>
  part === null || reason === 'absent' || reason === 'kept';

function reasonOf({ isPartial, isAbsent, values }: ReadRecord): 'overlap' | 'differs' | 'absent' {
  if (isPartial) return isAbsent ? 'absent' : 'differs';
  return values === null ? 'absent' : 'overlap';
}

/** In the words of `SqlDestination.look`. */
export function heldBy(no: number, stream: StreamRecord): Held[] {
  const { rows, fences, marks, cursors, state, stoppedBy, rowsExpected, backfilledAt, removed } = stream;
  const entries = [
    `stream ${no} ${state} by ${stoppedBy}, ${rows.size} rows of ${rowsExpected}, ${marks.absentCount} absent, copied at ${backfilledAt}`,
  ];
  for (const [id, { A__c, B__c, Formula__c, Life__c, SystemModstamp }] of rows)
    entries.push(`row ${no} ${id} ${A__c} ${B__c} ${Formula__c} ${Life__c} ${secondsOf(SystemModstamp)}`);
  for (const [id, { since, first, reason, urgent }] of marks.entries())
    entries.push(`mark ${no} ${id} since ${since}, at first ${first}, ${reason}, urgent: ${letter(urgent)}`);
  for (const [hour, count] of removed) entries.push(`removal ${no} ${hour}: ${count}`);
  for (const [id, { lo, hi, stamp, deleted, partial }] of fences)
    entries.push(
      `fence ${no} ${id} from ${lo} to ${hi}, stamp ${stamp}, deleted: ${letter(deleted)}, partial: ${letter(partial)}`,
    );
  return [
    ...entries.map((text) => ({ text, position: null })),
    ...[...cursors].map(([kind, { version, position }]) => ({
      text: `cursor ${no} ${kind}, version ${version}`,
      position,
    })),
  ];
}

/** As PostgreSQL writes it. */
const letter = (is: boolean) => (is ? 't' : 'f');
