import { type Database, openDatabase, sqlState } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import {
  type Control,
  mirrorHost,
  openReader,
  openWriter,
  readSync,
  refuseChange,
  type Sync,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { databaseFault } from '../postgres/index.ts';

/**
 * Opens the mirror as its reader role sees it, for as long as the work takes. Table names need no schema.
 *
 * @throws {@link Fault} what the work throws; `SYS-18`, `PRX-01` if it fails because the sync is being deleted meanwhile
 */
export async function withMirror<Result>(
  control: Control,
  sync: Sync,
  work: (mirror: Database) => Promise<Result>,
): Promise<Result> {
  try {
    const address = await openReader(control, sync);
    const settings = { search_path: sync.destination.tableSchema };
    await using undo = new AsyncDisposableStack();
    const mirror = openDatabase({
      ...address,
      applicationName: 'lockstep command',
      connectionsMax: 1,
      settings,
    });
    undo.defer(() => mirror.end());
    return await work(mirror);
  } catch (error) {
    return refuseIfDeleted(control, sync, error);
  }
}

/** The mirror's logins are dropped before the sync's row. @throws {@link Fault} `SYS-18`, `PRX-01`, or the error */
async function refuseIfDeleted(control: Control, sync: Sync, error: unknown): Promise<never> {
  const current = await readSync(control, sync.id).catch(() => sync);
  if (!current) throw new Fault('PRX-01');
  refuseChange(current);
  throw error;
}

/**
 * The same for Lockstep's own views, which the mirror of an older version lacks until its sync has run.
 * @throws Fault `SYS-16`
 */
export async function withViews<Result>(
  control: Control,
  sync: Sync,
  work: (mirror: Database) => Promise<Result>,
): Promise<Result> {
  try {
    return await withMirror(control, sync, work);
  } catch (error) {
    if (!['42P01', '42703'].includes(sqlState(error) ?? '')) throw error;
    throw new Fault('SYS-16', { sync: shellWord(sync.name) });
  }
}

interface WriterSettings {
  statementTimeoutMs?: number;
}

/**
 * Opens the mirror as the sync's writer, for what is changed about it.
 *
 * @param settings  of the connection
 * @throws {@link Fault} `DB-nn`, `KEY-nn`, and what the work throws; `SYS-18`, `PRX-01` if it fails because the sync is
 *   being deleted meanwhile, whose logins go first
 */
export async function withWriter<Result>(
  control: Control,
  sync: Sync,
  work: (db: Database) => Promise<Result>,
  settings: WriterSettings = {},
): Promise<Result> {
  try {
    return await withWriterOfAny(control, sync, work, settings);
  } catch (error) {
    return refuseIfDeleted(control, sync, error);
  }
}

/** The same of a sync that may be being deleted, for its deletion. @throws {@link Fault} `DB-nn`, `KEY-nn` */
export async function withWriterOfAny<Result>(
  control: Control,
  sync: Sync,
  work: (db: Database) => Promise<Result>,
  settings: WriterSettings = {},
): Promise<Result> {
  const address = await openWriter(control, sync);
  const db = openDatabase({ ...address, applicationName: 'lockstep-setup', connectionsMax: 1, ...settings });
  try {
    return await work(db);
  } catch (error) {
    throw databaseFault(error, mirrorHost(control, sync)) ?? error;
  } finally {
    await db.end();
  }
}
