/** The records of a stream that are to be read again, with the reasons, as `_lockstep.dirty` holds them. */
import type { MarkReason } from 'lockstep/postgres';

export interface Mark {
  since: number;
  /** The ticket of the first mark that nothing has cleared. */
  first: number;
  urgent: boolean;
  reason: MarkReason;
  /** How often a check has read the record again and left it marked. */
  tries: number;
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
      first: before?.first ?? since,
      urgent: urgent || (before?.urgent ?? false),
      reason,
      tries: before?.tries ?? 0,
    });
  }

  /** By a reading that could not be merged. That a record did not come says less than any other reason. */
  found(id: string, since: number, reason: 'overlap' | 'differs' | 'absent', isTry = false): void {
    const before = this.byId.get(id);
    this.byId.set(id, {
      since: Math.max(before?.since ?? 0, since),
      first: before?.first ?? since,
      urgent: before?.urgent ?? false,
      reason: reason === 'absent' ? (before?.reason ?? reason) : reason,
      tries: before ? before.tries + (isTry ? 1 : 0) : 0,
    });
  }

  decideOnAbsent(reason: 'accepted' | 'kept'): void {
    for (const mark of this.byId.values()) if (mark.reason === 'absent') mark.reason = reason;
  }

  /** That it is absent now says more than why it was to be read. */
  missed(id: string, since: number): void {
    this.found(id, since, 'absent');
    const mark = this.byId.get(id);
    if (mark) mark.reason = 'absent';
  }

  /** Those that may be read now, in the order of their reading. */
  due(mayAbsentGo: boolean): [string, Mark][] {
    if (this.byId.size === 0) return [];
    const isAbsent = ([, { reason }]: [string, Mark]) => reason === 'absent';
    const all = [...this.byId].filter(([, { reason }]) => reason !== 'kept');
    const open = all.filter((entry) => !isAbsent(entry));
    const absent = mayAbsentGo ? all.filter(isAbsent) : [];
    return [
      ...open.toSorted(([, a], [, b]) => Number(b.urgent) - Number(a.urgent) || a.since - b.since),
      ...absent.toSorted(([, a], [, b]) => a.first - b.first),
    ];
  }
}
