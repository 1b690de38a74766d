import type { Clock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { type Control, checkChange, findSync, keyOf, readSync, recordSync } from '../control/index.ts';
import type { Credential } from '../core/credential.ts';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { newSyncId, type OrgId, type SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import {
  createPrivateDatabase,
  createTable,
  databaseFault,
  dropPrivateDatabase,
  planTables,
  prepareDestination,
  type TablePlan,
} from '../postgres/index.ts';
import { newestVersion } from '../salesforce/index.ts';
import { describeAll } from './describe-all.ts';
import { type GivenCredential, giveAway, withCredential } from './given-credential.ts';
import { newPassword } from './readers.ts';

export interface NewSyncOptions {
  name: string;
  given: GivenCredential;
  /** API names, in any letter case. */
  sobjects: readonly string[];
  intervalMs: number;
  /** `newest`: the newest that the org and this Lockstep know. */
  apiVersion: string;
  allowHosts: readonly string[];
}

export interface CreateDeps {
  control: Control;
  clock: Clock;
  log: AppLog;
  /** Called after each step. */
  say?: (step: string) => void;
}

/** The schema of the mirror's tables. */
const tableSchema = 'salesforce';

/** Until the newest is known. */
export const firstApiVersion = '62.0';

/** What a sync would be, found out without making anything. */
export interface CheckedSync {
  orgId: OrgId;
  instanceUrl: string;
  apiVersion: string;
  plans: readonly TablePlan[];
  described: readonly Describe[];
  /** As it is after that: Salesforce may have replaced the refresh token. */
  credential: Credential;
}

/**
 * Tests all that can be tested before anything is made: name, pace, credential, org, objects.
 *
 * @throws {@link Fault} `CFG-01`: the name is taken; `LIM-05`; `SCH-09` for an object that the org does not have, with
 *         similar names; `SCH-06` for all those that cannot be read page by page; `SF-01`, `SF-07`, `ORG-04`, `NET-01`
 *         from signing in; `KEY-01`, `KEY-04`
 */
export async function checkNewSync(
  deps: CreateDeps,
  options: NewSyncOptions,
  signal: AbortSignal,
): Promise<CheckedSync> {
  const { control } = deps;
  const { apiVersion: wanted } = options;
  keyOf(control); // fails now rather than at the end, when the credentials are sealed
  checkChange({ intervalMs: options.intervalMs });
  if (await findSync(control, options.name))
    throw new Fault('CFG-01', { reason: `A sync named ${JSON.stringify(options.name)} already exists.` });
  try {
    const { result, credential } = await withCredential(
      deps,
      options.given,
      { allowHosts: options.allowHosts, apiVersion: wanted === 'newest' ? firstApiVersion : wanted },
      signal,
      async (salesforce, identity) => {
        deps.say?.(`signed in to org ${identity.orgId}`);
        const apiVersion = wanted === 'newest' ? await newestVersion(salesforce, signal) : wanted;
        salesforce.setApiVersion(apiVersion);
        const described = await describeAll(salesforce, options.sobjects, signal);
        const plans = planTables(described);
        deps.say?.(`described ${plans.length} object${plans.length === 1 ? '' : 's'}`);
        return { ...identity, apiVersion, plans, described };
      },
    );
    return { ...result, credential };
  } catch (error) {
    throw error instanceof Fault ? error : (databaseFault(error, control.host) ?? error);
  }
}

/**
 * Creates a sync: tests everything first, then makes its private database, roles and tables, and only then records
 * it, from which moment on a worker may claim it. A failure leaves nothing behind.
 *
 * @param syncId  of a creation that a killed process has begun: it is taken up
 * @throws as {@link checkNewSync}; {@link Fault} `DB-nn`
 */
export async function createSync(
  deps: CreateDeps,
  options: NewSyncOptions,
  signal: AbortSignal,
  syncId: SyncId = newSyncId(),
): Promise<SyncId> {
  const { control } = deps;
  if (await readSync(control, syncId)) return syncId;
  const { plans, described, ...checked } = await checkNewSync(deps, options, signal);
  const secrets = { writerPassword: newPassword(), readerPassword: newPassword() };
  try {
    await makeDestination(control, { syncId, orgId: checked.orgId }, plans, described, secrets);
    deps.say?.(`made database lockstep_${syncId} with its roles and tables`);
    const sobjects = plans.map(({ sobject }) => sobject);
    await recordSync(control, {
      ...options,
      ...secrets,
      ...checked,
      loginUrl: options.given.loginUrl,
      id: syncId,
      tableSchema,
      sobjects,
    });
  } catch (error) {
    await dropPrivateDatabase(control.db, syncId);
    throw error instanceof Fault ? error : (databaseFault(error, control.host) ?? error);
  }
  await giveAway(control, options.given).catch(() => undefined); // it expires by itself
  return syncId;
}

async function makeDestination(
  control: Control,
  identity: { syncId: SyncId; orgId: string },
  plans: readonly TablePlan[],
  described: readonly Describe[],
  secrets: { writerPassword: string; readerPassword: string },
): Promise<void> {
  const { syncId } = identity;
  const open = (url: string) => openDatabase({ url, applicationName: 'lockstep-setup', connectionsMax: 1 });
  const names = await createPrivateDatabase(control.db, syncId, secrets, (database) =>
    open(databaseUrl(control.url, { database })),
  );
  const asWriter = { database: names.database, user: names.writer, password: secrets.writerPassword };
  const db = open(databaseUrl(control.url, asWriter));
  try {
    await prepareDestination(db, { ...identity, tableSchema, owner: names.owner });
    for (const [place, plan] of plans.entries()) {
      await db.transaction((tx) => createTable(tx, tableSchema, plan, described[place]));
    }
  } finally {
    await db.end();
  }
}
