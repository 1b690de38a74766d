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
}

export const nothingToMend: MendPosition = { days: [], part: 'records', after: null };

export const mendOf = (days: readonly Day[]): MendPosition => ({ ...nothingToMend, days });

/** The records that were created on the first of the days. */
export function mendCondition({ days: [day = ''], after }: MendPosition): string | undefined {
  const behind = idCondition(after);
  const created = `CreatedDate >= ${day}T00:00:00Z AND CreatedDate < ${dayAfter(day)}T00:00:00Z`;
  return [created, behind].filter(Boolean).join(' AND ');
}

const dayAfter = (day: Day) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

export function mendAfterRecords(position: MendPosition, page: Page, pageRows: number): MendPosition {
  return isFull(page, pageRows)
    ? { ...position, after: page.lastId ?? position.after }
    : { ...position, part: 'ids', after: null };
}

export function mendAfterIds(
  position: MendPosition,
  ids: readonly RecordId[],
  isLast: boolean,
): MendPosition {
  return isLast
    ? { days: position.days.slice(1), part: 'records', after: null }
    : { ...position, after: ids.at(-1) ?? position.after };
}
