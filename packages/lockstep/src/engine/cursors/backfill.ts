import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { isFull } from './pass.ts';

/**
 * The first full read: by Id, one page after the other, without a server-side cursor that could expire. Changes
 * meanwhile are the poll's business, which begins before it. Pure.
 */
export interface BackfillPosition {
  /** The last Id of the last page that was applied, as Salesforce returned it. */
  after: RecordId | null;
}

/** @param chained  the Id to go on from as a reference to an earlier answer of the same request, quoted */
export function idCondition(after: RecordId | null, chained?: string): string | undefined {
  if (chained) return `Id > ${chained}`;
  return after === null ? undefined : `Id > '${after}'`;
}

export function backfillAfter(
  position: BackfillPosition,
  page: Page,
  limit: number,
): { to: BackfillPosition; drained: boolean } {
  return {
    to: { after: page.lastId ?? position.after },
    drained: !isFull(page, limit),
  };
}
