import { sqlState, type Tx } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import type { Credential } from '../core/credential.ts';
import { Fault } from '../core/faults.ts';
import { isSyncId, type SyncId } from '../core/ids.ts';
import type { OwnDestination } from '../core/own-database.ts';
import { destinationNames } from '../postgres/index.ts';
import { recordDecision } from './activity.ts';
import { type IsExpected, lockForChange } from './change-lock.ts';
import { clearRefusal, insertCredential } from './credential-sql.ts';
import { sealCredential } from './credentials.ts';
import { type Control, keyOf } from './database.ts';
import { insertDestination } from './destination-sql.ts';
import { type DestinationSecrets, sealedDestination } from './destinations.ts';
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
  selectSyncByNameOrId,
  selectSyncIds,
  selectSyncs,
  selectSyncsById,
  syncChannel,
  updateApiVersion,
  updateLoginUrl,
  updateSync,
} from './sql.ts';
import { type Sync, toSync } from './stored-sync.ts';
import { insertStreams } from './stream-sql.ts';

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
 * @throws {@link Fault} `CFG-03`: the name is taken; `CFG-01`: it has the form of an id; `LIM-05`
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
    throw new Fault('CFG-03', { reason: `A sync named ${JSON.stringify(sync.name)} already exists` });
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
  if (isBegun) recordDecision(control, id, { kind: 'state', event: 'paused' });
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
  isExpected?: IsExpected,
): Promise<boolean> {
  let wasPaused = false;
  const isChanged = await changing(control, id, async (tx) => {
    wasPaused = (await changeable(tx, id, change, isExpected))?.paused ?? false;
    await clearRefusal(tx, id);
    return (await updateSync(tx, id, change)).length > 0;
  });
  const isPaused = change.paused ?? wasPaused;
  if (isChanged && isPaused !== wasPaused)
    recordDecision(control, id, { kind: 'state', event: isPaused ? 'paused' : 'resumed' });
  return isChanged;
}

/** The sync as it is, if {@link changeSettings} would change it; null: there is none. @throws the same */
export const checkSettings = (
  control: Control,
  id: SyncId,
  change: SyncChange,
  isExpected?: IsExpected,
): Promise<Sync | null> => control.db.transaction((tx) => changeable(tx, id, change, isExpected));

async function changeable(
  tx: Tx,
  id: SyncId,
  change: SyncChange,
  isExpected?: IsExpected,
): Promise<Sync | null> {
  checkChange(change);
  const current = await lockForChange(tx, id, isExpected);
  if (current?.isRecopying && change.paused === false)
    throw new Fault('SYS-24', { sync: shellWord(current.name) });
  return current;
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
 * @throws {@link Fault} `SYS-18`: it is being deleted; `API-04`: it is not as expected
 */
export async function changeApiVersion(
  control: Control,
  id: SyncId,
  apiVersion: string,
  { code = null, isExpected }: { code?: 'VER-02' | null; isExpected?: IsExpected | undefined } = {},
): Promise<boolean> {
  const isChanged = await changing(control, id, async (tx) => {
    await lockForChange(tx, id, isExpected);
    return (await updateApiVersion(tx, id, apiVersion)).length > 0;
  });
  if (isChanged) recordDecision(control, id, { kind: 'org', event: 'API version', detail: apiVersion, code });
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
