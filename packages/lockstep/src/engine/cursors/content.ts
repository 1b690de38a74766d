import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { atRest, ended, type Pass, type Period, stepped } from './pace.ts';
import { isFull } from './pass.ts';

/**
 * The content check: every record once more in full, by Id, a part of the table each day. It repairs what somebody
 * changed in the mirror by hand, and follows the objects that have no time to follow them by. Pure.
 */
export interface ContentPosition extends Pass {
  /** The last Id of the last page, as Salesforce returned it; null at rest. */
  after: RecordId | null;
}

export const startOfContent = (serverNow: ServerSeconds): ContentPosition => ({
  ...atRest(serverNow),
  after: null,
});

const day = 86_400;
const minute = 60;

/** @param isFollowed  its changes move a time that polls follow; where they do not, this pass is what finds them */
export function contentPeriod(rows: number, pageRows: number, isFollowed: boolean): Period {
  const pages = Math.max(1, rows / pageRows);
  const everySeconds = isFollowed
    ? Math.min(30 * day, Math.max(day, pages * day))
    : Math.min(day, Math.max(15 * minute, pages * minute));
  return { everySeconds, idleSeconds: everySeconds };
}

export function contentAfter(
  position: ContentPosition,
  page: Page,
  limit: number,
  serverNow: ServerSeconds,
): ContentPosition {
  const to = stepped(position, page.count, serverNow);
  return isFull(page, limit)
    ? { ...to, after: page.lastId ?? position.after }
    : { ...ended(to), after: null };
}
