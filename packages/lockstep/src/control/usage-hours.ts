/** What the requests of a sync were for, hour by hour, for 30 days. */
import type { SyncId } from '../core/ids.ts';
import type { Control } from './database.ts';
import { selectOrgHours, selectUsageHours, type UsageHourRow } from './usage-sql.ts';

export interface UsageHour {
  /** As the server prints it: its beginning. */
  hour: string;
  purpose: string;
  /** Null: requests that are not for one object, and those that failed. */
  sobject: string | null;
  /** Queries of several objects share a request. */
  requests: number;
  queries: number;
  rows: number;
}

/**
 * The newest hour first. Does not yet include what other processes have counted in the last seconds.
 *
 * @param asked  `after`: the last one that the caller has seen
 */
export async function readUsageHours(
  { db, usage }: Control,
  syncId: SyncId,
  asked: { since: string; after: Pick<UsageHour, 'hour' | 'purpose' | 'sobject'> | null; limit: number },
): Promise<UsageHour[]> {
  await usage.flush();
  const after = asked.after && { ...asked.after, sobject: asked.after.sobject ?? '' };
  return (await selectUsageHours(db, syncId, { ...asked, after })).map(toHour);
}

/** What Salesforce last said in each hour about the requests that everybody made in the 24 hours before. */
export const readOrgHours = ({ db }: Control, syncId: SyncId, since: string) =>
  selectOrgHours(db, syncId, since);

const toHour = ({ sobject, requests, ...row }: UsageHourRow): UsageHour => ({
  ...row,
  sobject: sobject === '' ? null : sobject,
  requests: Number(requests),
});
