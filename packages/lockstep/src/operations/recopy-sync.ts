/** Copies another org into the tables of a sync, after a refresh of its sandbox. Each step may be repeated. */
import {
  beginRecopy,
  type Control,
  refuseChange,
  replaceOrg,
  type Sync,
  sessionStore,
} from '../control/index.ts';
import type { OrgId } from '../core/ids.ts';
import { RequestError } from '../core/request-error.ts';
import { checkEmptying, emptyMirror } from '../postgres/index.ts';
import { changeAlone } from './change-alone.ts';
import { readableOf, type SkippedObject } from './describe-all.ts';
import { type GivenCredential, holderOf, type TryDeps, withCredential } from './given-credential.ts';
import { withWriter } from './open-mirror.ts';
import { untilReleased } from './until-released.ts';

export interface Recopy {
  orgId: OrgId;
  instanceUrl: string;
  /** What the tables keep and lose. */
  erases: string[];
  keeps: string[];
  /** Objects of the sync that the new org does not let it read: their tables stay empty. */
  skipped: readonly SkippedObject[];
}

/**
 * Finds out which org the credential leads to now and whether the mirror can be written, and unless `isDryRun` empties the tables and has them copied again.
 *
 * @param given  null: the sync's own credential
 * @throws {@link RequestError}: it is still the org of the sync; Fault `SF-nn`, `SYS-18`, `SYS-19`, `SYS-23`, `DB-nn`
 */
export async function recopySync(
  deps: TryDeps,
  sync: Sync,
  given: GivenCredential | null,
  { allowHosts, isDryRun }: { allowHosts: readonly string[]; isDryRun: boolean },
  signal: AbortSignal,
): Promise<Recopy> {
  const { control } = deps;
  refuseChange(sync);
  const used = given ?? (await ownCredential(control, sync));
  const options = { allowHosts, apiVersion: sync.apiVersion };
  const { result: found, credential } = await withCredential(
    deps,
    used,
    options,
    signal,
    async (salesforce, identity) => {
      refuseSameOrg(sync, identity.orgId);
      const { skipped } = await readableOf(salesforce, sync.sobjects, signal);
      return { ...identity, skipped };
    },
  );
  await withWriter(control, sync, (db) => checkEmptying(db, found.orgId));
  const recopy = { ...found, ...recopyOf(sync) };
  if (isDryRun) return recopy;
  await changeAlone(control, sync, async (current) => {
    refuseSameOrg(current, found.orgId);
    await beginRecopy(control, sync.id);
    await untilReleased(control, sync, signal);
    // However long it takes: it may wait for somebody who reads the tables.
    await withWriter(control, sync, (db) => emptyMirror(db, found.orgId), { statementTimeoutMs: 0 });
    const signIn = given && (await holderOf(control, given));
    await replaceOrg(control, sync.id, { ...found, loginUrl: used.loginUrl, credential, signIn });
  });
  return recopy;
}

async function ownCredential(control: Control, sync: Sync): Promise<GivenCredential> {
  const { loginUrl, credential } = await sessionStore(control, sync.id).read();
  return { loginUrl, credential, signIn: null };
}

const recopyOf = ({ sobjects }: Sync) => ({
  erases: [
    `all rows of its ${sobjects.length} tables, which are then copied from the new org`,
    'what was recorded of them: records set aside, missing rows, proxied writes without an outcome',
  ],
  keeps: [
    'the tables with their names, columns and indexes; views, grants and readers',
    'the address at the proxy, the pace and the other settings',
    'tables of removed objects as they are, until their object is added again',
  ],
});

/** One that was cut off is finished, also if the credential leads to the old org again. */
function refuseSameOrg({ name, orgId, isRecopying }: Sync, found: OrgId): void {
  if (found !== orgId || isRecopying) return;
  throw new RequestError(
    `The credential of ${name} leads to the org of the sync, ${orgId}: nothing was replaced`,
    { kind: 'not healthy', next: 'To read all records again: lockstep objects verify --level content' },
  );
}
