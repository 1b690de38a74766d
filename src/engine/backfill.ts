import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { isFull } from './poll.ts';

/**
 * The first full read: by Id, one page after the other, without a server-side cursor that could expire. Changes
 * meanwhile are the poll's business, which begins before it. Pure.
 */
export interface BackfillPosition {
  /** The last Id of the last page that was applied, as Salesforce returned it. */
  after: RecordId | null;
}

/** @param chained  the Id to go on from as a reference to an earlier answer of the same request, quoted */
export function backfillCondition(position: BackfillPosition, chained?: string): string | undefined {
  if (chained) return `Id > ${chained}`;
  return position.after === null ? undefined : `Id > '${position.after}'`;
}

export function backfillAfter(
  position: BackfillPosition,
  page: Page,
  pageRows: number,
): { to: BackfillPosition; drained: boolean } {
  return {
    to: { after: page.last?.id ?? position.after },
    drained: !isFull(page, pageRows),
  };
}
