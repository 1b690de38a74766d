/**
 * Salesforce's own Ids of objects and fields, which stay when an administrator changes their names (Tooling API guide,
 * FieldDefinition, `DurableId`: "the value isn't guaranteed to stay the same from one release to the next", so a
 * different one proves nothing).
 */
import { assert } from '@lockstep/foundation/assert';
import { z } from 'zod';
import type { Salesforce } from './client.ts';
import { parseJsonOrUndefined } from './faults.ts';
import { isApiName, soqlString } from './soql.ts';

export interface DurableIds {
  object: string;
  /** By API name of the field. */
  fields: ReadonlyMap<string, string>;
}

const name = z.object({ QualifiedApiName: z.string(), DurableId: z.string().nullable() });
const fieldsSchema = z.object({
  done: z.literal(true),
  records: z.array(name.extend({ EntityDefinition: name })),
});
const objectsSchema = z.object({ done: z.literal(true), records: z.array(name) });

/**
 * One request. Both objects answer at most 2,000 rows, without further pages.
 *
 * @param sobjects  by API name
 * @returns by object; null: Salesforce does not tell
 */
export async function readDurableIds(
  salesforce: Salesforce,
  sobjects: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DurableIds> | null> {
  for (const sobject of sobjects) assert(isApiName(sobject), 'objects are named by their API name');
  const soql = `SELECT DurableId, QualifiedApiName, EntityDefinition.DurableId, EntityDefinition.QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName IN (${sobjects.map(soqlString).join(',')})`;
  const read = await ask(salesforce, soql, fieldsSchema, signal);
  if (!read) return null;
  const found = new Map<string, { object: string; fields: Map<string, string> }>();
  for (const { QualifiedApiName, DurableId, EntityDefinition: of } of read.records) {
    if (of.DurableId === null) continue;
    const ids = found.get(of.QualifiedApiName) ?? { object: of.DurableId, fields: new Map() };
    found.set(of.QualifiedApiName, ids);
    if (DurableId !== null) ids.fields.set(QualifiedApiName, DurableId);
  }
  return found;
}

/**
 * The present names of objects. One request.
 *
 * @returns by durable Id, without those that are gone; null: Salesforce does not tell
 */
export async function readNames(
  salesforce: Salesforce,
  durableIds: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | null> {
  const soql = `SELECT DurableId, QualifiedApiName FROM EntityDefinition WHERE DurableId IN (${durableIds.map(soqlString).join(',')})`;
  const read = await ask(salesforce, soql, objectsSchema, signal);
  return (
    read &&
    new Map(
      read.records.flatMap((one) => (one.DurableId === null ? [] : [[one.DurableId, one.QualifiedApiName]])),
    )
  );
}

async function ask<T>(
  salesforce: Salesforce,
  soql: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T | null> {
  const path = `${salesforce.dataPath}/query?q=${encodeURIComponent(soql)}`;
  const answer = await salesforce.request({ method: 'GET', path, purpose: 'setup' }, signal);
  const read = answer.status === 200 ? schema.safeParse(parseJsonOrUndefined(answer.text)) : null;
  return read?.success ? read.data : null;
}
