import assert from 'node:assert/strict';
import { ExactNumber } from '@lockstep/foundation/exact-json';
import type { TestOrg } from '@lockstep/harness/org';
import { readRecorded } from '@lockstep/harness/recorded-fixtures';

/** A describe, recorded or answered by the simulated org, and the differences between two. */
export type Facts = Record<string, unknown>;

export interface Field extends Facts {
  name: string;
  type: string;
}

export interface Describe extends Facts {
  name: string;
  fields: Field[];
  childRelationships: { childSObject: string; field: string }[];
  urls: Facts;
}

/** One fact that differs between the simulated org and the recording. */
export interface Difference {
  /** `Account`, `Account.Name`, `Account < Contact.AccountId`. */
  place: string;
  key: string;
  recorded: unknown;
  given: unknown;
}

/** Every number in a describe fits into a double. */
export const readFacts = (path: string): unknown =>
  JSON.parse(JSON.stringify(readRecorded(path), plainNumber)) as unknown;
const plainNumber = (_key: string, value: unknown): unknown =>
  value instanceof ExactNumber ? Number(value.source) : value;

export async function describeOf(org: TestOrg, sobject: string, version: string): Promise<Describe> {
  const { status, json } = await org.request('GET', `/services/data/${version}/sobjects/${sobject}/describe`);
  assert.equal(status, 200, sobject);
  return json as Describe;
}

export function compareFacts(place: string, recorded: Facts, given: Facts): Difference[] {
  const keys = new Set([...Object.keys(recorded), ...Object.keys(given)]);
  return [...keys]
    .filter((key) => JSON.stringify(recorded[key]) !== JSON.stringify(given[key]))
    .map((key) => ({ place, key, recorded: recorded[key], given: given[key] }));
}

/** Compares entries with the same name fact by fact; an entry in only one list is a difference with key `what`. */
export function compareNamed<Entry extends object>(
  recorded: readonly Entry[],
  given: readonly Entry[],
  what: string,
  nameOf: (entry: Entry) => string,
): Difference[] {
  const theirs = new Map(recorded.map((entry) => [nameOf(entry), entry]));
  const ours = new Map(given.map((entry) => [nameOf(entry), entry]));
  return [...new Set([...theirs.keys(), ...ours.keys()])].flatMap((place) => {
    const [there, here] = [theirs.get(place), ours.get(place)];
    if (there && here) return compareFacts(place, there as Facts, here as Facts);
    return [{ place, key: what, recorded: there && 'there', given: here && 'there' }];
  });
}

/** One line for each difference. */
export const table = (differences: readonly Difference[]): string =>
  differences
    .map(
      ({ place, key, recorded, given }) =>
        `${place} ${key}: recorded ${shown(recorded)}, given ${shown(given)}`,
    )
    .join('\n');

const shown = (value: unknown): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 160);
