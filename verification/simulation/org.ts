/**
 * The model org: records, and transactions that change them.
 *
 * Modelled: a record is stamped when it is written and visible when its transaction commits, up to minutes later;
 * stamps are whole seconds; transactions on one record are serialized, because the row is locked until the commit, and
 * one that would have to wait too long leaves the record out; deleted records stay visible to queries that include
 * them, until they leave the recycle bin; a formula changes, and a record is hidden, without a stamp. Ids do not sort
 * as their text does.
 *
 * Assumed of Salesforce, and therefore not tested: of one record's commits, a later one has a stamp at most two seconds
 * smaller; a query sees everything committed at some instant between its sending and its answer; no transaction stays
 * open as long as the recheck waits.
 *
 * Left out: triggers, merges, changes of the schema.
 */

import { assert } from '@lockstep/foundation/assert';
import type { Random } from '@lockstep/foundation/random';
import type { RecordId } from 'lockstep/core/ids';
import type { ServerSeconds } from 'lockstep/core/stamps';
import type { Agenda } from './agenda.ts';

/** The fields with a value. The value is the number of the version that set it, so an older value is smaller. */
export const valueFields = ['A__c', 'B__c', 'Formula__c'] as const;
export type ValueField = (typeof valueFields)[number];

/** A record as one commit left it. `Life__c` is the number of the version that created, deleted or restored it. */
export type Version = Readonly<Record<ValueField | 'Life__c', number>> & {
  readonly isDeleted: boolean;
  /** A__c has a value that is not a number. */
  readonly isMisfit: boolean;
  readonly stamp: ServerSeconds;
  /** The instant of its commit. */
  readonly committedAt: number;
};

export interface OrgRecord {
  readonly sobject: string;
  readonly id: RecordId;
  /** Position in Salesforce's own order of Ids. */
  readonly place: number;
  /** One for each commit, oldest first; none before the record is created. */
  readonly versions: Version[];
  /** The newest version as Salesforce writes it; made on demand. */
  text: string | null;
  lockedUntil: number;
  /** Whether the sync may not see it, now or at some time before. No stamp shows it. */
  isHidden: boolean;
  wasHidden: boolean;
  /** Gone from the recycle bin too. */
  isPurged: boolean;
}

export type Change = 'create' | 'update' | 'delete' | 'undelete' | 'formula';

export interface Transaction {
  records: readonly OrgRecord[];
  change: Change;
  fields: readonly ValueField[];
  /** If it writes A__c, the value is not a number. */
  isMisfit?: boolean;
  lastsMs: number;
  /** Called with the records that it changed and the number of the version that each got. */
  onCommit?: (changed: ReadonlyMap<OrgRecord, number>) => void;
}

export interface OrgOptions {
  sobjects: readonly string[];
  /** Number of Ids of each sobject; not all of them are records from the start. */
  recordsEach: number;
  /** A stamp may lie up to this many seconds before the write. */
  jitterSeconds: number;
}

export const newest = ({ versions }: OrgRecord): Version | undefined => versions.at(-1);

/** The version that a replica at this time knows; the newest if the time is infinite. */
export const versionAt = ({ versions }: OrgRecord, time: number): Version | undefined =>
  time === Infinity ? versions.at(-1) : versions.findLast(({ committedAt }) => committedAt <= time);

export class ModelOrg {
  /** By sobject, in order of Id. */
  readonly records: ReadonlyMap<string, readonly OrgRecord[]>;
  /** Ids that the results of some job contain twice. */
  readonly repeated = new Set<string>();
  /** Called after every commit. */
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

  /** The Id's position in the org's own order. One that no record has lies somewhere, always at the same position. */
  placeOf(id: string): number {
    const known = this.byId.get(id);
    if (known) return known.place;
    const sum = Array.from(id).reduce((total, letter) => (total * 31 + letter.charCodeAt(0)) % 10_007, 7);
    return (sum % (this.options.recordsEach + 1)) - 0.5;
  }

  /** The records with these Ids, each once, in Salesforce's own order. */
  among(ids: readonly string[]): readonly OrgRecord[] {
    const records = ids.map((id) => this.find(id));
    return records.length === 1 ? records : [...new Set(records)].toSorted((a, b) => a.place - b.place);
  }

  /** Begins a transaction: each record is written and stamped when its lock is free; all are visible at the commit. */
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

  /** Makes a record that is older than the run. */
  found(record: OrgRecord, stamp: ServerSeconds): void {
    record.versions.push({ ...first, stamp, committedAt: 0 });
  }

  /** Takes away the right to read the sobject for a while; the records stay. */
  forbid(sobject: string, lastsMs: number): void {
    this.forbiddenUntil.set(sobject, this.agenda.now + lastsMs);
  }

  isForbidden(sobject: string): boolean {
    return this.agenda.now < (this.forbiddenUntil.get(sobject) ?? 0);
  }

  /** Changes the right to see the record, either way. */
  toggleHidden(record: OrgRecord): void {
    record.isHidden = !record.isHidden;
    record.wasHidden = true;
    this.tell(record);
  }

  /** Removes a deleted record from the recycle bin for good. */
  purge(record: OrgRecord): void {
    if (newest(record)?.isDeleted && record.lockedUntil <= this.agenda.now) record.isPurged = true;
  }

  /** Salesforce's deleted log. It covers only time to which no open transaction can still add. */
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

/** The record's next version; undefined if the change does not apply to its current state. */
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
      throw new Error('unknown kind of change');
  }
}
