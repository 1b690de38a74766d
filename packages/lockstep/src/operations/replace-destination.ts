import type { Clock } from '@lockstep/foundation/clock';
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
import { changeAlone } from './change-alone.ts';
import { destinationFrom, memberOf, refuseUnfit } from './given-destination.ts';

/**
 * Tests the database, which must hold the mirror of the sync already, and unless `isDryRun` lets the sync go on there.
 *
 * @throws RequestError: the first test that fails; the mirror is in a private database. Fault as {@link changeAlone}, `DB-nn`
 */
export async function replaceSyncDestination(
  { control, clock }: { control: Control; clock: Clock },
  sync: Sync,
  form: ReplaceDestination,
  { isDryRun, isExpected }: { isDryRun: boolean; isExpected?: IsExpected },
  signal: AbortSignal,
): Promise<void> {
  refuseChange(sync, isExpected);
  if (sync.destination.kind === 'private')
    throw new RequestError(`The mirror of ${sync.name} is in a private database on Lockstep's own server`, {
      kind: 'not allowed',
      next: 'Start Lockstep with the new address of that server in DATABASE_URL.',
    });
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
