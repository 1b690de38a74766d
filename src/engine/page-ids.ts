import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';

/**
 * The Ids that were asked for and did not come. Absence counts only in a complete answer; one that was cut short
 * says nothing about the rest.
 */
export function absentIds(ids: readonly RecordId[], page: Page): readonly RecordId[] {
  if (!page.done) return [];
  const returned = new Set<string>(recordIds(page));
  return ids.filter((id) => !returned.has(id));
}

/** Ids of a page's records. Our queries select no nested records, and quotes inside a text are escaped. */
export function recordIds(page: Page): string[] {
  const inText = [...page.records.matchAll(/"Id"\s*:\s*"([0-9A-Za-z]{18})"/g)].map(([, id]) => id ?? '');
  return [...inText, ...page.unstorable.map(({ id }) => id)];
}
