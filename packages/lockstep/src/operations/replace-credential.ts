import { refuseChange, replaceCredential, type Sync } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { faultOf } from '../salesforce/index.ts';
import type { ChangeOptions } from './change-alone.ts';
import { type GivenCredential, holderOf, type TryDeps, withCredential } from './given-credential.ts';

/**
 * Tries the credential, and unless `isDryRun` puts it in place of the sync's own: the sync goes on where it is.
 *
 * @throws Fault `ORG-01`: it is of another org; `SF-nn`, `ORG-04`, `NET-01`; `SYS-18`, `API-04`
 */
export async function replaceSyncCredential(
  deps: TryDeps,
  sync: Sync,
  given: GivenCredential,
  { allowHosts, isDryRun, isExpected }: ChangeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { control } = deps;
  refuseChange(sync, isExpected);
  const { apiVersion } = sync;
  const { credential, result: address } = await withCredential(
    deps,
    given,
    { allowHosts, apiVersion },
    signal,
    async (salesforce, identity) => {
      const { orgId } = identity;
      if (orgId !== sync.orgId) throw new Fault('ORG-01', { org: orgId });
      // A session may be of no use for the API, although signing in works.
      const request = { method: 'GET' as const, path: `${salesforce.dataPath}/`, purpose: 'setup' as const };
      const answer = await salesforce.request(request, signal);
      if (answer.status !== 200) throw faultOf(answer);
      return identity;
    },
  );
  if (isDryRun) return;
  const replaced = { ...given, ...address, credential, signIn: await holderOf(control, given) };
  if (!(await replaceCredential(control, sync.id, replaced, isExpected))) throw new Fault('PRX-01');
}
