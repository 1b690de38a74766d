import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';

/**
 * The Ids that were asked for and did not come. Only a complete answer proves absence; one that was cut short says
 * nothing about the rest.
 */
export function absentIds(ids: readonly RecordId[], page: Page): readonly RecordId[] {
  if (!page.done) return [];
  const returned = new Set<string>(recordIds(page));
  return ids.filter((id) => !returned.has(id));
}

/** The Ids before the first one that did not come. */
export function leadingIds(ids: readonly RecordId[], page: Page): readonly RecordId[] {
  const returned = new Set<string>(recordIds(page));
  const missing = ids.findIndex((id) => !returned.has(id));
  return missing < 0 ? ids : ids.slice(0, missing);
}

/** Ids of a page's records. Our queries select no nested records, and quotes inside a text are escaped. */
export function recordIds(page: Page): string[] {
  const inText = [...page.records.matchAll(/"Id"\s*:\s*"([0-9A-Za-z]{18})"/g)].map(([, id]) => id ?? '');
  return [...inText, ...page.unstorable.map(({ id }) => id)];
}
