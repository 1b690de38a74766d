/** Objects that are added to a sync or removed from it; its other tables keep their pace. */
import { openDatabase } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import {
  addStreams,
  type Control,
  mirrorHost,
  openWriter,
  removeStream,
  type Sync,
} from '../control/index.ts';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { fieldChoiceKey, withoutLeftOut } from '../core/field-choice.ts';
import { RequestError } from '../core/request-error.ts';
import {
  countKeptRows,
  createTable,
  databaseFault,
  loadTableNames,
  planTables,
  type TablePlan,
} from '../postgres/index.ts';
import { chosenObjects } from './chosen-objects.ts';
import { describeAll } from './describe-all.ts';
import type { TryDeps } from './given-credential.ts';
import { withSalesforceOf } from './with-salesforce.ts';

export interface AddedObjects {
  plans: readonly TablePlan[];
  described: readonly Describe[];
}

/**
 * Adds objects, and unless `isDryRun` makes their tables; the worker copies them. Those that are there already are left
 * alone.
 *
 * @param wanted  API names, in any letter case
 * @throws Fault `SCH-09`: there is no such object; `SCH-06`: it cannot be read page by page; `SYS-18`, `DB-nn`, `SF-nn`;
 *         {@link RequestError}: the object is being removed at this moment
 */
export async function addObjects(
  { control, clock, log }: TryDeps,
  sync: Sync,
  wanted: readonly string[],
  { allowHosts, isDryRun }: { allowHosts: readonly string[]; isDryRun: boolean },
  signal: AbortSignal,
): Promise<AddedObjects> {
  refuseLeaving(sync, wanted);
  const known = new Set(sync.sobjects.map((sobject) => sobject.toLowerCase()));
  const missing = wanted.filter((name) => !known.has(name.trim().toLowerCase()));
  if (missing.length === 0) return { plans: [], described: [] };
  try {
    const all = await withSalesforceOf({ control, clock, log }, sync, allowHosts, (salesforce) =>
      describeAll(salesforce, missing, signal),
    );
    const described = all.map((describe) => withoutLeftOut(describe, sync.leftOut));
    const plans = await makeTables(control, sync, described, isDryRun);
    if (!isDryRun) {
      const sobjects = plans.map(({ sobject }) => sobject);
      await addStreams(control, sync.id, sobjects);
    }
    return { plans, described };
  } catch (error) {
    throw error instanceof Fault ? error : (databaseFault(error, mirrorHost(control, sync)) ?? error);
  }
}

function refuseLeaving({ name, leaving }: Sync, wanted: readonly string[]): void {
  const names = new Set(wanted.map((one) => one.trim().toLowerCase()));
  const [one] = leaving.filter(({ sobject }) => names.has(sobject.toLowerCase()));
  if (!one) return;
  throw new RequestError(`${one.sobject} is just being removed from ${name}`, {
    kind: 'not healthy',
    next: `Repeat it when the sync has let its table go: lockstep status --sync ${shellWord(name)}`,
  });
}

async function makeTables(
  control: Control,
  sync: Sync,
  described: readonly Describe[],
  isDryRun: boolean,
): Promise<TablePlan[]> {
  const { tableSchema } = sync.destination;
  const db = openDatabase({
    ...(await openWriter(control, sync)),
    applicationName: 'lockstep-setup',
    connectionsMax: 1,
  });
  try {
    const plans = planTables(described, await loadTableNames(db));
    if (isDryRun) return plans;
    for (const [place, plan] of plans.entries()) {
      await db.transaction(async (tx) => {
        const stream = await createTable(tx, tableSchema, plan, described[place], fieldChoiceKey(sync));
        await countKeptRows(tx, stream);
      });
    }
    return plans;
  } finally {
    await db.end();
  }
}

/**
 * Removes an object. Its table stays as it is unless `dropsTable`; a table that something of somebody else's depends on
 * stays in any case.
 *
 * @throws {@link RequestError}: the sync does not mirror it; Fault `CFG-01`: it is the only one
 */
export async function removeObject(
  control: Control,
  sync: Sync,
  named: string,
  dropsTable: boolean,
): Promise<string> {
  const [sobject = named] = chosenObjects(sync, [named]);
  await removeStream(control, sync.id, sobject, dropsTable ? 'drop table' : 'keep table');
  return sobject;
}
