import { sqlState, type Tx } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import type { Credential, Flow } from '../core/credential.ts';
import { Fault } from '../core/faults.ts';
import { isSyncId, type OrgId, type SyncId } from '../core/ids.ts';
import type { OwnDestination } from '../core/own-database.ts';
import { destinationNames } from '../postgres/index.ts';
import { recordActivity } from './activity.ts';
import { lockForChange } from './change-lock.ts';
import { clearRefusal, insertCredential } from './credential-sql.ts';
import { sealCredential } from './credentials.ts';
import { type Control, keyOf } from './database.ts';
import { insertDestination } from './destination-sql.ts';
import {
  type DestinationSecrets,
  type SyncDestination,
  sealedDestination,
  toDestination,
} from './destinations.ts';
import { checkIntervalMs, checkStopAt } from './interval.ts';
import { newDataKey } from './keys.ts';
import { learningAddress } from './org-address.ts';
import { deleteSignIn } from './sign-in-sql.ts';
import {
  deleteSync,
  insertOrg,
  insertSync,
  markDeleting,
  markRecopying,
  notify,
  type SyncChange,
  type SyncRow,
  selectSyncByNameOrId,
  selectSyncIds,
  selectSyncs,
  selectSyncsById,
  syncChannel,
  updateApiVersion,
  updateLoginUrl,
  updateSync,
} from './sql.ts';
import { insertStreams, type Leaving } from './stream-sql.ts';

/** One org mirrored into one destination, as the control database records it. Contains no secret. */
export type Sync = {
  id: SyncId;
  /** What a person calls it; unique. */
  name: string;
  orgId: OrgId;
  loginUrl: string;
  /** How it signs in. */
  flow: Flow;
  /** The org's own address, where its API is. */
  instanceUrl: string;
  apiVersion: string;
  sobjects: readonly string[];
  /** Objects that were removed, until the worker has let their tables go. */
  leaving: readonly Leaving[];
  intervalMs: number;
  /** In percent of the org's daily API requests, whoever makes them: at this usage the sync stops by itself. */
  stopAtPercent: number;
  paused: boolean;
  /** What happens to a proxied write while the mirror's database is down: it is not sent, or sent and stored later. */
  withoutDatabase: 'refuse' | 'forward';
  /** Whether its tables have foreign keys that are not enforced, for tools that draw relations. */
  foreignKeys: boolean;
  /** Fields that are not mirrored, as patterns such as `Account.Description` and `*.Secret__c`. */
  leftOut: readonly string[];
  /** It is being deleted: no worker runs it, and nothing can be changed about it. */
  isDeleting: boolean;
  /** Its tables are emptied for another org: no worker runs it until that is done, also if it was cut off. */
  isRecopying: boolean;
  /** Raised by each claim; a page is applied only under the newest one. */
  epoch: number;
  destination: SyncDestination;
};

export type NewSync = Omit<
  Sync,
  | 'flow'
  | 'leaving'
  | 'stopAtPercent'
  | 'paused'
  | 'withoutDatabase'
  | 'foreignKeys'
  | 'leftOut'
  | 'isDeleting'
  | 'isRecopying'
  | 'epoch'
  | 'destination'
> & {
  tableSchema: string;
  leftOut?: readonly string[];
  /** What is not given is as the columns' defaults say. */
  settings?: SyncChange;
  credential: Credential;
  /** The sign-in that has held it until now, see NewCredential in credentials.ts. */
  signIn?: string | null;
  /** A database that a person owns; left out for a private one. */
  own?: OwnDestination | null;
} & DestinationSecrets;

/**
 * Records a sync with its org, credential, destination and streams in one transaction; its secrets are sealed first.
 * A worker may claim it at once, so its database must exist already.
 *
 * @throws {@link Fault} `CFG-01`: the name is taken or has the form of an id; `LIM-05`
 */
export async function recordSync(control: Control, sync: NewSync): Promise<void> {
  checkChange({ ...sync.settings, intervalMs: sync.intervalMs });
  if (sync.name === '' || isSyncId(sync.name)) {
    throw new Fault('CFG-01', { reason: 'The name of a sync must not be empty or have the form of an id.' });
  }
  const { dataKey, wrapped } = newDataKey(keyOf(control), sync.id);
  try {
    await learningAddress(control, sync, async (tx) => {
      await insertOrg(tx, sync);
      await insertSync(tx, { ...sync, sealedDataKey: wrapped });
      await updateSync(tx, sync.id, sync.settings ?? {});
      await insertCredential(tx, {
        syncId: sync.id,
        loginUrl: sync.loginUrl,
        flow: sync.credential.flow,
        sealed: sealCredential(dataKey, sync.id, sync.credential),
      });
      await insertDestination(tx, {
        syncId: sync.id,
        database: sync.own?.database ?? destinationNames(sync.id).database,
        tableSchema: sync.tableSchema,
        ...sealedDestination(dataKey, sync.id, { ...sync, own: sync.own ?? null }),
      });
      if (sync.signIn) await deleteSignIn(tx, sync.signIn);
      await insertStreams(tx, sync.id, sync.sobjects);
      await notify(tx, syncChannel, sync.id);
    });
  } catch (error) {
    if (sqlState(error) !== '23505') throw error;
    throw new Fault('CFG-01', { reason: `A sync named ${JSON.stringify(sync.name)} already exists.` });
  }
}

export async function readSync(control: Control, id: SyncId): Promise<Sync | null> {
  const [row] = await selectSyncsById(control.db, [id]);
  return row ? toSync(row) : null;
}

export const readSyncIds = async (control: Control): Promise<SyncId[]> =>
  (await selectSyncIds(control.db)).map((row) => row.sync_id);

/** Sorted by name. */
export const listSyncs = async (control: Control): Promise<Sync[]> =>
  (await selectSyncs(control.db)).map(toSync);

export async function findSync(control: Control, nameOrId: string): Promise<Sync | null> {
  const [row] = await selectSyncByNameOrId(control.db, nameOrId);
  return row ? toSync(row) : null;
}

/** Its worker releases the sync, and nothing can be changed about it any more. False: there is no such sync. */
export const beginDeleting = (control: Control, id: SyncId): Promise<boolean> =>
  changing(control, id, async (tx) => (await markDeleting(tx, id)).length > 0);

/**
 * Its worker releases the sync, and none claims it until {@link replaceOrg} has ended the recopy. False: there is no
 * such sync.
 *
 * @throws {@link Fault} `SYS-18`: it is being deleted
 */
export async function beginRecopy(control: Control, id: SyncId): Promise<boolean> {
  const isBegun = await changing(control, id, async (tx) => {
    await lockForChange(tx, id);
    return (await markRecopying(tx, id)).length > 0;
  });
  if (isBegun) recordActivity(control, id, { kind: 'state', event: 'paused' });
  return isBegun;
}

/** Deletes the sync and its secrets; its destination is not touched. False: there was no such sync. */
export const eraseSync = (control: Control, id: SyncId): Promise<boolean> =>
  changing(control, id, (tx) => deleteSync(tx, id));

/**
 * Changes what is given; a paused sync is released by its worker and claimed by no other. False: there is no such sync.
 *
 * @param isExpected  asked about the sync as it is just before the change
 * @throws {@link Fault} `LIM-05`, with nothing changed: an interval outside 200 to 300,000 ms, a share outside 10 to 100 %;
 *         `API-04`: the sync is not as expected; `SYS-18`: it is being deleted; `SYS-24`: its tables are being emptied
 */
export async function changeSettings(
  control: Control,
  id: SyncId,
  change: SyncChange,
  isExpected: (current: Sync) => boolean = () => true,
): Promise<boolean> {
  checkChange(change);
  const isChanged = await changing(control, id, async (tx) => {
    const current = await lockForChange(tx, id);
    if (current && !isExpected(toSync(current))) throw new Fault('API-04');
    if (current?.is_recopying && change.paused === false)
      throw new Fault('SYS-24', { sync: shellWord(current.name) });
    await clearRefusal(tx, id);
    return (await updateSync(tx, id, change)).length > 0;
  });
  if (isChanged && change.paused) recordActivity(control, id, { kind: 'state', event: 'paused' });
  return isChanged;
}

/** @throws {@link Fault} `LIM-05` */
export function checkChange({ intervalMs, stopAtPercent }: SyncChange): void {
  if (intervalMs !== undefined) checkIntervalMs(intervalMs);
  if (stopAtPercent !== undefined) checkStopAt(stopAtPercent);
}

/**
 * The version of Salesforce's API for its requests from now on. False: there is no such sync.
 *
 * @param code  why, if no person has decided it
 * @throws {@link Fault} `SYS-18`: it is being deleted
 */
export async function changeApiVersion(
  control: Control,
  id: SyncId,
  apiVersion: string,
  code: 'VER-02' | null = null,
): Promise<boolean> {
  const isChanged = await changing(control, id, async (tx) => {
    await lockForChange(tx, id);
    return (await updateApiVersion(tx, id, apiVersion)).length > 0;
  });
  if (isChanged) recordActivity(control, id, { kind: 'org', event: 'API version', detail: apiVersion, code });
  return isChanged;
}

/** Where the sync signs in from now on, beginning with its next session. False: there is no such sync. */
export const moveLoginUrl = (control: Control, id: SyncId, loginUrl: string): Promise<boolean> =>
  changing(control, id, async (tx) => (await updateLoginUrl(tx, id, loginUrl)).length > 0);

const changing = (control: Control, id: SyncId, change: (tx: Tx) => Promise<boolean>): Promise<boolean> =>
  control.db.transaction(async (tx) => {
    const changed = await change(tx);
    if (changed) await notify(tx, syncChannel, id);
    return changed;
  });

export const toSync = (row: SyncRow): Sync => ({
  id: row.sync_id,
  name: row.name,
  orgId: row.org_id,
  loginUrl: row.login_url,
  flow: row.flow,
  instanceUrl: row.instance_url,
  apiVersion: row.api_version,
  sobjects: row.sobjects,
  leaving: row.leaving,
  intervalMs: row.interval_ms,
  stopAtPercent: row.stop_at_percent,
  paused: row.paused,
  withoutDatabase: row.without_database,
  foreignKeys: row.foreign_keys,
  leftOut: row.left_out,
  isDeleting: row.is_deleting,
  isRecopying: row.is_recopying,
  epoch: row.epoch,
  destination: toDestination(
    { database: row.database_name, tableSchema: row.table_schema, revision: row.revision },
    row.address,
  ),
});
