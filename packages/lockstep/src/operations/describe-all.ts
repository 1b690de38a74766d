import { nearNames } from '@lockstep/foundation/near-names';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { describeSObjects, listSObjects, type Salesforce } from '../salesforce/index.ts';

/**
 * The descriptions of objects that a person has named, in any letter case, each once.
 * @throws {@link Fault} `CFG-01`: none is named; `SCH-09`: the org has no such object, with similar names
 */
export async function describeAll(
  salesforce: Salesforce,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<readonly Describe[]> {
  const known = await listSObjects(salesforce, signal);
  const byName = new Map(known.map((sobject) => [sobject.name.toLowerCase(), sobject.name]));
  const unique = [...new Set(wanted.map((name) => name.trim().toLowerCase()))].filter((name) => name !== '');
  if (unique.length === 0) throw new Fault('CFG-01', { reason: 'A sync needs at least one object.' });
  const names = unique.map((name) => {
    const found = byName.get(name);
    if (found) return found;
    const asWritten = wanted.find((one) => one.trim().toLowerCase() === name) ?? name;
    const near = nearNames(asWritten, [...byName.values()]);
    throw new Fault('SCH-09', {
      stream: asWritten.slice(0, 80),
      near: near.length > 0 ? ` Near: ${near.join(', ')}.` : '',
    });
  });
  return describeSObjects(salesforce, names, signal);
}
