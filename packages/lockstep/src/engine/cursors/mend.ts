import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { idCondition } from './backfill.ts';
import type { Day } from './counts.ts';
import { isFull } from './pass.ts';

/**
 * The mending of the days on which a count differed: of each, first all of Salesforce's records in full, by Id, then
 * the mirror's own Ids, which finds rows that Salesforce does not have. Pure.
 */
export interface MendPosition {
  days: readonly Day[];
  part: 'records' | 'ids';
  after: RecordId | null;
  /** The mirror's own Ids are left to a sweep of the whole table. Absent: they are not. */
  leavesIds?: boolean;
}

export const nothingToMend: MendPosition = { days: [], part: 'records', after: null };

export const mendOf = (
  days: readonly Day[],
  what: 'records' | 'records and ids' = 'records and ids',
): MendPosition => ({ ...nothingToMend, days, ...(what === 'records' && { leavesIds: true }) });

/** The records that were created on the first of the days. */
export function mendCondition({ days: [day = ''], after }: MendPosition): string | undefined {
  const behind = idCondition(after);
  const created = `CreatedDate >= ${day}T00:00:00Z AND CreatedDate < ${dayAfter(day)}T00:00:00Z`;
  return [created, behind].filter(Boolean).join(' AND ');
}

const dayAfter = (day: Day) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

export function mendAfterRecords(position: MendPosition, page: Page, limit: number): MendPosition {
  if (isFull(page, limit)) return { ...position, after: page.lastId ?? position.after };
  return position.leavesIds ? nextDay(position) : { ...position, part: 'ids', after: null };
}

const nextDay = (position: MendPosition): MendPosition => ({
  ...position,
  days: position.days.slice(1),
  part: 'records',
  after: null,
});

export function mendAfterIds(
  position: MendPosition,
  ids: readonly RecordId[],
  isLast: boolean,
): MendPosition {
  return isLast ? nextDay(position) : { ...position, after: ids.at(-1) ?? position.after };
}
