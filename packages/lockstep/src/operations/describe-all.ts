import { nearNames } from '@lockstep/foundation/near-names';
import { recommendedObjects } from '../contract/org-objects.ts';
import { type Describe, unreadableBecause } from '../core/describe.ts';
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

export interface SkippedObject {
  object: string;
  /** A sentence about it, without its full stop. */
  reason: string;
}

export interface Readable {
  described: readonly Describe[];
  skipped: readonly SkippedObject[];
}

/**
 * The descriptions of the usual objects, apart from those that the org does not have or the user cannot read.
 * @throws {@link Fault} `CFG-01`: none is left
 */
export async function describeRecommended(salesforce: Salesforce, signal: AbortSignal): Promise<Readable> {
  const readable = await readableOf(salesforce, recommendedObjects, signal);
  if (readable.described.length > 0) return readable;
  throw new Fault('CFG-01', { reason: 'The user can read none of the usual objects: name some.' });
}

/** The descriptions of those of the objects that can be mirrored, and why the others cannot. */
export async function readableOf(
  salesforce: Salesforce,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<Readable> {
  const known = new Map((await listSObjects(salesforce, signal)).map((sobject) => [sobject.name, sobject]));
  const names = wanted.filter((name) => unreadableIn(known.get(name)) === null);
  const all = names.length === 0 ? [] : await describeSObjects(salesforce, names, signal);
  const described = all.filter((describe) => unreadableBecause(describe) === null);
  const byName = new Map(all.map((describe) => [describe.name, describe]));
  const skipped = wanted.flatMap((object) => {
    const reason = unreadableIn(byName.get(object) ?? known.get(object));
    return reason === null ? [] : [{ object, reason }];
  });
  return { described, skipped };
}

function unreadableIn(sobject: Parameters<typeof unreadableBecause>[0] | undefined): string | null {
  if (!sobject) return 'the org does not have it, or does not show it to the user';
  const reason = unreadableBecause(sobject);
  return reason === null ? null : `it ${reason}`;
}
