/**
 * The invariants, checked after each step against what only the model knows: every version of every record.
 *
 * A row is compared field by field, by the number of the version that set each field. A deleted record leaves nothing
 * in the mirror, so this class remembers the version that the destination saw last.
 */

import { removalsMax } from 'lockstep/core/merge-rule';
import type { Page } from 'lockstep/core/page';
import { secondsOf } from 'lockstep/core/stamps';
import type { RecheckPosition } from 'lockstep/engine/testing';
import type { ApplyResult, CursorMove, MarkReason, PagePart } from 'lockstep/postgres';
import type { Journal } from './journal.ts';
import type { DestinationObserver, MemoryDestination } from './memory-destination.ts';
import type { Bounds, MergeResult } from './merge-policy.ts';
import { type ModelOrg, newest, type OrgRecord, type ValueField, type Version, valueFields } from './org.ts';
import type { ReadRecord } from './read-record.ts';
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
  | 'no update is lost once writes stop'
  | 'a client sees its own write'
  | 'no value is rolled back'
  | 'a row is a version of its record'
  | 'no living record loses its row'
  | 'many rows are removed only after a decision'
  | 'the quota of the org is respected'
  | 'no deleted record comes back'
  | 'rows and cursors move in one transaction'
  | 'no cursor passes what can still be committed'
  | 'applying a page again changes nothing'
  | 'only a newer version releases a record that is set aside'
  | 'every claim is true'
  | 'a flush has read what was committed before it'
  | 'every record of a page is counted'
  | 'a job is replaced only for its own faults'
  | 'the SQL form and the memory form agree'
  | 'no step fails unexpectedly';

export interface Violation {
  invariant: Invariant;
  id: string | null;
  what: string;
}

/** What an acknowledged write has set in a record. */
export interface Acknowledged {
  record: OrgRecord;
  field: ValueField | 'Life__c';
  number: number;
}

/** What is promised under the load of this run, in addition to what always is. */
export interface Claims {
  /** Every reading is up to date, so nothing goes back. */
  isOrdered: boolean;
  /** A query for the newest changes is answered with all of them. */
  isFlushed: boolean;
}

export class Invariants implements DestinationObserver {
  readonly violations: Violation[] = [];
  private readonly seen = new Map<string, Seen>();
  private readonly promised = new Map<string, Acknowledged[]>();
  /** The versions that are set aside. */
  private readonly aside = new Map<string, Version>();
  private readonly org: ModelOrg;
  private readonly sobjects: ReadonlyMap<number, string>;
  private readonly journal: Journal;
  /** The position of the recheck, up to which everything is settled, by sobject. */
  private readonly settledUntil = new Map<string, number>();
  private isRepeating = false;
  /** Rows of living records removed as not found, without a decision, by stream. A run is shorter than a day. */
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

  /** Work within is a repetition, which must change nothing. */
  async repeating(work: () => Promise<unknown>): Promise<void> {
    this.isRepeating = true;
    await work().finally(() => {
      this.isRepeating = false;
    });
  }

  judged(
    streamNo: number,
    { record, verdict, isSame, hasRow }: MergeResult,
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
    if (hasRow && record.isAbsent) this.removed(streamNo, id, marked);
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

  setAside({ id, all }: ReadRecord): void {
    const isRead = (version: Version) =>
      version.Life__c === all?.Life__c && valueFields.every((field) => version[field] === all[field]);
    const version = this.org.find(id).versions.findLast(isRead);
    if (version) this.aside.set(id, version);
  }

  /** After a page, because a page that names a record twice releases it and sets it aside again. */
  private checkReleased(): void {
    for (const [id, version] of this.aside) {
      const record = this.org.find(id);
      // A page that names it twice may store the one and have the other read again.
      if (this.isAside(record) || this.isMarked(record)) continue;
      this.aside.delete(id);
      if (wasOutOfSight(record) || holds(this.seen.get(id), record, version)) continue;
      const what = `without ${worded(version)}`;
      this.break('only a newer version releases a record that is set aside', id, what);
    }
  }

  /** Checks the row that a reading of some columns has left. */
  private checkPatched(streamNo: number, id: string): void {
    const row = this.destination?.stream(streamNo).rows.get(id);
    const isLike = (version: Version) =>
      row &&
      secondsOf(row.SystemModstamp) === version.stamp &&
      valueFields.every((field) => row[field] === version[field]);
    if (this.org.find(id).versions.some(isLike)) return;
    this.break('a row is a version of its record', id, `the mirror has ${worded(row)}`);
  }

  /** A row was removed because its record was queried and did not come. */
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
      this.break('many rows are removed only after a decision', id, `${count} of them in a day`);
  }

  decided(streamNo: number, decision: 'accepted' | 'kept'): void {
    this.journal.add('process', () => `the missing rows of stream ${streamNo} are ${decision}`);
  }

  repeated(streamNo: number, id: string): void {
    this.journal.add(id, () => `the job of stream ${streamNo} has sent the record twice`);
    if (!this.org.repeated.has(id))
      this.break('a job is replaced only for its own faults', id, 'the job has sent the record once');
  }

  filled(streamNo: number): void {
    this.journal.add('process', () => `stream ${streamNo} is backfilled by Bulk`);
    this.checkFilled(streamNo, Infinity);
  }

  marked(_: number, id: string, reason: string): void {
    this.journal.add(id, () => `marked to be read again: ${reason}`);
  }

  applied(page: Page, part: PagePart, { counts }: ApplyResult): void {
    const sum = counts.applied + counts.unchanged + counts.stale + counts.dirty + counts.quarantined;
    const count = page.count + (part.absent?.length ?? 0);
    if (sum !== count)
      this.break('every record of a page is counted', null, `${sum} counted of ${count} records`);
    if (this.claims.isOrdered) this.checkReleased();
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

  /** From now on every state of the mirror must contain this write. */
  acknowledged(write: Acknowledged): void {
    const { id } = write.record;
    this.journal.add(
      id,
      () => `the client is told that its write is in the mirror: ${write.field} ${write.number}`,
    );
    this.promised.set(id, [...(this.promised.get(id) ?? []), write]);
    this.checkWrite(write);
  }

  /**
   * What must be visible when a flush that begins now has ended. Formulas are left out, and records that the sync may
   * not see.
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

  /** Checks what the status view claims: a record still to be read again must hold the claim back. */
  claimed(sobject: string, settledUntil: number): void {
    for (const record of this.org.all(sobject)) {
      const claimed = newest(record);
      if (!claimed || claimed.stamp >= settledUntil || wasOutOfSight(record)) continue;
      if (holds(this.seen.get(record.id), record, claimed)) continue;
      this.break(
        'every claim is true',
        record.id,
        `settled until ${settledUntil} without ${worded(claimed)}`,
      );
    }
  }

  /** Called at the end, when nothing has changed for long and everything has been swept once more. */
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
          'no update is lost once writes stop',
          record.id,
          `the org has ${worded(is)}, the mirror ${worded(row)}`,
        );
      }
    }
  }

  /** Whether the record is set aside. */
  private isAside({ id }: OrgRecord): boolean {
    return [...(this.destination?.streams.values() ?? [])].some(({ aside }) => aside.has(id));
  }

  private isMarked({ id }: OrgRecord): boolean {
    return [...(this.destination?.streams.values() ?? [])].some(({ marks }) => marks.has(id));
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
    // A record that was set aside from its creation never had a row; after its deletion there is none either.
    const isGone = seen
      ? seen.isDeleted &&
        (seen.Life__c >= number || isDeletedSince(record, number - 1) || wasOutOfSight(record))
      : isDeletedSince(record, number - 1);
    const isThere = (seen && seen[field] >= number) || isGone;
    if (!isThere) this.break('a client sees its own write', id, `${field} ${number} is not in the mirror`);
  }

  /** Everything that the backfill cursor has passed is in the mirror, or marked to be read again. */
  private checkCopied(streamNo: number, after: string | null): void {
    if (after === null) return;
    this.checkFilled(streamNo, this.org.find(after).place);
  }

  private checkFilled(streamNo: number, upTo: number): void {
    const marks = this.destination?.stream(streamNo).marks;
    for (const record of this.org.all(this.sobjects.get(streamNo) ?? '')) {
      if (record.place > upTo || record.versions[0]?.stamp !== ancientStamp || wasOutOfSight(record))
        continue;
      const wasAlwaysThere = newest(record)?.Life__c === 1;
      if (wasAlwaysThere && !this.seen.has(record.id) && !marks?.has(record.id) && !this.isAside(record)) {
        this.break(
          'rows and cursors move in one transaction',
          record.id,
          'the backfill has passed a record that has no row',
        );
      }
    }
  }

  /**
   * Every record whose newest change is stamped before the recheck's position is in the mirror, or marked to be read
   * again. A late change that another late one overwrote arrives with the other one.
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
        this.break('every claim is true', record.id, `settled until ${at} without ${worded(claimed)}`);
    }
  }
}
