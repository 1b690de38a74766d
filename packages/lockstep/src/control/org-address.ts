/** Where an org is. All its syncs have this in common, so what one of them hears of a move moves all. */
import type { Tx } from '@lockstep/foundation/database';
import type { OrgId } from '../core/ids.ts';
import { recordActivity } from './activity.ts';
import type { Control } from './database.ts';
import { notify, syncChannel, updateInstanceUrl } from './sql.ts';

/** As Salesforce has said; the caller has checked that a token may be sent there. */
export interface OrgAddress {
  orgId: OrgId;
  /** Scheme, host and port. */
  instanceUrl: string;
}

/**
 * Works in a transaction, before which the org is known to be at this address. If it was at another one, its syncs use
 * the new one from the commit on, and their activity says so. An org that is not known stays unknown.
 *
 * @param address  null: none was learned
 */
export async function learningAddress<Result>(
  control: Control,
  address: OrgAddress | null,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  const { result, moved } = await control.db.transaction(async (tx) => {
    // The org's row first, in every transaction that changes it: two that wait for each other would fail.
    const syncs = address ? await updateInstanceUrl(tx, address.orgId, address.instanceUrl) : [];
    for (const { sync_id } of syncs) await notify(tx, syncChannel, sync_id);
    return { result: await work(tx), moved: syncs };
  });
  const detail = address && new URL(address.instanceUrl).host;
  for (const { sync_id } of moved)
    recordActivity(control, sync_id, { kind: 'org', event: 'moved', code: 'ORG-03', detail });
  return result;
}

/** The org is at this address from now on. */
export const moveOrg = (control: Control, address: OrgAddress): Promise<void> =>
  learningAddress(control, address, () => Promise.resolve());
