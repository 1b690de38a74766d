/** The version of Salesforce's API that a sync speaks. It may be changed while the sync runs, without a new copy. */
import { changeApiVersion, refuseChange, type Sync } from '../control/index.ts';
import { isKnownVersion, newestCommon } from '../core/api-version.ts';
import { Fault } from '../core/faults.ts';
import { usageError } from '../core/request-error.ts';
import { about, refusalOf } from '../core/wrong-members.ts';
import { readVersions, type Salesforce } from '../salesforce/index.ts';
import type { ChangeOptions } from './change-alone.ts';
import type { TryDeps } from './given-credential.ts';
import { withSalesforceOf } from './with-salesforce.ts';

export interface ApiVersions {
  current: string;
  /** The newest that the org and this Lockstep know. */
  newest: string;
  /** All that both know, newest first. */
  common: { version: string; label: string }[];
}

/** @throws Fault `VER-01`, and those of signing in */
export const readApiVersions = (
  deps: TryDeps,
  sync: Sync,
  allowHosts: readonly string[],
  signal: AbortSignal,
): Promise<ApiVersions> =>
  withSalesforceOf(deps, sync, allowHosts, async (salesforce) => ({
    current: sync.apiVersion,
    ...(await commonVersions(salesforce, signal)),
  }));

async function commonVersions(
  salesforce: Salesforce,
  signal: AbortSignal,
): Promise<Omit<ApiVersions, 'current'>> {
  const served = await readVersions(salesforce, signal);
  const newest = newestCommon(served.map(({ version }) => version));
  if (newest === null) throw new Fault('VER-01', { reason: served.at(-1)?.version ?? 'none' });
  return { newest, common: served.filter(({ version }) => isKnownVersion(version)).toReversed() };
}

/**
 * The version that a request asks for, which the org is asked in from now on.
 *
 * @param wanted  such as `63.0`, or `newest`
 * @throws RequestError about `api_version`: it is not one that both know, `VER-01`; then the newest is used
 */
export async function chosenVersion(
  salesforce: Salesforce,
  wanted: string,
  signal: AbortSignal,
): Promise<string> {
  const { newest, common } = await about(
    (error) => (error instanceof Fault && error.code === 'VER-01' ? 'api_version' : null),
    () => commonVersions(salesforce, signal),
  );
  const version = wanted === 'newest' ? newest : wanted;
  const isKnown = common.some((one) => one.version === version);
  salesforce.setApiVersion(isKnown ? version : newest);
  if (isKnown) return version;
  const says = `The org and this Lockstep do not both know version ${JSON.stringify(version)}`;
  const known = `Both know: ${common.map((one) => one.version).join(', ')}`;
  throw refusalOf('api_version', usageError(says, known));
}

/**
 * Unless `isDryRun`, the sync speaks it from now on.
 *
 * @param wanted  such as `63.0`, or `newest`
 * @returns the version
 * @throws as {@link chosenVersion}, and the faults of signing in; Fault `SYS-18`, `API-04`
 */
export async function setApiVersion(
  deps: TryDeps,
  sync: Sync,
  wanted: string,
  { allowHosts, isDryRun, isExpected }: ChangeOptions,
  signal: AbortSignal,
): Promise<string> {
  refuseChange(sync, isExpected);
  const version = await withSalesforceOf(deps, sync, allowHosts, (salesforce) =>
    chosenVersion(salesforce, wanted, signal),
  );
  if (!isDryRun && version !== sync.apiVersion)
    await changeApiVersion(deps.control, sync.id, version, { isExpected });
  return version;
}
