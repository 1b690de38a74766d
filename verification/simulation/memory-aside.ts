/** The records that a destination in memory has set aside: which, for how long, and how many there are. */
import { stampSlackSeconds } from 'lockstep/core/merge-rule';
import type { SetAsideCount, StreamTable } from 'lockstep/postgres';
import type { Aside, StreamRecord } from './memory-stream.ts';
import type { Bounds, MergePolicy, MergeResult } from './merge-policy.ts';

/** The stamp up to which the mirror is settled, for a record whose own stamp is unknown. */
const settledIn = ({ cursors }: StreamRecord): number | null =>
  (cursors.get('recheck')?.position as { at: number } | undefined)?.at ?? null;

const least = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.min(a, b));

/** Counts one more try and sets the next: after a minute, then twice as long each time, up to an hour. */
function putAside(
  stream: StreamRecord,
  id: string,
  one: Pick<Aside, 'code' | 'stampedAt'>,
  now: number,
): void {
  const before = stream.aside.get(id);
  const tries = (before?.tries ?? 0) + 1;
  const waitMs = Math.min(3_600_000, 30_000 * 2 ** Math.min(tries, 10));
  const stampedAt = before ? least(before.stampedAt, one.stampedAt) : one.stampedAt;
  stream.aside.set(id, { code: one.code, stampedAt, tries, retryAt: now + waitMs });
}

/** Merges a record whose value fits no column: judged like any other, but set aside where its row would be stored. */
export function setAside(
  stream: StreamRecord,
  { record, verdict }: MergeResult,
  { lo, hi, isFencing }: Bounds & { isFencing: boolean },
  mergePolicy: MergePolicy,
  now: number,
): void {
  const { id, stamp } = record;
  const { fences, marks } = stream;
  if (verdict === 'dirty') marks.found(id, hi, 'overlap');
  if (verdict !== 'store') return;
  const stampedAt = stamp === null ? settledIn(stream) : stamp - stampSlackSeconds;
  if (mergePolicy.setsAside) putAside(stream, id, { code: 'misfit', stampedAt }, now);
  if (isFencing) fences.set(id, { lo, hi, stamp, deleted: false, partial: false });
  if ((marks.get(id)?.since ?? Infinity) < lo) marks.delete(id);
}

/** After this many tries that left the record marked, more are useless. */
const triesMax = 30;

export function setAsideUnsettled(stream: StreamRecord, now: number): void {
  for (const [id, { tries, reason }] of stream.marks.entries()) {
    if (tries < triesMax || reason === 'absent' || reason === 'kept') continue;
    stream.marks.delete(id);
    putAside(stream, id, { code: 'unsettled', stampedAt: null }, now);
  }
}

/** The Ids of the records whose next try is due, in byte order. */
export function dueAside({ aside, state }: StreamRecord, now: number): string[] {
  if (state === 'stopped') return [];
  const due = [...aside].filter(([, { retryAt }]) => retryAt <= now);
  return due.map(([id]) => id).toSorted();
}

/** @param tables  by stream number */
export function countAside(
  streams: ReadonlyMap<number, StreamRecord>,
  tables: ReadonlyMap<number, StreamTable>,
): SetAsideCount[] {
  return [...streams].flatMap(([streamNo, { aside }]) => {
    const sobject = tables.get(streamNo)?.stream.sobject;
    if (aside.size === 0 || sobject === undefined) return [];
    return [{ sobject, column: 'a__c', code: 'misfit', rows: aside.size }];
  });
}
