import type { Clock } from '@lockstep/foundation/clock';
import {
  type Control,
  checkChange,
  findSync,
  keyOf,
  readSync,
  recordSync,
  type SyncChange,
} from '../control/index.ts';
import type { Credential } from '../core/credential.ts';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { fieldChoiceKey, withoutLeftOut } from '../core/field-choice.ts';
import { newSyncId, type OrgId, type SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { hostOf, type OwnDestination } from '../core/own-database.ts';
import { databaseFault, planTables, type TablePlan } from '../postgres/index.ts';
import { chosenVersion } from './api-versions.ts';
import { refuseOldServer } from './change-sync.ts';
import { describeAll, describeRecommended, type SkippedObject } from './describe-all.ts';
import { type GivenCredential, holderOf, withCredential } from './given-credential.ts';
import { refuseUnfit } from './given-destination.ts';
import { makeMirror, removeMirror } from './make-destination.ts';

export interface NewSyncOptions {
  name: string;
  given: GivenCredential;
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
  destination?: OwnDestination | null;
}

export interface CreateDeps {
  control: Control;
  clock: Clock;
  log: AppLog;
  /** Called after each step. */
  say?: (step: string) => void;
}

/** Until the newest is known. */
export const firstApiVersion = '62.0';

/** What a sync would be, found out without making anything. */
export interface CheckedSync {
  orgId: OrgId;
  instanceUrl: string;
  apiVersion: string;
  plans: readonly TablePlan[];
  described: readonly Describe[];
  /** Usual objects that cannot be taken, if none were named. */
  skipped: readonly SkippedObject[];
  /** As it is after that: Salesforce may have replaced the refresh token. */
  credential: Credential;
}

/**
 * Tests all that can be tested before anything is made: name, pace, credential, org, objects.
 *
 * @throws {@link Fault} `CFG-01`: the name is taken; `LIM-05`; `DB-19`; `SCH-09` for an object that the org does not have, with
 *         similar names; `SCH-06` for all those that cannot be read page by page; `SF-01`, `SF-07`, `ORG-04`, `NET-01`
 *         from signing in; `KEY-01`, `KEY-04`; {@link RequestError} with what is wrong with the given database
 */
export async function checkNewSync(
  deps: CreateDeps,
  options: NewSyncOptions,
  signal: AbortSignal,
  syncId: SyncId | null = null,
): Promise<CheckedSync> {
  const { control, clock } = deps;
  keyOf(control); // fails now rather than at the end, when the credentials are sealed
  checkChange({ ...options.settings, intervalMs: options.intervalMs });
  if (options.settings?.foreignKeys) await refuseOldServer(control.db);
  if (await findSync(control, options.name))
    throw new Fault('CFG-01', { reason: `A sync named ${JSON.stringify(options.name)} already exists.` });
  try {
    const { result, credential } = await withCredential(
      deps,
      options.given,
      { allowHosts: options.allowHosts, apiVersion: firstApiVersion },
      signal,
      async (salesforce, identity) => {
        deps.say?.(`signed in to org ${identity.orgId}`);
        const apiVersion = await chosenVersion(salesforce, options.apiVersion, signal);
        salesforce.setApiVersion(apiVersion);
        const { described: all, skipped } = options.sobjects
          ? { described: await describeAll(salesforce, options.sobjects, signal), skipped: [] }
          : await describeRecommended(salesforce, signal);
        const described = all.map((describe) => withoutLeftOut(describe, options.leftOut ?? []));
        const plans = planTables(described);
        deps.say?.(`described ${plans.length} object${plans.length === 1 ? '' : 's'}`);
        return { ...identity, apiVersion, plans, described, skipped };
      },
    );
    const tables = result.plans.map(({ table }) => table);
    if (options.destination) await refuseUnfit(options.destination, { syncId, tables }, clock, signal);
    return { ...result, credential };
  } catch (error) {
    throw error instanceof Fault ? error : (databaseFault(error, control.host) ?? error);
  }
}

/**
 * Creates a sync: tests everything first, then makes its mirror, and only then records
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
  const own = options.destination ?? null;
  const { plans, described, ...checked } = await checkNewSync(deps, options, signal, syncId).catch(
    async (error: unknown) => {
      if (!own) await removeMirror(control, syncId, own).catch(() => undefined); // of a process that was killed
      throw error;
    },
  );
  const { apiVersion } = checked;
  const describedFor = fieldChoiceKey({ leftOut: options.leftOut ?? [], apiVersion });
  try {
    const made = await makeMirror(
      control,
      { syncId, orgId: checked.orgId, plans, described, describedFor },
      own,
    );
    deps.say?.(
      own ? `made the tables in ${own.database}` : `made database lockstep_${syncId} with its tables`,
    );
    const sobjects = plans.map(({ sobject }) => sobject);
    await recordSync(control, {
      ...options,
      ...made,
      ...checked,
      loginUrl: options.given.loginUrl,
      signIn: await holderOf(control, options.given),
      id: syncId,
      sobjects,
    });
  } catch (error) {
    await removeMirror(control, syncId, own).catch(() => undefined); // the first error says more
    const host = own ? hostOf(own) : control.host;
    throw error instanceof Fault ? error : (databaseFault(error, host) ?? error);
  }
  return syncId;
}
