/** The marks of a stream, with their reasons, as in `_lockstep.dirty`. */
import type { MarkReason } from 'lockstep/postgres';

export interface Mark {
  since: number;
  /** Ticket of the first mark since the record was last cleared. */
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

  /** Marks a record that is known to need another reading. */
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

  /** Marks after a reading that could not be merged. `absent` never replaces another reason. */
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

  /** Marks as absent, which here replaces any other reason. */
  missed(id: string, since: number): void {
    this.found(id, since, 'absent');
    const mark = this.byId.get(id);
    if (mark) mark.reason = 'absent';
  }

  /** The marks that may be read now, in reading order. */
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
