import { isFilteredByTime, restrictionOf } from './object-restrictions.ts';

/** Salesforce's description of one sobject, as far as the mirror needs it. */
export interface Describe {
  name: string;
  label: string;
  custom: boolean;
  queryable: boolean;
  /** False: its records cannot be read by their Ids. */
  retrieveable?: boolean;
  /** Salesforce keeps a log of its deletions (getDeleted). */
  replicateable: boolean;
  /** The first three characters of its records' Ids; null for objects without Ids of their own. */
  keyPrefix: string | null;
  fields: readonly DescribeField[];
}

export interface DescribeField {
  name: string;
  label: string;
  /** Open on purpose: Salesforce adds types, and the table plan decides about unknown ones. */
  type: string;
  calculated: boolean;
  filterable: boolean;
  sortable: boolean;
  /** The sobjects that a reference can point to, by API name. */
  referenceTo: readonly string[];
  /** The place of a master-detail among its object's; null for any other field. */
  relationshipOrder: number | null;
}

/**
 * The times that tell which records have changed, the best first: SystemModstamp moves with every change,
 * LastModifiedDate with those that a user makes, the last two stand still, which is enough for records that are only
 * ever added (histories, log-ins). 232 of 754 standard objects lack the first.
 */
const cursorFields = ['SystemModstamp', 'LastModifiedDate', 'CreatedDate', 'LoginTime'] as const;

export type CursorField = (typeof cursorFields)[number];

/** Whether a time moves when its record is changed, so that it tells a reading from before a change from one after it. */
export const movesWithChanges = (cursorField: CursorField | null): boolean =>
  cursorField === 'SystemModstamp' || cursorField === 'LastModifiedDate';

/** The time that an sobject's changes can be followed by; null: none, and only reading it whole finds them. */
export function cursorFieldOf({ name, fields }: Describe): CursorField | null {
  if (!isFilteredByTime(name)) return null;
  const canFollow = (cursorField: CursorField) =>
    fields.some(
      (field) =>
        field.name === cursorField && field.type === 'datetime' && field.filterable && field.sortable,
    );
  return cursorFields.find(canFollow) ?? null;
}

/** Why an sobject cannot be read page by page, as the end of a sentence that begins with its name; null: it can. */
export function unreadableBecause({ name, queryable, retrieveable, fields }: Describe): string | null {
  const restriction = restrictionOf(name);
  if (restriction !== null) return restriction;
  if (!queryable) return 'allows no query';
  // ApexPageInfo and its like: every row has the Id 000000000000000AAA (salesforce.stackexchange.com/questions/148005).
  if (retrieveable === false)
    return 'has records that cannot be read by their Ids, which are often all the same';
  return fields.some((field) => field.name === 'Id') ? null : 'has no Id to tell its records apart by';
}
