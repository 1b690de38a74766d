import { nearNames } from '@lockstep/foundation/near-names';
import { recommendedObjects } from '../contract/org-objects.ts';
import { type Describe, unreadableBecause } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import { neededParentOf } from '../core/object-restrictions.ts';
import type { Report } from '../core/progress.ts';
import { about, refusalOf, tryAll } from '../core/wrong-members.ts';
import { describeEach, describeSObjects, listSObjects, type Salesforce } from '../salesforce/index.ts';

/** An object that a request names. */
export interface NamedObject {
  /** In any letter case. */
  name: string;
  /** The member of the request that names it. */
  field: string;
}

/** Those of the member `objects`. */
export const objectsNamed = (names: readonly string[]): NamedObject[] =>
  names.map((name, place) => ({ name: name.trim(), field: `objects.${place}` }));

/**
 * The descriptions of objects that a person has named, each once.
 *
 * @param mirrored  API names of those that the sync has already; null: they are not for a sync
 * @throws RequestError with all that cannot be taken, each at its member: `CFG-01`: none is named; `SCH-09`: the org has no such object, with similar names; `SCH-06`: it cannot be read page by page; `SCH-13`: another one is missing that it needs; `PERM-02`
 */
export async function describeAll(
  salesforce: Salesforce,
  wanted: readonly NamedObject[],
  mirrored: readonly string[] | null,
  signal: AbortSignal,
  report?: Report,
): Promise<readonly Describe[]> {
  const known = await listSObjects(salesforce, signal);
  const byName = new Map(known.map(({ name }) => [name.toLowerCase(), name]));
  const unique = new Map(wanted.toReversed().map((one) => [one.name.toLowerCase(), one]));
  const named = wanted.filter((one) => one.name !== '' && unique.get(one.name.toLowerCase()) === one);
  if (named.length === 0) throw noObject('A sync needs at least one object.');
  const there = named.flatMap(({ name }) => byName.get(name.toLowerCase()) ?? []);
  const onDone = (done: number) => report?.({ step: 'describing objects', done, of: there.length });
  const all = await describeEach(salesforce, there, signal, onDone);
  const described = new Map(all.map((one, place) => [there[place], one]));
  const together = mirrored && new Set([...mirrored, ...there]);
  return tryAll(
    named.map(({ name, field }) => () => {
      const found = byName.get(name.toLowerCase());
      return about(field, () => {
        const one = usable(described.get(found) ?? unknownObject(name, [...byName.values()]));
        if (together) refuseWithoutParent(one, together);
        return one;
      });
    }),
  );
}

function refuseWithoutParent({ name }: Describe, together: ReadonlySet<string>): void {
  const parent = neededParentOf(name);
  if (parent !== null && !together.has(parent)) throw new Fault('SCH-13', { stream: name, where: parent });
}

const noObject = (reason: string) => refusalOf('objects', new Fault('CFG-01', { reason }));

function usable(described: Describe | Fault): Describe {
  if (described instanceof Fault) throw described;
  const reason = unreadableBecause(described);
  if (reason !== null) throw new Fault('SCH-06', { stream: described.name, reason });
  return described;
}

function unknownObject(name: string, known: readonly string[]): Fault {
  const near = nearNames(name, known);
  return new Fault('SCH-09', {
    stream: name.slice(0, 80),
    near: near.length > 0 ? ` Near: ${near.join(', ')}.` : '',
  });
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
 * @throws RequestError about `objects`: `CFG-01`: none is left
 */
export async function describeRecommended(salesforce: Salesforce, signal: AbortSignal): Promise<Readable> {
  const readable = await readableOf(salesforce, recommendedObjects, signal);
  if (readable.described.length > 0) return readable;
  throw noObject('The user can read none of the usual objects: name some.');
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
