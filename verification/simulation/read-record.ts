/** A record as one reading shows it, taken from the text of a page as the database takes it. */
import type { Page } from 'lockstep/core/page';
import { type ServerSeconds, secondsOf } from 'lockstep/core/stamps';
import type { PagePart } from 'lockstep/postgres';

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

/** What a sweep asks for. */
type RowPart = Pick<MirrorRow, 'Id' | 'SystemModstamp' | 'Formula__c'>;

export interface ReadRecord {
  id: string;
  isPartial: boolean;
  /** It was asked for and did not come. */
  isAbsent: boolean;
  /** Null for a record that an answer did not contain. */
  stamp: ServerSeconds | null;
  /** What the mirror would hold; null for a deleted record, and for a part of one. */
  values: MirrorRow | null;
  /** Of a reading of some columns only. */
  part: RowPart | null;
  /** The whole record; null for one that is absent. */
  all: MirrorRow | null;
  /** A value fits no column: the mirror cannot hold the record. */
  isMisfit: boolean;
  /** Of an Id that stands twice in an answer: another one counts, or it cannot be told whether this one does. */
  copy: 'surplus' | 'tied' | null;
}

const absent = { stamp: null, values: null, part: null, all: null, isMisfit: false, copy: null };

/** The records of a page and those that were asked for in vain. */
export function recordsOf(page: Page, { absent: ids = [], partial }: PagePart): ReadRecord[] {
  const isPartial = partial !== undefined;
  const records = (JSON.parse(page.records) as MirrorRow[]).map((written): ReadRecord => {
    const isMisfit = !isPartial && typeof written.A__c !== 'number';
    // What fits nowhere names its version all the same.
    const all = isMisfit ? { ...written, A__c: Number(/\d+/.exec(String(written.A__c))?.[0]) } : written;
    return {
      id: all.Id,
      isPartial,
      isAbsent: false,
      // Of a deleted record that fits nowhere only the Id counts.
      stamp: isMisfit && all.IsDeleted ? null : secondsOf(all.SystemModstamp),
      values: isPartial || all.IsDeleted ? null : all,
      part: isPartial ? { Id: all.Id, SystemModstamp: all.SystemModstamp, Formula__c: all.Formula__c } : null,
      all: isPartial ? null : all,
      isMisfit,
      copy: null,
    };
  });
  const [fitting, misfits] = [
    records.filter(({ isMisfit }) => !isMisfit),
    records.filter(({ isMisfit }) => isMisfit),
  ];
  const [gone, refused] = [
    misfits.filter(({ values }) => values === null),
    misfits.filter(({ values }) => values !== null),
  ];
  if (new Set(fitting.map(({ id }) => id)).size < fitting.length) tellCopies(fitting, isPartial);
  for (const group of [gone, refused]) tellSurplus(group);
  // As the statements take them: what fits, then the deleted ones that do not, then those that are set aside.
  return [
    ...fitting,
    ...gone,
    ...refused,
    ...ids.map((id) => ({ id, isPartial, isAbsent: true, ...absent })),
  ];
}

/** The newest stamp counts, and of equal ones any. */
function tellSurplus(records: readonly ReadRecord[]): void {
  for (const copies of Map.groupBy(records, ({ id }) => id).values()) {
    const [, ...others] = copies.toSorted((a, b) => (b.stamp ?? 0) - (a.stamp ?? 0));
    for (const other of others) other.copy = 'surplus';
  }
}

/** The newest stamp counts; of two parts, which are equal, either. */
function tellCopies(records: readonly ReadRecord[], isPartial: boolean): void {
  for (const copies of Map.groupBy(records, ({ id }) => id).values()) {
    const [first, second] = copies.toSorted((a, b) => (b.stamp ?? 0) - (a.stamp ?? 0));
    if (!first || !second) continue;
    for (const copy of copies) copy.copy = copy === first ? null : 'surplus';
    if (!isPartial && first.stamp === second.stamp) first.copy = 'tied';
  }
}
