import { type Database, openDatabase, sqlState } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import { type Control, openReader, type Sync } from '../control/index.ts';
import { Fault } from '../core/faults.ts';

/** Opens the mirror as its reader role sees it, for as long as the work takes. Table names need no schema. */
export async function withMirror<Result>(
  control: Control,
  sync: Sync,
  work: (mirror: Database) => Promise<Result>,
): Promise<Result> {
  const mirror = openDatabase({
    ...(await openReader(control, sync)),
    applicationName: 'lockstep command',
    connectionsMax: 1,
    settings: { search_path: sync.destination.tableSchema },
  });
  try {
    return await work(mirror);
  } finally {
    await mirror.end();
  }
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
