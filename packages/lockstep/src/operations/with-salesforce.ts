import { type Sync, sessionStore } from '../control/index.ts';
import { openSalesforce, type Salesforce } from '../salesforce/index.ts';
import type { TryDeps } from './given-credential.ts';

/** Works with the org of a sync, in the session that all processes of the sync have in common. */
export async function withSalesforceOf<Result>(
  { control, clock, log }: TryDeps,
  { id, orgId: expectOrgId, apiVersion }: Sync,
  allowHosts: readonly string[],
  work: (salesforce: Salesforce) => Promise<Result>,
): Promise<Result> {
  const store = sessionStore(control, id);
  const salesforce = openSalesforce({ store, expectOrgId, apiVersion, allowHosts, clock, log });
  try {
    return await work(salesforce);
  } finally {
    await salesforce.close();
  }
}
