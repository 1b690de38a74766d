import { openDatabase, type Tx } from '@lockstep/foundation/database';
import {
  type Control,
  changeSettings,
  checkSettings,
  type IsExpected,
  readSync,
  type Sync,
  type SyncChange,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { hostOf, type OwnDestination } from '../core/own-database.ts';
import { about } from '../core/wrong-members.ts';
import { addressOf, databaseFault, selectServerVersion } from '../postgres/index.ts';
import { withWriter } from './open-mirror.ts';

/**
 * Changes what is given, and returns the sync as it is then. Its worker learns of it at once.
 *
 * @throws {@link Fault} `LIM-05`: an interval or a percentage that no sync can have; `DB-19`: the mirror's server is too old
 *         for foreign keys, `DB-nn`: it does not say; `API-04`: the sync is not as expected just before the change;
 *         `SYS-18`: it is being deleted; `SYS-24`; `PRX-01`
 */
export async function changeSync(
  control: Control,
  sync: Sync,
  change: SyncChange,
  isExpected?: IsExpected,
): Promise<Sync> {
  await checkSyncChange(control, sync, change, isExpected);
  if (Object.keys(change).length > 0 && !(await changeSettings(control, sync.id, change, isExpected)))
    throw new Fault('PRX-01');
  return (await readSync(control, sync.id)) ?? sync;
}

/** The sync as it would be after {@link changeSync}, which is not done. @throws the same */
export async function checkSyncChange(
  control: Control,
  sync: Sync,
  change: SyncChange,
  isExpected?: IsExpected,
): Promise<Sync> {
  const current = await checkSettings(control, sync.id, change, isExpected);
  if (!current) throw new Fault('PRX-01');
  if (change.foreignKeys) await about('foreign_keys', () => refuseOldMirrorServer(control, current));
  return { ...current, ...change };
}

const refuseOldMirrorServer = (control: Control, sync: Sync): Promise<void> =>
  sync.destination.kind === 'private'
    ? refuseOldServer(control.db)
    : withWriter(control, sync, refuseOldServer);

/** In a database that no sync is in yet. @throws {@link Fault} `DB-19`, `DB-nn` */
export async function refuseOldServerAt(own: OwnDestination): Promise<void> {
  const address = addressOf(own, own.writer);
  const db = openDatabase({ ...address, applicationName: 'lockstep-setup', connectionsMax: 1 });
  try {
    await refuseOldServer(db);
  } catch (error) {
    throw databaseFault(error, hostOf(own)) ?? error;
  } finally {
    await db.end();
  }
}

/** @throws {@link Fault} `DB-19`: a server that has no foreign keys that refuse no row */
export async function refuseOldServer(db: Tx): Promise<void> {
  const [server] = await selectServerVersion(db);
  const major = Math.floor((server?.version ?? 0) / 10_000);
  if (major < 18) throw new Fault('DB-19', { reason: `version ${major}` });
}
