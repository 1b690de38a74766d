/** Objects that are added to a sync or removed from it; its other tables keep their pace. */
import type { Database } from '@lockstep/foundation/database';
import { shellWord } from '@lockstep/foundation/shell-words';
import {
  addStreams,
  type Control,
  refuseChange,
  refuseLast,
  removeStream,
  type Sync,
} from '../control/index.ts';
import type { Describe } from '../core/describe.ts';
import { fieldChoiceKey, withoutLeftOut } from '../core/field-choice.ts';
import { neededParentOf } from '../core/object-restrictions.ts';
import type { Report } from '../core/progress.ts';
import { RequestError } from '../core/request-error.ts';
import { refusalOf, together } from '../core/wrong-members.ts';
import {
  countKeptRows,
  createTable,
  isLockTimeout,
  loadTableNames,
  planTables,
  readDependents,
  refuseTakenName,
  type TablePlan,
} from '../postgres/index.ts';
import { changeAlone } from './change-alone.ts';
import { chosenObjects } from './chosen-objects.ts';
import { describeAll, objectsNamed } from './describe-all.ts';
import type { TryDeps } from './given-credential.ts';
import { withWriter } from './open-mirror.ts';
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
 * @throws as {@link describeAll}; Fault `SYS-18`, `DB-nn`, `SF-nn`; `SYS-23`; {@link RequestError}: an object is being removed at this moment, or a query uses the table
 *         that it had before
 */
export async function addObjects(
  { control, clock, log }: TryDeps,
  sync: Sync,
  wanted: readonly string[],
  { allowHosts, isDryRun, report }: { allowHosts: readonly string[]; isDryRun: boolean; report?: Report },
  signal: AbortSignal,
): Promise<AddedObjects> {
  refuseChange(sync);
  refuseLeaving(sync, wanted);
  const missing = objectsNamed(wanted).filter(({ name }) => !mirrors(sync, name));
  if (missing.length === 0) return { plans: [], described: [] };
  try {
    const all = await withSalesforceOf({ control, clock, log }, sync, allowHosts, (salesforce) =>
      describeAll(salesforce, missing, sync.sobjects, signal, report),
    );
    const found = { describes: all, apiVersion: sync.apiVersion };
    if (isDryRun) return await withWriter(control, sync, (db) => planObjects(db, sync, found));
    return await changeAlone(control, sync, async (current) => {
      refuseLeaving(current, wanted);
      return withWriter(control, current, (db) => makeObjects(control, db, current, found, report));
    });
  } catch (error) {
    if (isLockTimeout(error))
      throw new RequestError('A query uses a table that one of the objects had before', {
        kind: 'not healthy',
        next: 'Repeat it when the query has ended.',
      });
    throw error;
  }
}

const mirrors = ({ sobjects }: Sync, name: string) =>
  sobjects.some((sobject) => sobject.toLowerCase() === name.toLowerCase());

function refuseLeaving(sync: Sync, wanted: readonly string[]): void {
  const leaving = new Map(sync.leaving.map(({ sobject }) => [sobject.toLowerCase(), sobject]));
  const [first, ...others] = objectsNamed(wanted).flatMap(({ name, field }) => {
    const sobject = leaving.get(name.toLowerCase());
    return sobject === undefined ? [] : [refusalOf(field, beingRemoved(sync, sobject))];
  });
  if (first) throw together([first, ...others]);
}

const beingRemoved = ({ name }: Sync, sobject: string) =>
  new RequestError(`${sobject} is just being removed from ${name}`, {
    kind: 'not healthy',
    next: `Repeat it when the sync has let its table go: lockstep status --sync ${shellWord(name)}`,
  });

/** What Salesforce says of the objects, in the version in which it was asked. */
interface Found {
  describes: readonly Describe[];
  apiVersion: string;
}

/** Those of them that the sync does not mirror yet. @throws Fault `DB-10`: the name of a table is taken */
async function planObjects(db: Database, sync: Sync, { describes }: Found): Promise<AddedObjects> {
  const missing = describes.filter(({ name }) => !mirrors(sync, name));
  const described = missing.map((describe) => withoutLeftOut(describe, sync.leftOut));
  const plans = planTables(described, await loadTableNames(db));
  for (const plan of plans) await refuseTakenName(db, sync.destination.tableSchema, plan);
  return { plans, described };
}

async function makeObjects(
  control: Control,
  db: Database,
  sync: Sync,
  found: Found,
  report?: Report,
): Promise<AddedObjects> {
  const { plans, described } = await planObjects(db, sync, found);
  const describedFor = fieldChoiceKey({ leftOut: sync.leftOut, apiVersion: found.apiVersion });
  for (const [place, plan] of plans.entries()) {
    report?.({ step: 'making tables', done: place, of: plans.length });
    await db.transaction(async (tx) => {
      const { tableSchema } = sync.destination;
      const stream = await createTable(tx, tableSchema, plan, described[place], describedFor);
      await countKeptRows(tx, stream);
    });
  }
  const sobjects = plans.map(({ sobject }) => sobject);
  await addStreams(control, sync.id, sobjects);
  return { plans, described };
}

/**
 * Removes an object. Its table stays as it is unless `dropsTable`; a table that something of somebody else's depends on
 * stays in any case.
 *
 * @throws {@link RequestError}: the sync does not mirror it, or is just letting it go; Fault `CFG-01`: it is the only
 *         one; `SYS-18`
 */
export async function removeObject(
  control: Control,
  sync: Sync,
  named: string,
  dropsTable: boolean,
): Promise<string> {
  const [sobject = named] = chosenObjects(sync, [named]);
  refuseParent(sync, sobject);
  const isRemoved = await removeStream(control, sync.id, sobject, dropsTable ? 'drop table' : 'keep table');
  if (!isRemoved) throw beingRemoved(sync, sobject); // by somebody else, who may have decided otherwise on its table
  return sobject;
}

/** Refuses to remove the object by whose records another one is read. */
function refuseParent({ name, sobjects }: Sync, sobject: string): void {
  const child = sobjects.find((one) => neededParentOf(one) === sobject);
  if (child === undefined) return;
  throw new RequestError(`${child} is read by the records of ${sobject}`, {
    kind: 'usage',
    next: `Remove that first: lockstep objects remove ${child} --sync ${shellWord(name)}`,
  });
}

/** What {@link removeObject} would do. @throws the same */
export async function checkRemoval(
  control: Control,
  sync: Sync,
  named: string,
  dropsTable: boolean,
): Promise<{ object: string; drops_table: boolean; dependents: string[] }> {
  refuseChange(sync);
  const [object = named] = chosenObjects(sync, [named]);
  refuseLast(sync.sobjects, object);
  refuseParent(sync, object);
  const dependents = await withWriter(control, sync, (db) => readDependents(db, object));
  return { object, drops_table: dropsTable && dependents.length === 0, dependents };
}
