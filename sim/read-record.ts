/** A record as one reading shows it, taken from the text of a page as the database takes it. */
import type { RecordId } from '../src/core/ids.ts';
import type { Page } from '../src/core/page.ts';
import { type ServerSeconds, secondsOf } from '../src/core/stamps.ts';

/** A row of the mirror, under Salesforce's names. */
export interface MirrorRow {
  Id: string;
  IsDeleted: boolean;
  SystemModstamp: string;
  A__c: number;
  B__c: number;
  Formula__c: number;
  Life__c: number;
}

export interface ReadRecord {
  id: string;
  /** Null for a record that an answer did not contain. */
  stamp: ServerSeconds | null;
  /** What the mirror would hold; null for a deleted record. */
  values: MirrorRow | null;
  /** The whole record; null for one that is absent. */
  all: MirrorRow | null;
}

/** The records of a page and those that were asked for in vain. No answer of the model org names one twice. */
export function recordsOf(page: Page, absent: readonly RecordId[]): ReadRecord[] {
  const records = (JSON.parse(page.records) as MirrorRow[]).map((all) => ({
    id: all.Id,
    stamp: secondsOf(all.SystemModstamp),
    values: all.IsDeleted ? null : all,
    all,
  }));
  return [...records, ...absent.map((id) => ({ id, stamp: null, values: null, all: null }))];
}
