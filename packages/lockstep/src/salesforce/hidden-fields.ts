/** Which fields others may read and the user who asks may not: describe does not mention them. */
import { assert } from '@lockstep/foundation/assert';
import { z } from 'zod';
import type { Describe } from '../core/describe.ts';
import type { Salesforce } from './client.ts';
import { parseJsonOrUndefined } from './faults.ts';
import { isApiName } from './soql.ts';

const rowsSchema = z.object({ done: z.literal(true), records: z.array(z.object({ Field: z.string() })) });

/**
 * One request. FieldPermissions tells which fields profiles and permission sets let somebody read; since version 49.0
 * it needs View Setup and Configuration (Object Reference). Fields that every user sees are not in it.
 *
 * @param described  as the user sees the objects
 * @returns as `Account.Industry`, in the order of their names; null: Salesforce does not tell
 */
export async function readHiddenFields(
  salesforce: Salesforce,
  described: readonly Describe[],
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  if (described.length === 0) return [];
  for (const { name } of described) assert(isApiName(name), 'objects are named by their API name');
  const objects = described.map(({ name }) => `'${name}'`).join(',');
  const soql = `SELECT Field FROM FieldPermissions WHERE SobjectType IN (${objects}) AND PermissionsRead = true GROUP BY Field`;
  const path = `${salesforce.dataPath}/query?q=${encodeURIComponent(soql)}`;
  const answer = await salesforce.request({ method: 'GET', path, purpose: 'setup' }, signal);
  const read = answer.status === 200 ? rowsSchema.safeParse(parseJsonOrUndefined(answer.text)) : null;
  if (!read?.success) return null;
  const seen = new Set(
    described.flatMap(({ name, fields }) => fields.map((field) => `${name}.${field.name}`)),
  );
  return read.data.records
    .map(({ Field }) => Field)
    .filter((field) => !seen.has(field))
    .toSorted();
}
