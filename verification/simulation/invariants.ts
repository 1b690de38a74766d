/**
 * The invariants, checked after each step against what only the model knows: every version of every record.
 *
 * A row is compared field by field by the numbers of the versions that set it. What a deleted record leaves in the
 * mirror is nothing, so the invariant checks remembers which version the destination has seen last.
 */

import { removalsMax } from 'lockstep/core/merge-rule';
import type { Page } from 'lockstep/core/page';
import { secondsOf } from 'lockstep/core/stamps';
import type { RecheckPosition } from 'lockstep/engine/testing';
import type { CursorMove, MarkReason, PageApplied, PagePart } from 'lockstep/postgres';
import type { Journal } from './journal.ts';
import type { MemoryDestination, Onlooker } from './memory-destination.ts';
import type { Bounds, Judged } from './merge-policy.ts';
import { type ModelOrg, newest, type OrgRecord, type ValueField, type Version, valueFields } from './org.ts';
import {
  ancientStamp,
  holds,
  isDeletedSince,
  isOutOfSight,
  nothing,
  type Seen,
  wasOutOfSight,
  worded,
} from './seen.ts';

/** The promises of the product that a step can break. */
export type Invariant =
  | 'no update is lost after quiet'
  | 'a client sees its own write'
  | 'no value is rolled back'
  | 'a row is a version of its record'
  | 'no living record loses its row'
  | 'rows vanish in numbers only where somebody has agreed'
  | 'the quota of the org is kept to'
  | 'no deleted record comes back'
  | 'state moves in one transaction'
  | 'no cursor passes what can still be committed'
  | 'applying a page again changes nothing'
  | 'what is claimed is true'
  | 'a flush has read what was committed before it'
  | 'every record of a page is counted'
  | 'the SQL form and the memory form agree'
  | 'no step fails unforeseen';

export interface Violation {
  invariant: Invariant;
  id: string | null;
  what: string;
}

/** What an acknowledged write has put into a record. */
export interface Acknowledged {
  record: OrgRecord;
  field: ValueField | 'Life__c';
  number: number;
}

/** What is promised under the load of a run, besides what always is. */
export interface Claims {
  /** What is read is up to date when it is read, so that nothing goes back. */
  isOrdered: boolean;
  /** A question for the newest changes is answered by all of them. */
  isFlushed: boolean;
}

export class Invariants implements Onlooker {
  readonly violations: Violation[] = [];
  private readonly seen = new Map<string, Seen>();
  private readonly promised = new Map<string, Acknowledged[]>();
  private readonly org: ModelOrg;
  private readonly sobjects: ReadonlyMap<number, string>;
  private readonly journal: Journal;
  /** The end of the recheck, of what is settled, by stream. */
  private readonly settledUntil = new Map<string, number>();
  private isRepeating = false;
  /** Rows of living records that went because they were not found, and nobody was asked. A run is shorter than a day. */
  private readonly vanished = new Map<number, number>();
  private readonly claims: Claims;
  destination: MemoryDestination | null = null;

  constructor(org: ModelOrg, sobjects: ReadonlyMap<number, string>, journal: Journal, claims: Claims) {
    this.claims = claims;
    this.org = org;
    this.sobjects = sobjects;
    this.journal = journal;
    org.onlookers.push((record) => this.committed(record));
  }

  break(invariant: Invariant, id: string | null, what: string): void {
    this.violations.push({ invariant, id, what });
    this.journal.add(id ?? 'process', () => `BROKEN: ${invariant}: ${what}`);
  }

  /** Whatever is done within is a repetition, which must find everything done. */
  async repeating(work: () => Promise<unknown>): Promise<void> {
    this.isRepeating = true;
    await work().finally(() => {
      this.isRepeating = false;
    });
  }

  judged(
    streamNo: number,
    { record, verdict, isSame, stands }: Judged,
    { lo, hi }: Bounds,
    { moves }: PagePart,
    marked: MarkReason | null,
  ): void {
    const { id, all, part } = record;
    this.journal.add(
      id,
      () =>
        `${moves?.map(({ kind }) => kind).join(' and ') || 'a'} reading ${lo} to ${hi} shows ${worded(all ?? part)}: ${verdict}${isSame ? ', equal' : ''}`,
    );
    if (verdict !== 'store') return;
    if (stands && record.isAbsent) this.removed(streamNo, id, marked);
    if (this.isRepeating && !isSame)
      this.break('applying a page again changes nothing', id, 'a row was written');
    const before = this.seen.get(id);
    const after: Seen = all
      ? { ...all, isDeleted: all.IsDeleted }
      : { ...(before ?? nothing), ...part, isDeleted: part === null };
    if (before && this.claims.isOrdered) this.compare(id, before, after);
    this.seen.set(id, after);
    if (part) this.checkPatched(streamNo, id);
    for (const write of this.promised.get(id) ?? []) this.checkWrite(write);
  }

  /** What a reading of some columns has left of a row. */
  private checkPatched(streamNo: number, id: string): void {
    const row = this.destination?.stream(streamNo).rows.get(id);
    const isLike = (version: Version) =>
      row &&
      secondsOf(row.SystemModstamp) === version.stamp &&
      valueFields.every((field) => row[field] === version[field]);
    if (this.org.find(id).versions.some(isLike)) return;
    this.break('a row is a version of its record', id, `the mirror has ${worded(row)}`);
  }

  /** A row has gone because its record was asked for and did not come. */
  private removed(streamNo: number, id: string, marked: MarkReason | null): void {
    const record = this.org.find(id);
    const isAlive = newest(record)?.isDeleted === false;
    if (isAlive && !wasOutOfSight(record) && this.claims.isOrdered)
      this.break('no living record loses its row', id, `the org has ${worded(newest(record))}`);
    if (!isAlive || marked === 'accepted' || marked === 'deleted log') return;
    const count = (this.vanished.get(streamNo) ?? 0) + 1;
    this.vanished.set(streamNo, count);
    const rows = this.destination?.stream(streamNo).rows.size ?? 0;
    if (count > removalsMax(rows + count))
      this.break('rows vanish in numbers only where somebody has agreed', id, `${count} of them in a day`);
  }

  decided(streamNo: number, decision: 'accepted' | 'kept'): void {
    this.journal.add('process', () => `what stream ${streamNo} misses is ${decision}`);
  }

  marked(_: number, id: string, reason: string): void {
    this.journal.add(id, () => `marked to be read again: ${reason}`);
  }

  applied(page: Page, part: PagePart, { counts }: PageApplied): void {
    const sum = counts.applied + counts.unchanged + counts.stale + counts.dirty + counts.quarantined;
    const count = page.count + (part.absent?.length ?? 0);
    if (sum !== count)
      this.break('every record of a page is counted', null, `${sum} fates for ${count} records`);
  }

  moved(streamNo: number, { kind, to }: CursorMove): void {
    const sobject = this.sobjects.get(streamNo) ?? '';
    this.journal.add('cursor', () => `the ${kind} cursor of ${sobject} moves to ${JSON.stringify(to)}`);
    if (this.isRepeating)
      this.break('applying a page again changes nothing', null, `the ${kind} cursor moved`);
    if (kind === 'backfill') this.checkCopied(streamNo, (to as { after: string | null }).after);
    if ((kind === 'head' || kind === 'recheck') && (to as { at: number }).at > this.org.seconds) {
      this.break(
        'no cursor passes what can still be committed',
        null,
        `the ${kind} is ahead of the org's time`,
      );
    }
    if (kind === 'recheck') this.settled(streamNo, (to as RecheckPosition).at);
  }

  /** From now on every state of the mirror must hold this. */
  acknowledged(write: Acknowledged): void {
    const { id } = write.record;
    this.journal.add(
      id,
      () => `the client hears that its write is in the mirror: ${write.field} ${write.number}`,
    );
    this.promised.set(id, [...(this.promised.get(id) ?? []), write]);
    this.checkWrite(write);
  }

  /**
   * What everybody may expect to see when a flush that begins now has ended. Formulas are left out, and what the sync
   * may not see.
   */
  promiseOfFlush(): (skipped: readonly string[]) => void {
    if (!this.claims.isFlushed) return () => undefined;
    const claims = [...this.sobjects.values()].flatMap((sobject) =>
      this.org.all(sobject).flatMap((record) => {
        const version = newest(record);
        return version && !wasOutOfSight(record) ? [{ record, version }] : [];
      }),
    );
    return (skipped) => {
      for (const { record, version } of claims) {
        if (
          skipped.includes(record.sobject) ||
          wasOutOfSight(record) ||
          this.isAside(record) ||
          holds(this.seen.get(record.id), record, version)
        )
          continue;
        this.break('a flush has read what was committed before it', record.id, `without ${worded(version)}`);
      }
    };
  }

  /** What the status view of a destination says: a record that is yet to be read again holds its claim back. */
  claimed(sobject: string, settledUntil: number): void {
    for (const record of this.org.all(sobject)) {
      const claimed = newest(record);
      if (!claimed || claimed.stamp >= settledUntil || wasOutOfSight(record)) continue;
      if (holds(this.seen.get(record.id), record, claimed)) continue;
      this.break(
        'what is claimed is true',
        record.id,
        `settled until ${settledUntil} without ${worded(claimed)}`,
      );
    }
  }

  /** At the end, when nothing has changed for long and everything has been swept once more. */
  checkConverged(): void {
    for (const [streamNo, sobject] of this.sobjects) {
      const stream = this.destination?.stream(streamNo);
      const isHeld = stream && this.destination?.isHeld(stream);
      for (const record of this.org.all(sobject)) {
        const is = newest(record);
        const row = stream?.rows.get(record.id);
        const reason = stream?.marks.get(record.id)?.reason;
        const isForSomebody = reason === 'kept' || (reason === 'absent' && isHeld);
        if (isForSomebody && isOutOfSight(record)) continue;
        if (is?.isMisfit && !is.isDeleted && stream?.aside.has(record.id)) continue;
        const fields = [...valueFields, 'Life__c'] as const;
        const isEqual =
          !is || is.isDeleted || isOutOfSight(record)
            ? !row
            : row && fields.every((field) => row[field] === is[field]);
        if (isEqual) continue;
        this.break(
          'no update is lost after quiet',
          record.id,
          `the org has ${worded(is)}, the mirror ${worded(row)}`,
        );
      }
    }
  }

  /** Whether it is known that the mirror cannot hold the record. */
  private isAside(record: OrgRecord): boolean {
    const streams = this.destination?.streams.values() ?? [];
    return [...streams].some(({ aside }) => aside.has(record.id));
  }

  private committed(record: OrgRecord): void {
    const is = newest(record);
    this.journal.add(record.id, () => `commit: ${worded(is)}${record.isHidden ? ', out of sight' : ''}`);
    if (!is || record.wasHidden) return;
    const settled = this.settledUntil.get(record.sobject) ?? -Infinity;
    const isStamped = is.stamp !== record.versions.at(-2)?.stamp || is.Formula__c < record.versions.length;
    if (isStamped && is.stamp < settled) {
      this.break(
        'no cursor passes what can still be committed',
        record.id,
        `settled until ${settled}, committed ${is.stamp}`,
      );
    }
  }

  private compare(id: string, before: Seen, after: Seen): void {
    if (after.Life__c < before.Life__c) {
      const isBack = before.isDeleted && !after.isDeleted;
      this.break(
        isBack ? 'no deleted record comes back' : 'no value is rolled back',
        id,
        `its life goes back from version ${before.Life__c} to ${after.Life__c}`,
      );
    }
    if (after.isDeleted) return;
    for (const field of valueFields) {
      if (after[field] >= before[field]) continue;
      this.break(
        'no value is rolled back',
        id,
        `${field} goes back from ${before[field]} to ${after[field]}`,
      );
    }
  }

  private checkWrite({ record, field, number }: Acknowledged): void {
    if (!this.claims.isOrdered) return;
    const { id } = record;
    const seen = this.seen.get(id);
    // A record that was set aside from its beginning has never had a row: none is what its deletion leaves.
    const isGone = seen
      ? seen.isDeleted &&
        (seen.Life__c >= number || isDeletedSince(record, number - 1) || wasOutOfSight(record))
      : isDeletedSince(record, number - 1);
    const isThere = (seen && seen[field] >= number) || isGone;
    if (!isThere) this.break('a client sees its own write', id, `${field} ${number} is not in the mirror`);
  }

  /** What the backfill's cursor has passed is in the mirror, or known to be read again. */
  private checkCopied(streamNo: number, after: string | null): void {
    if (after === null) return;
    const { place } = this.org.find(after);
    const marks = this.destination?.stream(streamNo).marks;
    for (const record of this.org.all(this.sobjects.get(streamNo) ?? '')) {
      if (record.place > place || record.versions[0]?.stamp !== ancientStamp || wasOutOfSight(record))
        continue;
      const wasAlwaysThere = newest(record)?.Life__c === 1;
      if (wasAlwaysThere && !this.seen.has(record.id) && !marks?.has(record.id) && !this.isAside(record)) {
        this.break(
          'state moves in one transaction',
          record.id,
          'the copy has passed a record that has no row',
        );
      }
    }
  }

  /**
   * Every record whose newest change is stamped before the end of the recheck is in the mirror, or known to be read
   * again. A change that was committed late and then overwritten by another late one comes with that other one.
   */
  private settled(streamNo: number, at: number): void {
    const sobject = this.sobjects.get(streamNo) ?? '';
    this.settledUntil.set(sobject, at);
    const stream = this.destination?.stream(streamNo);
    if (!stream || stream.backfilledAt === null) return;
    for (const record of this.org.all(sobject)) {
      const claimed = newest(record);
      if (!claimed || claimed.stamp >= at || wasOutOfSight(record)) continue;
      if (stream.marks.has(record.id) || stream.aside.has(record.id)) continue;
      if (!holds(this.seen.get(record.id), record, claimed))
        this.break('what is claimed is true', record.id, `settled until ${at} without ${worded(claimed)}`);
    }
  }
}
