import type { Tx } from '@lockstep/foundation/database';
import { ExactNumber } from '@lockstep/foundation/exact-json';
import { z } from 'zod';
import { refused } from '../http/errors.ts';
import { type Org, type Writer } from '../org.ts';
import { hasColumn, type SObjectDef, sobjectOfId } from '../schema/schema.ts';
import { deleteRecord, insertRecord, updateRecord } from '../write/dml.ts';
import { type ColumnValues, columnValues } from '../write/field-values.ts';
import { parseId } from '../write/ids.ts';
import { undeleteRecord } from '../write/recycle-bin.ts';
import { sobjectNamed, userIdOf } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { instant, userName } from './named-in-requests.ts';

/** Writes through the control API: any records, as any user, with any stamp. */
export const recordIdText = z.string().describe('An Id of 15 or 18 characters.');

export const fieldValues = z
  .record(z.string(), z.unknown())
  .describe('Values by field name; give a number that must keep all its digits as text.');

const write = z.union([
  z.strictObject({ create: z.string().describe('The sobject.'), values: fieldValues }),
  z.strictObject({ update: recordIdText, values: fieldValues }),
  z.strictObject({ delete: recordIdText }),
  z.strictObject({ undelete: recordIdText }),
]);

export const writesBody = z.strictObject({
  as: userName.optional(),
  at: instant.optional().describe('The stamp of the writes, instead of now.'),
  writes: z.array(write).min(1).max(10_000),
});

export const writerOf = (org: Org, { as, at }: z.output<typeof writesBody>): Writer => ({
  org,
  userId: userIdOf(org, as),
  ...(at !== undefined && { at }),
});

/** Runs the writes in order and returns the Ids that were written. */
export async function runWrites(
  tx: Tx,
  by: Writer,
  writes: z.output<typeof writesBody>['writes'],
): Promise<string[]> {
  const ids: string[] = [];
  for (const one of writes) ids.push(await run(tx, by, one));
  return ids;
}

async function run(tx: Tx, by: Writer, one: z.output<typeof write>): Promise<string> {
  const { org } = by;
  if ('create' in one) {
    const def = sobjectNamed(org, one.create);
    return insertRecord(tx, by, def, columnValues(def, exactValues(one.values), 'create'));
  }
  const id = idOf('update' in one ? one.update : 'delete' in one ? one.delete : one.undelete);
  const def = definitionOf(org, id);
  if ('update' in one)
    await updateRecord(tx, by, def, id, columnValues(def, exactValues(one.values), 'update'));
  else if ('undelete' in one) await undeleteRecord(tx, by, id);
  else {
    if (!def.deletable) throw new ControlError(400, `a record of ${def.name} cannot be deleted`);
    await deleteRecord(tx, by, def, id);
  }
  return id;
}

/** JSON numbers in the form that the fields parse. */
export const exactValues = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'number' ? new ExactNumber(String(value)) : value,
    ]),
  );

/** The values of an update, including fields that no client may write, as the org itself would change them. */
export function anyValues(def: SObjectDef, values: Record<string, unknown>): ColumnValues {
  const fields = def.fields.map((field) => ({
    ...field,
    updateable: hasColumn(field) && field.type !== 'id',
  }));
  const given = columnValues({ ...def, fields }, exactValues(values), 'update');
  return new Map(
    [...given].map(([field, value]) => {
      if (typeof value !== 'object' || value === null) return [field, value];
      throw new ControlError(400, `${field.name}: give the Id of the record that it points to`);
    }),
  );
}

export function idOf(text: string): string {
  const id = parseId(text);
  if (!id) throw refused('MALFORMED_ID', `malformed id ${text}`);
  return id;
}

/** @throws {@link ControlError} for an Id of an sobject that the org does not have */
export function definitionOf(org: Org, id: string): SObjectDef {
  const def = sobjectOfId(org, id);
  if (def) return def;
  throw new ControlError(404, `${id} belongs to no sobject of this org: check its first three characters`);
}
