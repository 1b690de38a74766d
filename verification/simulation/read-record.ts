/** A record as one reading shows it, parsed from the text of a page as the database does. */
import type { Page } from 'lockstep/core/page';
import { type ServerSeconds, secondsOf } from 'lockstep/core/stamps';
import type { PagePart } from 'lockstep/postgres';
import { stampText } from './soql.ts';

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

/** What a sweep reads. */
type RowPart = Pick<MirrorRow, 'Id' | 'SystemModstamp' | 'Formula__c'>;

export interface ReadRecord {
  id: string;
  isPartial: boolean;
  /** It was queried and did not come. */
  isAbsent: boolean;
  /** Null for a record that an answer did not contain. */
  stamp: ServerSeconds | null;
  /** What the mirror would store; null for a deleted record and in a partial reading. */
  values: MirrorRow | null;
  /** In a partial reading, the columns read. */
  part: RowPart | null;
  /** The whole record; null for one that is absent. */
  all: MirrorRow | null;
  /** A value does not fit its column: the mirror cannot store the record. */
  isMisfit: boolean;
  /** If the Id is in the answer twice: `surplus` if another copy counts, `tied` if it is unknown which one does. */
  copy: 'surplus' | 'tied' | null;
}

const absent = { stamp: null, values: null, part: null, all: null, isMisfit: false, copy: null };

/** The records of a page and those that were queried but did not come. */
export function recordsOf(page: Page, { absent: ids = [], partial }: PagePart): ReadRecord[] {
  const isPartial = partial !== undefined;
  const records = (JSON.parse(page.records) as Written[]).map((json): ReadRecord => {
    const written = typed(json);
    const isMisfit = !isPartial && Number.isNaN(written.A__c);
    // A value that does not fit still contains its version number.
    const all = isMisfit ? { ...written, A__c: Number(/\d+/.exec(String(json.A__c))?.[0]) } : written;
    return {
      id: all.Id,
      isPartial,
      isAbsent: false,
      // For a deleted record that does not fit, only the Id counts.
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
  // In the order of the statements: records that fit, deleted ones that do not, then those to set aside.
  return [
    ...fitting,
    ...gone,
    ...refused,
    ...ids.map((id) => ({ id, isPartial, isAbsent: true, ...absent })),
  ];
}

/** The values by the types of their columns: a Bulk job writes them all as text. */
function typed(json: Written): MirrorRow {
  const { A__c: a, B__c: b, Formula__c: formula, Life__c: life } = json;
  const stamp = stampText(secondsOf(json.SystemModstamp));
  return {
    ...json,
    A__c: Number(a),
    B__c: Number(b),
    Formula__c: Number(formula),
    Life__c: Number(life),
    SystemModstamp: stamp,
  };
}

type Written = {
  [Field in keyof MirrorRow]: MirrorRow[Field] extends number ? number | string : MirrorRow[Field];
};

/** Marks all but one copy as surplus: the newest stamp counts, and of equal ones any. */
function tellSurplus(records: readonly ReadRecord[]): void {
  for (const copies of Map.groupBy(records, ({ id }) => id).values()) {
    const [, ...others] = copies.toSorted((a, b) => (b.stamp ?? 0) - (a.stamp ?? 0));
    for (const other of others) other.copy = 'surplus';
  }
}

/** The newest stamp counts. Equal stamps are a tie, except in partial readings, whose copies are equal. */
function tellCopies(records: readonly ReadRecord[], isPartial: boolean): void {
  for (const copies of Map.groupBy(records, ({ id }) => id).values()) {
    const [first, second] = copies.toSorted((a, b) => (b.stamp ?? 0) - (a.stamp ?? 0));
    if (!first || !second) continue;
    for (const copy of copies) copy.copy = copy === first ? null : 'surplus';
    if (!isPartial && first.stamp === second.stamp) first.copy = 'tied';
  }
}
