/** What a destination in memory keeps of one stream. */
import type { Fence } from '../src/core/merge-rule.ts';
import { secondsOf } from '../src/core/stamps.ts';
import { Marks } from './marks.ts';
import type { MirrorRow } from './read-record.ts';
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
});

/** In the words of `SqlDestination.look`. */
export function heldBy(no: number, stream: StreamRecord): Held[] {
  const { rows, fences, marks, cursors, state, stoppedBy, rowsExpected, backfilledAt } = stream;
  const entries = [
    `stream ${no} ${state} by ${stoppedBy}, ${rows.size} rows of ${rowsExpected}, copied at ${backfilledAt}`,
  ];
  for (const [id, { A__c, B__c, Formula__c, Life__c, SystemModstamp }] of rows)
    entries.push(`row ${no} ${id} ${A__c} ${B__c} ${Formula__c} ${Life__c} ${secondsOf(SystemModstamp)}`);
  for (const [id, { since, reason, urgent }] of marks.entries())
    entries.push(`mark ${no} ${id} since ${since}, ${reason}, urgent: ${letter(urgent)}`);
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
