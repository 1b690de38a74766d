/** Checks the objects and records that a user names. */

import { nearNames } from '@lockstep/foundation/near-names';
import type { Sync } from '../control/index.ts';
import { type RecordId, toRecordId } from '../core/ids.ts';
import { RequestError, usageError } from '../core/request-error.ts';

/**
 * The objects in the sync's own spelling, whatever their letter case; each once.
 * @throws {@link RequestError} that names all objects that the sync does not mirror
 */
export function chosenObjects(
  { name, sobjects }: Pick<Sync, 'name' | 'sobjects'>,
  words: readonly string[],
): string[] {
  const known = new Map(sobjects.map((sobject) => [sobject.toLowerCase(), sobject]));
  const unknown = words.filter((word) => !known.has(word.toLowerCase()));
  if (unknown.length > 0) {
    const told = unknown.map((word) => {
      const near = nearNames(word, sobjects);
      return `${JSON.stringify(word.slice(0, 80))}${near.length > 0 ? ` (near: ${near.join(', ')})` : ''}`;
    });
    throw new RequestError(`${name} does not mirror ${told.join(', ')}`, {
      kind: 'not found',
      next: `It mirrors: ${sobjects.join(', ')}`,
    });
  }
  return [...new Set(words.flatMap((word) => known.get(word.toLowerCase()) ?? []))];
}

/**
 * The Ids in their 18-character form, each once. The last three characters of a long Id encode its letter case: if they
 * do not match, something has altered the Id on its way.
 * @throws a usage error that names all words that are no Id
 */
export function chosenRecords(words: readonly string[], help: string): RecordId[] {
  const ids = words.map((word) => ({ word, id: toRecordId(word) }));
  const wrong = ids.filter(({ word, id }) => id === undefined || (word.length === 18 && word !== id));
  if (wrong.length > 0) {
    const named = wrong.map(({ word }) => JSON.stringify(word.slice(0, 40))).join(', ');
    throw usageError(`Not a record Id: ${named}. An Id has 15 or 18 characters and is case-sensitive`, help);
  }
  return [...new Set(ids.flatMap(({ id }) => id ?? []))];
}
