/**
 * The model org: records, and transactions that change them.
 *
 * Modelled: a record is stamped when it is written and visible when its transaction commits, up to minutes later;
 * stamps have whole seconds; transactions on one record come one after the other, because the row is locked until the
 * commit, and one that would have to wait too long leaves it out; deleted records stay visible to whoever asks for
 * them, until they leave the recycle bin; a formula changes, and a record gets out of sight, without a stamp. Ids do not sort as their text does.
 *
 * Assumed of Salesforce, and therefore not attacked: of one record's commits a later one has a stamp that is at most
 * two seconds smaller; a query sees, at some instant between its sending and its answer, everything that was
 * committed by then; no transaction stays open as long as the recheck waits.
 *
 * Left out: triggers, merges, changes of the schema.
 */

import { assert } from '@lockstep/foundation/assert';
import type { Random } from '@lockstep/foundation/random';
import type { RecordId } from 'lockstep/core/ids';
import type { ServerSeconds } from 'lockstep/core/stamps';
import type { Agenda } from './agenda.ts';

/** The fields that hold a value. It is the number of the version that set it, so that older is smaller. */
export const valueFields = ['A__c', 'B__c', 'Formula__c'] as const;
export type ValueField = (typeof valueFields)[number];

/** A record as one commit left it. `Life__c` is the number of the version that created, deleted or restored it. */
export type Version = Readonly<Record<ValueField | 'Life__c', number>> & {
  readonly isDeleted: boolean;
  /** A__c holds what fits no number. */
  readonly isMisfit: boolean;
  readonly stamp: ServerSeconds;
  /** The instant of its commit. */
  readonly committedAt: number;
};

export interface OrgRecord {
  readonly sobject: string;
  readonly id: RecordId;
  /** In Salesforce's own order of Ids. */
  readonly place: number;
  /** Each commit's, oldest first; none before it is created. */
  readonly versions: Version[];
  /** The newest version as Salesforce writes it; made when it is first asked for. */
  text: string | null;
  lockedUntil: number;
  /** The sync may not see it, now or at some time before. No stamp tells. */
  isHidden: boolean;
  wasHidden: boolean;
  /** Out of the recycle bin as well. */
  isPurged: boolean;
}

export type Change = 'create' | 'update' | 'delete' | 'undelete' | 'formula';

export interface Transaction {
  records: readonly OrgRecord[];
  change: Change;
  fields: readonly ValueField[];
  /** What it writes into A__c, where it does, fits no number. */
  isMisfit?: boolean;
  lastsMs: number;
  /** With the records that it changed and the number of the version that each got. */
  onCommit?: (changed: ReadonlyMap<OrgRecord, number>) => void;
}

export interface OrgOptions {
  sobjects: readonly string[];
  /** Ids of each sobject; not all of them are records from the start. */
  recordsEach: number;
  /** A stamp lies up to so many seconds before its writing. */
  jitterSeconds: number;
}

export const newest = ({ versions }: OrgRecord): Version | undefined => versions.at(-1);

/** What a replica knows that is so far behind; everything where the time is infinite. */
export const versionAt = ({ versions }: OrgRecord, time: number): Version | undefined =>
  time === Infinity ? versions.at(-1) : versions.findLast(({ committedAt }) => committedAt <= time);

export class ModelOrg {
  /** In the order of their Ids. */
  readonly records: ReadonlyMap<string, readonly OrgRecord[]>;
  /** Called on every commit, after it. */
  readonly onlookers: ((record: OrgRecord) => void)[] = [];

  private readonly openSince = new Set<number>();
  private readonly forbiddenUntil = new Map<string, number>();
  private readonly byId = new Map<string, OrgRecord>();
  private readonly agenda: Agenda;
  private readonly random: Random;
  private readonly options: OrgOptions;

  constructor(agenda: Agenda, random: Random, options: OrgOptions) {
    this.agenda = agenda;
    this.random = random;
    this.options = options;
    this.records = new Map(
      options.sobjects.map((sobject, prefix) => [
        sobject,
        Array.from({ length: options.recordsEach }, (_, place) => this.reserve(sobject, prefix, place)),
      ]),
    );
  }

  /** Salesforce's clock. */
  get seconds(): ServerSeconds {
    return Math.floor(this.agenda.now / 1000);
  }

  all(sobject: string): readonly OrgRecord[] {
    const records = this.records.get(sobject);
    if (!records) throw new Error(`the model org has no ${sobject}`);
    return records;
  }

  find(id: string): OrgRecord {
    const record = this.byId.get(id);
    assert(record, 'an Id in a query is one that the model org has given');
    return record;
  }

  /** Each of these once, in Salesforce's own order. */
  among(ids: readonly string[]): readonly OrgRecord[] {
    const records = ids.map((id) => this.find(id));
    return records.length === 1 ? records : [...new Set(records)].toSorted((a, b) => a.place - b.place);
  }

  /** Begins now: each record is written and stamped when its lock is free, and all are visible at the commit. */
  begin({ records, change, fields, isMisfit = false, lastsMs, onCommit }: Transaction): void {
    const start = this.agenda.now;
    const commitAt = start + lastsMs;
    const written = new Map<OrgRecord, ServerSeconds>();
    for (const record of records) {
      const writtenAt = Math.max(record.lockedUntil, start + this.random.next() * lastsMs * 0.2);
      if (writtenAt > commitAt) continue;
      record.lockedUntil = commitAt;
      const jitter = this.options.jitterSeconds && this.random.between(0, this.options.jitterSeconds);
      written.set(record, Math.floor(writtenAt / 1000) - jitter);
    }
    this.openSince.add(start);
    this.agenda.at(commitAt, () => {
      this.openSince.delete(start);
      const changed = new Map<OrgRecord, number>();
      for (const [record, stamp] of written) {
        const version = next(record, { change, fields, isMisfit }, { stamp, committedAt: commitAt });
        if (!version) continue;
        record.text = null;
        changed.set(record, record.versions.push(version));
      }
      for (const record of changed.keys()) this.tell(record);
      onCommit?.(changed);
    });
  }

  /** A record that is older than anything that the run does. */
  found(record: OrgRecord, stamp: ServerSeconds): void {
    record.versions.push({ ...first, stamp, committedAt: 0 });
  }

  /** Takes the right to read it away for a while; the records stay. */
  forbid(sobject: string, lastsMs: number): void {
    this.forbiddenUntil.set(sobject, this.agenda.now + lastsMs);
  }

  isForbidden(sobject: string): boolean {
    return this.agenda.now < (this.forbiddenUntil.get(sobject) ?? 0);
  }

  /** A change of rights, either way. */
  toggleHidden(record: OrgRecord): void {
    record.isHidden = !record.isHidden;
    record.wasHidden = true;
    this.tell(record);
  }

  /** Deleted records leave the recycle bin for good. */
  purge(record: OrgRecord): void {
    if (newest(record)?.isDeleted && record.lockedUntil <= this.agenda.now) record.isPurged = true;
  }

  /** Salesforce's log of deletions. It reaches as far as no transaction that is open by now can add to it. */
  deletedBetween(sobject: string, from: ServerSeconds, until: ServerSeconds) {
    const covered = Math.min(until, ...[...this.openSince].map((since) => Math.floor(since / 1000)));
    const deleted = this.all(sobject).filter((record) => {
      const version = newest(record);
      return version?.isDeleted && version.stamp >= from && version.stamp < covered;
    });
    return { deleted, covered };
  }

  private tell(record: OrgRecord): void {
    for (const onlooker of this.onlookers) onlooker(record);
  }

  private reserve(sobject: string, prefix: number, place: number): OrgRecord {
    const scrambled = ((place + 1) * 7919) % 10_007;
    const id = `${String(prefix + 1).padStart(3, '0')}${String(scrambled).padStart(12, '0')}AAA` as RecordId;
    const record = {
      sobject,
      id,
      place,
      versions: [],
      text: null,
      lockedUntil: 0,
      isHidden: false,
      wasHidden: false,
      isPurged: false,
    };
    this.byId.set(id, record);
    return record;
  }
}

const first = { A__c: 1, B__c: 1, Formula__c: 1, Life__c: 1, isDeleted: false, isMisfit: false };

/** Undefined where the change does not apply to the record as it is: it stays. */
function next(
  record: OrgRecord,
  { change, fields, isMisfit }: { change: Change; fields: readonly ValueField[]; isMisfit: boolean },
  time: Pick<Version, 'stamp' | 'committedAt'>,
): Version | undefined {
  const before = newest(record);
  const number = record.versions.length + 1;
  if (!before) {
    if (change !== 'create') return undefined;
    const values = { A__c: number, B__c: number, Formula__c: number, Life__c: number };
    return { ...values, isDeleted: false, isMisfit: false, ...time };
  }
  switch (change) {
    case 'create':
      return undefined;
    case 'formula':
      return before.isDeleted ? undefined : { ...before, Formula__c: number, committedAt: time.committedAt };
    case 'delete':
      return before.isDeleted ? undefined : { ...before, Life__c: number, isDeleted: true, ...time };
    case 'undelete':
      return before.isDeleted && !record.isPurged
        ? { ...before, Life__c: number, isDeleted: false, ...time }
        : undefined;
    case 'update': {
      if (before.isDeleted) return undefined;
      const set = Object.fromEntries(fields.map((field) => [field, number]));
      const isUnfit = fields.includes('A__c') ? isMisfit : before.isMisfit;
      return { ...before, ...set, isMisfit: isUnfit, ...time };
    }
    default:
      throw new Error('a change has a kind');
  }
}
