import { isObject, printExact } from '@lockstep/foundation/exact-json';

/** How an answer of the simulated org is compared with a recorded one. Both are parsed with exact numbers. */
export interface Comparison {
  /** Whether the org's rows were loaded with this Id; any other is new in both orgs, and only its form can be equal. */
  isKnownId(id: string): boolean;
  /** The recording shows only part of the answer: other keys and list entries are ignored. */
  isCut?: boolean;
  /** Compares only keys, in any order, and types, since the values do not follow from the rows. */
  isShape?: boolean;
  /** Keys may come in any order. */
  isUnordered?: boolean;
  /** Keys that only one of the two orgs has, at any depth; ignored. */
  besides?: ReadonlySet<string>;
}

/** The differences, one a line, with their place in the answer; empty if there is none. */
export function differences(recorded: unknown, given: unknown, how: Comparison, place = '$'): string[] {
  if (Array.isArray(recorded) && Array.isArray(given)) return listDifferences(recorded, given, how, place);
  if (isObject(recorded) && isObject(given)) return objectDifferences(recorded, given, how, place);
  return isAlike(recorded, given, how)
    ? []
    : [`${place}: recorded ${shown(recorded)}, given ${shown(given)}`];
}

function listDifferences(recorded: unknown[], given: unknown[], how: Comparison, place: string): string[] {
  if (how.isShape) {
    const [first] = given;
    return recorded.length === 0 || first === undefined
      ? []
      : differences(recorded[0], first, how, `${place}[0]`);
  }
  if (!how.isCut && recorded.length !== given.length)
    return [`${place}: recorded ${recorded.length} entries, given ${given.length}`];
  // No recorded query has an ORDER BY, so the org may order its records as it likes.
  const [left, right] = [inOrder(recorded), inOrder(given)];
  return left.flatMap((entry, i) => {
    const name = nameOf(entry);
    const other = how.isCut && name !== undefined ? right.find((one) => nameOf(one) === name) : right[i];
    return differences(entry, other, how, `${place}[${name ?? i}]`);
  });
}

const urlOf = (record: unknown): string | undefined => {
  const attributes = isObject(record) ? record.attributes : undefined;
  return isObject(attributes) && typeof attributes.url === 'string' ? attributes.url : undefined;
};
const nameOf = (entry: unknown): string | undefined =>
  isObject(entry) && typeof entry.name === 'string' ? entry.name : undefined;
const inOrder = (list: unknown[]): unknown[] =>
  list.every((entry) => urlOf(entry) !== undefined || nameOf(entry) !== undefined)
    ? list.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    : list;
const sortKey = (entry: unknown): string => urlOf(entry) ?? nameOf(entry) ?? '';

function objectDifferences(
  recorded: Record<string, unknown>,
  given: Record<string, unknown>,
  how: Comparison,
  place: string,
): string[] {
  const counts = (key: string) => how.besides?.has(key) !== true;
  const theirs = Object.keys(recorded).filter(counts);
  const ours = Object.keys(given).filter((key) => counts(key) && (!how.isCut || key in recorded));
  // The same error was recorded with its two keys in either order.
  const isUnordered = 'errorCode' in recorded || how.isShape || how.isUnordered;
  const isSame = isUnordered
    ? theirs.toSorted().join() === ours.toSorted().join()
    : theirs.join() === ours.join();
  const keys = isSame ? [] : [keyDifference(theirs, ours, place)];
  const values = theirs.filter((key) => key in given);
  return [
    ...keys,
    ...values.flatMap((key) => differences(recorded[key], given[key], how, `${place}.${key}`)),
  ];
}

function keyDifference(theirs: readonly string[], ours: readonly string[], place: string): string {
  const missing = theirs.filter((key) => !ours.includes(key));
  const added = ours.filter((key) => !theirs.includes(key));
  if (missing.length + added.length > 0)
    return `${place}: keys missing [${missing.join(', ')}], keys added [${added.join(', ')}]`;
  return `${place}: keys recorded in the order [${theirs.join(', ')}], given as [${ours.join(', ')}]`;
}

const idText = /^[A-Za-z0-9]{18}$/;

function isAlike(recorded: unknown, given: unknown, how: Comparison): boolean {
  if (printed(recorded) === printed(given)) return true;
  if (how.isShape) return recorded === null || given === null || kindOf(recorded) === kindOf(given);
  if (typeof recorded !== 'string' || typeof given !== 'string') return false;
  if (idText.test(recorded) && !how.isKnownId(recorded))
    return idText.test(given) && given.slice(0, 3) === recorded.slice(0, 3);
  if (/^"[0-9a-f]{8}"$/.test(recorded)) return /^"[0-9a-f]{8}"$/.test(given);
  return isHttpDate(recorded) && isHttpDate(given);
}

const isHttpDate = (text: string): boolean =>
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(text);
const printed = (value: unknown): string => printExact(value, (text) => text);
const kindOf = (value: unknown): string =>
  Array.isArray(value)
    ? 'list'
    : isObject(value)
      ? 'object'
      : /^-?\d/.test(printed(value))
        ? 'number'
        : typeof value;
const shown = (value: unknown): string => (value === undefined ? 'nothing' : printed(value).slice(0, 200));
