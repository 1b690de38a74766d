/** What has been seen of a record, by whoever looks at the mirror, against what the model org knows. */
import type { OrgRecord, ValueField, Version } from './org.ts';

export type Seen = Pick<Version, ValueField | 'Life__c' | 'isDeleted'>;

/** By a change of rights or a purge, of which no stamp tells. */
export const isOutOfSight = ({ isHidden, isPurged }: OrgRecord) => isHidden || isPurged;
export const wasOutOfSight = ({ wasHidden, isPurged }: OrgRecord) => wasHidden || isPurged;

/**
 * By this version or a later one. A mirror without the record holds any of its deletions: of two with a restoration
 * between them nobody sees which.
 */
export const isDeletedSince = ({ versions }: OrgRecord, place: number) =>
  versions.slice(place).some(({ isDeleted }) => isDeleted);

/** Whether what has been seen of a record is this version of it, or a later one. Formulas move no stamp. */
export function holds(seen: Seen | undefined, record: OrgRecord, version: Version): boolean {
  if (!seen) return version.isDeleted;
  if (seen.isDeleted)
    return seen.Life__c >= version.Life__c || isDeletedSince(record, record.versions.indexOf(version));
  if (seen.Life__c < version.Life__c) return false;
  return seen.A__c >= version.A__c && seen.B__c >= version.B__c;
}

/** Stamp of the records that were there before anything happened. */
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
