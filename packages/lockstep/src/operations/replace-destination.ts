import type { Clock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import type { ReplaceDestination } from '../contract/destinations.ts';
import {
  type Control,
  type IsExpected,
  refuseChange,
  replaceDestination,
  type Sync,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { RequestError } from '../core/request-error.ts';
import { databaseFault, dropPrivateDatabase } from '../postgres/index.ts';
import { changeAlone } from './change-alone.ts';
import { destinationFrom, memberOf, refuseUnfit } from './given-destination.ts';
import { formerDatabase } from './make-destination.ts';

/**
 * Tests the database, which must hold the mirror of the sync already, and unless `isDryRun` lets the sync go on there.
 * The database that it leaves stays as it is.
 *
 * @throws RequestError: the first test that fails. Fault as {@link changeAlone}, `DB-nn`
 */
export async function replaceSyncDestination(
  { control, clock }: { control: Control; clock: Clock },
  sync: Sync,
  form: ReplaceDestination,
  { isDryRun, isExpected }: { isDryRun: boolean; isExpected?: IsExpected },
  signal: AbortSignal,
): Promise<void> {
  refuseChange(sync, isExpected);
  const to = await destinationFrom({ ...form, schema: sync.destination.tableSchema, share_schema: true });
  const wanted = { syncId: sync.id, tables: [], exists: true };
  const check = () => refuseUnfit(to, wanted, (name) => memberOf(form, name), { clock, signal });
  if (isDryRun) return check();
  await changeAlone(
    control,
    sync,
    async () => {
      await check();
      if (!(await replaceDestination(control, sync, to, isExpected))) throw new Fault('PRX-01');
    },
    isExpected,
  );
}

/**
 * Drops the private database that the sync has left, unless `isDryRun`.
 *
 * @returns its name
 * @throws RequestError: there is none; Fault as {@link changeAlone}, `DB-nn`
 */
export async function dropFormer(control: Control, sync: Sync, isDryRun: boolean): Promise<string> {
  const found = async (current: Sync) => {
    const database = await formerDatabase(control, current);
    if (database !== null) return database;
    throw new RequestError(`${current.name} has left no private database`, {
      kind: 'not found',
      next: `Where its mirror is: lockstep sync show --sync ${shellWord(current.name)}`,
    });
  };
  if (isDryRun) return found(sync);
  return changeAlone(control, sync, async (current) => {
    const database = await found(current);
    await dropPrivateDatabase(control.db, current.id).catch((error: unknown) => {
      throw databaseFault(error, control.host) ?? error;
    });
    return database;
  });
}
