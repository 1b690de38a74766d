/** What a sync would be, found out without making anything: all that can be wrong with it is told at once. */
import type { Clock } from '@lockstep/foundation/clock';
import { type Control, checkChange, findSync, keyOf, type SyncChange } from '../control/index.ts';
import type { Credential } from '../core/credential.ts';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { withoutLeftOut } from '../core/field-choice.ts';
import type { OrgId, SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { OwnDestination } from '../core/own-database.ts';
import type { Report } from '../core/progress.ts';
import { about, tryAll } from '../core/wrong-members.ts';
import { databaseFault, planTables, selectMissingAttributes, type TablePlan } from '../postgres/index.ts';
import type { Salesforce } from '../salesforce/index.ts';
import { chosenVersion } from './api-versions.ts';
import { refuseOldServer, refuseOldServerAt } from './change-sync.ts';
import { describeAll, describeRecommended, objectsNamed, type SkippedObject } from './describe-all.ts';
import { type GivenCredential, withCredential } from './given-credential.ts';
import { type GivenDestination, refuseUnfit } from './given-destination.ts';

export interface NewSyncOptions {
  name: string;
  /** Opens the credential that is given. @throws as {@link openGivenCredential} */
  given: () => Promise<GivenCredential>;
  /** API names, in any letter case; without them the usual ones are taken. */
  sobjects?: readonly string[] | undefined;
  intervalMs: number;
  /** `newest`: the newest that the org and this Lockstep know. */
  apiVersion: string;
  allowHosts: readonly string[];
  /** Fields that are not mirrored, see field-choice.ts. */
  leftOut?: readonly string[];
  /** What is not given is as it usually is. */
  settings?: SyncChange;
  /** A database that a person owns; without one it gets a private one. */
  destination?: GivenDestination | null;
}

export interface CreateDeps {
  control: Control;
  clock: Clock;
  log: AppLog;
  report?: Report;
}

/** Until the newest is known. */
export const firstApiVersion = '62.0';

interface CheckedOrg {
  orgId: OrgId;
  instanceUrl: string;
  apiVersion: string;
  plans: readonly TablePlan[];
  described: readonly Describe[];
  /** Usual objects that cannot be taken, if none were named. */
  skipped: readonly SkippedObject[];
  given: GivenCredential;
  /** As it is after that: Salesforce may have replaced the refresh token. */
  credential: Credential;
}

export interface CheckedSync extends CheckedOrg {
  /** Null: a private database. */
  own: OwnDestination | null;
}

/**
 * Tests all that can be tested before anything is made. What does not need each other is tried in any case: the name,
 * the credential with version and objects, and the database.
 *
 * @throws {@link RequestError} with everything that is wrong, each at its member: `CFG-03`: the name is taken; `DB-19`; `SCH-09`,
 *         `SCH-06` for each object that cannot be taken; `SF-nn`, `ORG-04`, `NET-01` from signing in; `DB-nn` for each
 *         check of the database; `LIM-05`. {@link Fault} `KEY-01`, `KEY-04`
 */
export async function checkNewSync(
  deps: CreateDeps,
  options: NewSyncOptions,
  signal: AbortSignal,
  syncId: SyncId | null = null,
): Promise<CheckedSync> {
  const { control } = deps;
  keyOf(control); // fails now rather than at the end, when the credentials are sealed
  checkChange({ ...options.settings, intervalMs: options.intervalMs });
  const tables: string[] = [];
  try {
    const [, org, own] = await tryAll<[void, CheckedOrg, OwnDestination | null]>([
      () => about('name', () => refuseTakenName(control, options.name)),
      async () => {
        const found = await checkOrg(deps, options, signal);
        tables.push(...found.plans.map(({ table }) => table));
        return found;
      },
      () => checkPlace(deps, options, { syncId, tables }, signal),
    ]);
    return { ...org, own };
  } catch (error) {
    throw databaseFault(error, control.host) ?? error;
  }
}

async function refuseTakenName(control: Control, name: string): Promise<void> {
  if (await findSync(control, name))
    throw new Fault('CFG-03', { reason: `A sync named ${JSON.stringify(name)} already exists` });
}

async function checkOrg(deps: CreateDeps, options: NewSyncOptions, signal: AbortSignal): Promise<CheckedOrg> {
  const given = await options.given();
  const { result, credential } = await withCredential(
    deps,
    given,
    { allowHosts: options.allowHosts, apiVersion: firstApiVersion },
    signal,
    async (salesforce, identity) => {
      const [apiVersion, found] = await tryAll<[string, Awaited<ReturnType<typeof checkObjects>>]>([
        () => chosenVersion(salesforce, options.apiVersion, signal),
        () => checkObjects(salesforce, options, signal, deps.report),
      ]);
      return { ...identity, apiVersion, ...found };
    },
  );
  return { ...result, given, credential };
}

async function checkObjects(
  salesforce: Salesforce,
  { sobjects, leftOut = [] }: NewSyncOptions,
  signal: AbortSignal,
  report?: Report,
) {
  const { described: all, skipped } = sobjects
    ? { described: await describeAll(salesforce, objectsNamed(sobjects), [], signal, report), skipped: [] }
    : await describeRecommended(salesforce, signal);
  const described = all.map((describe) => withoutLeftOut(describe, leftOut));
  return { plans: planTables(described), described, skipped };
}

async function checkPlace(
  { control, clock }: CreateDeps,
  { destination, settings }: NewSyncOptions,
  wanted: { syncId: SyncId | null; tables: readonly string[] },
  signal: AbortSignal,
): Promise<OwnDestination | null> {
  const hasForeignKeys = settings?.foreignKeys === true;
  if (!destination) {
    await tryAll<[void, void]>([
      () => refuseMissingAttributes(control),
      () => (hasForeignKeys ? about('foreign_keys', () => refuseOldServer(control.db)) : undefined),
    ]);
    return null;
  }
  const own = await about('destination', async () => {
    const opened = await destination.open();
    await refuseUnfit(opened, wanted, destination.memberOf, { clock, signal });
    return opened;
  });
  if (hasForeignKeys) await about('foreign_keys', () => refuseOldServerAt(own));
  return own;
}

/** Making a private database with its roles needs them. */
async function refuseMissingAttributes({ db, host }: Control): Promise<void> {
  const [own] = await selectMissingAttributes(db);
  if (own && own.missing.length > 0)
    throw new Fault('DB-06', { host, reason: `${own.login} lacks ${own.missing.join(' and ')}` });
}
