/** Rows that a complete reading did not find: whether they may go, and when their records are read again. */
import type { RecordId } from 'lockstep/core/ids';
import type { RepairPosition, SweepPosition } from 'lockstep/engine/testing';
import type { Mark } from './marks.ts';
import type { StreamRecord } from './memory-stream.ts';
import type { MergePolicy } from './merge-policy.ts';

/** The rule that limits removals, and the destination's present time. */
export interface RemovalLimit {
  removalsMax: MergePolicy['removalsMax'];
  now: number;
}

/** The Ids whose rows stay, because more rows would go within a day than may without a decision. */
export function keepMissing(
  stream: StreamRecord,
  ids: readonly RecordId[],
  hi: number,
  limit: RemovalLimit,
): Set<string> {
  const { rows, marks, removed } = stream;
  const reasonOf = (id: string) => marks.get(id)?.reason;
  const missing = ids.filter(
    (id) => rows.has(id) && reasonOf(id) !== 'accepted' && reasonOf(id) !== 'deleted log',
  );
  if (missing.length === 0) return new Set();
  const isHeld = holdsMissing(stream, limit, missing.filter((id) => reasonOf(id) !== 'absent').length);
  if (isHeld) for (const id of missing.toSorted()) marks.missed(id, hi);
  else {
    const hour = Math.floor(limit.now / 3_600_000) * 3_600;
    removed.set(hour, (removed.get(hour) ?? 0) + missing.length);
  }
  return new Set(isHeld ? missing : []);
}

/**
 * Whether missing rows stay until somebody decides.
 *
 * @param more  missing rows not yet marked as absent
 */
export function holdsMissing(
  { rows, marks, removed }: StreamRecord,
  { removalsMax, now }: RemovalLimit,
  more = 0,
): boolean {
  const since = now / 1_000 - 86_400;
  const lately = [...removed].reduce((sum, [hour, count]) => sum + (hour > since ? count : 0), 0);
  return marks.absentCount + lately + more > removalsMax(rows.size + lately);
}

/** The marks that may be read now, in reading order; those of missing rows wait for the end of a check. */
export function dueMarks(stream: StreamRecord, limit: RemovalLimit): [string, Mark][] {
  const sweep = stream.cursors.get('sweep')?.position as SweepPosition | undefined;
  const repair = stream.cursors.get('repair')?.position as RepairPosition | undefined;
  const isChecking = (sweep?.after ?? null) !== null || (repair?.days.length ?? 0) > 0;
  return stream.marks.due(!isChecking && !holdsMissing(stream, limit));
}
