/** Compares the version of a record seen in the mirror with what the model org knows. */
import type { OrgRecord, ValueField, Version } from './org.ts';

export type Seen = Pick<Version, ValueField | 'Life__c' | 'isDeleted'>;

/** Hidden by a change of rights or a purge, which no stamp shows. */
export const isOutOfSight = ({ isHidden, isPurged }: OrgRecord) => isHidden || isPurged;
export const wasOutOfSight = ({ wasHidden, isPurged }: OrgRecord) => wasHidden || isPurged;

/**
 * Whether this version or a later one is a deletion. A mirror without the record may show any of its deletions: of two
 * with an undelete in between, nobody can see which.
 */
export const isDeletedSince = ({ versions }: OrgRecord, place: number) =>
  versions.slice(place).some(({ isDeleted }) => isDeleted);

/** Whether the version seen of a record is this one or a later one. Formulas are ignored: they move no stamp. */
export function holds(seen: Seen | undefined, record: OrgRecord, version: Version): boolean {
  if (!seen) return version.isDeleted;
  if (seen.isDeleted)
    return seen.Life__c >= version.Life__c || isDeletedSince(record, record.versions.indexOf(version));
  if (seen.Life__c < version.Life__c) return false;
  return seen.A__c >= version.A__c && seen.B__c >= version.B__c;
}

/** Stamp of the records that existed before the run. */
export const ancientStamp = Date.UTC(2025, 5, 1) / 1000;

export const nothing = { A__c: 0, B__c: 0, Formula__c: 0, Life__c: 0 };

export function worded(
  version:
    | (Partial<Seen> & { IsDeleted?: boolean; SystemModstamp?: string; stamp?: number })
    | null
    | undefined,
): string {
  if (!version) return 'nothing';
  const isDeleted = version.isDeleted ?? version.IsDeleted;
  const stamp = version.SystemModstamp ?? new Date((version.stamp ?? 0) * 1000).toISOString();
  const { A__c: a, B__c: b, Formula__c: formula, Life__c: life } = version;
  return `A ${a}, B ${b}, formula ${formula}, ${isDeleted ? 'deleted' : 'alive'} since ${life}, stamped ${stamp.slice(11, 19)}`;
}
