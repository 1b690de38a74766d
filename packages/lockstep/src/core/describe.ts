import { canFilterByTime, parentFieldsOf, restrictionOf } from './object-restrictions.ts';

/** The part of Salesforce's describe of one sobject that the mirror needs. */
export interface Describe {
  name: string;
  label: string;
  custom: boolean;
  queryable: boolean;
  /** False: its records cannot be read by their Ids. */
  retrieveable?: boolean;
  /** Salesforce keeps a log of deletions for it (getDeleted). */
  replicateable: boolean;
  /** The first three characters of its records' Ids; null for objects without Ids of their own. */
  keyPrefix: string | null;
  fields: readonly DescribeField[];
}

export interface DescribeField {
  name: string;
  label: string;
  /** Not an enumeration: Salesforce adds types, and the table plan decides what to do with unknown ones. */
  type: string;
  calculated: boolean;
  /** The formula; null or absent if there is none, or if Salesforce does not show it. */
  calculatedFormula?: string | null | undefined;
  filterable: boolean;
  sortable: boolean;
  /** API names of the sobjects that a reference can point to. */
  referenceTo: readonly string[];
  /** The position of a master-detail field among those of its object; null for any other field. */
  relationshipOrder: number | null;
  /** What a picklist offers; a record may have another value. */
  picklistValues?: readonly { value: string; active: boolean }[] | undefined;
}

/**
 * The fields that show which records have changed, the best first: SystemModstamp moves with every change,
 * LastModifiedDate with those that a user makes. The last two never move, which is enough for records that are only
 * added (histories, logins). 232 of 754 standard objects lack the first.
 */
const cursorFields = ['SystemModstamp', 'LastModifiedDate', 'CreatedDate', 'LoginTime'] as const;

export type CursorField = (typeof cursorFields)[number];

/** Whether the field moves when its record changes, so that it tells a reading before a change from one after it. */
export const changesWithRecord = (cursorField: CursorField | null): boolean =>
  cursorField === 'SystemModstamp' || cursorField === 'LastModifiedDate';

/** The field by which an sobject's changes can be followed; null: none, and only reading it whole finds them. */
export function cursorFieldOf({ name, fields }: Describe): CursorField | null {
  if (!canFilterByTime(name)) return null;
  const canFollow = (cursorField: CursorField) =>
    fields.some(
      (field) =>
        field.name === cursorField && field.type === 'datetime' && field.filterable && field.sortable,
    );
  return cursorFields.find(canFollow) ?? null;
}

/** How the mirror learns of changes; which of them, depends on the fields and the log that the object has. */
export type Freshness = 'polled' | 'new records polled' | 'compared';

/** @returns also what is slower than that, as the predicate of a sentence about the object; null: nothing */
export function freshnessOf(describe: Describe): { freshness: Freshness; note: string | null } {
  const parents = parentFieldsOf(describe.name);
  if (parents !== null) {
    const note = `can only be asked for by ${parents.join(' and ')}: records of new and changed parents arrive with them, other changes and deletions are found by comparing all records`;
    return { freshness: 'compared', note };
  }
  const cursorField = cursorFieldOf(describe);
  if (cursorField === null)
    return { freshness: 'compared', note: 'has no time of change: all its records are read and compared' };
  if (!changesWithRecord(cursorField)) {
    const note = `has only ${cursorField}: changes and deletions are found by comparing all its records`;
    return { freshness: 'new records polled', note };
  }
  const hasLog = describe.replicateable || describe.fields.some(({ name }) => name === 'IsDeleted');
  const note = hasLog
    ? null
    : 'has no log of deletions: they are found by comparing the Ids of all its records';
  return { freshness: 'polled', note };
}

/**
 * Why an sobject cannot be read page by page, as the predicate of a sentence about it; null: it can. Without its fields
 * only what the list of all objects shows is known.
 */
export function unreadableBecause({
  name,
  queryable,
  retrieveable,
  fields,
}: Pick<Describe, 'name' | 'queryable' | 'retrieveable'> & Partial<Describe>): string | null {
  const restriction = restrictionOf(name);
  if (restriction !== null) return restriction;
  if (!queryable) return 'allows no query';
  // ApexPageInfo and its like: every row has the Id 000000000000000AAA (salesforce.stackexchange.com/questions/148005).
  if (retrieveable === false)
    return 'has records that cannot be read by their Ids, which are often all the same';
  const hasId = fields === undefined || fields.some((field) => field.name === 'Id');
  return hasId ? null : 'has no Id to tell its records apart by';
}
