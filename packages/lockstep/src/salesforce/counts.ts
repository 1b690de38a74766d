/** How many records there are, for the progress of a backfill. */

import { assert } from '@lockstep/foundation/assert';
import { z } from 'zod';
import type { Salesforce } from './client.ts';
import { faultOf, parseJsonOrUndefined } from './faults.ts';
import { isApiName } from './soql.ts';

/** Keeps the URL far below Salesforce's maximum of 16,384 bytes. */
const namesMax = 150;

const countsSchema = z.object({
  sObjects: z.array(z.object({ name: z.string(), count: z.int().nonnegative() })),
});

/**
 * Approximate numbers of records by object, with one request per 150 objects. Salesforce leaves out objects without
 * records: their count is 0. Empty if Salesforce refuses to count.
 *
 * @throws Fault of a request that got no answer, or that a limit or a refused credential stopped
 */
export async function countRecords(
  salesforce: Salesforce,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  for (const name of names) assert(isApiName(name), 'objects are counted by their API name');
  const counts = new Map(names.map((name) => [name, 0]));
  for (let from = 0; from < names.length; from += namesMax) {
    const group = names.slice(from, from + namesMax);
    const path = `${salesforce.dataPath}/limits/recordCount?sObjects=${group.join(',')}`;
    const answer = await salesforce.request({ method: 'GET', path, purpose: 'setup' }, signal);
    if (answer.status !== 200) {
      const fault = faultOf(answer);
      // If only the counting fails, the backfill goes on without a percentage.
      if (fault.code === 'NET-01') return new Map();
      throw fault;
    }
    const read = countsSchema.safeParse(parseJsonOrUndefined(answer.text));
    if (!read.success) return new Map();
    for (const { name, count } of read.data.sObjects) counts.set(name, count);
  }
  return counts;
}
