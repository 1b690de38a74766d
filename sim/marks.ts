/** The records of a stream that are to be read again, with the reasons, as `_lockstep.dirty` holds them. */
import type { MarkReason } from '../src/postgres/index.ts';

export interface Mark {
  since: number;
  urgent: boolean;
  reason: MarkReason;
}

export class Marks {
  private readonly byId = new Map<string, Mark>();

  has(id: string): boolean {
    return this.byId.has(id);
  }

  get(id: string): Mark | undefined {
    return this.byId.get(id);
  }

  delete(id: string): void {
    this.byId.delete(id);
  }

  get absentCount(): number {
    let count = 0;
    for (const { reason } of this.byId.values()) if (reason === 'absent') count++;
    return count;
  }

  entries(): Iterable<[string, Mark]> {
    return this.byId;
  }

  /** By whoever knows that the record has to be read again. */
  set(id: string, since: number, urgent: boolean, reason: MarkReason): void {
    const before = this.byId.get(id);
    this.byId.set(id, {
      since: Math.max(before?.since ?? 0, since),
      urgent: urgent || (before?.urgent ?? false),
      reason,
    });
  }

  /** By a reading that could not be merged. That a record did not come says less than any other reason. */
  found(id: string, since: number, reason: 'overlap' | 'differs' | 'absent'): void {
    const before = this.byId.get(id);
    this.byId.set(id, {
      since: Math.max(before?.since ?? 0, since),
      urgent: before?.urgent ?? false,
      reason: reason === 'absent' ? (before?.reason ?? reason) : reason,
    });
  }

  decideOnAbsent(reason: 'accepted' | 'kept'): void {
    for (const mark of this.byId.values()) if (mark.reason === 'absent') mark.reason = reason;
  }

  /** Those that may be read now. Where more are absent than may vanish, somebody has to decide first. */
  due(absentMax: number, isSweeping: boolean): [string, Mark][] {
    if (this.byId.size === 0) return [];
    const all = [...this.byId];
    const isWaiting = isSweeping || this.absentCount > absentMax;
    return all.filter(([, { reason }]) => reason !== 'kept' && !(reason === 'absent' && isWaiting));
  }
}
