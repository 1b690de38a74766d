/** What the steps of all checks share. */
import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { fewerIds } from '../plan/page-size.ts';
import { absentIds, leadingIds } from '../run/page-ids.ts';
import { advanceCursor, type Positions, type StreamState } from '../run/sync-state.ts';
import { settleSeconds } from './poll.ts';
import type { PreparedSlot, SlotStep } from './reading.ts';

/** What a completed pass of each check verifies, as of the beginning of the pass. */
const levels = { sweep: 'stamps', content: 'content' } as const;

export function passStep<Kind extends keyof typeof levels>(
  stream: StreamState,
  kind: Kind,
  to: Positions[Kind],
): SlotStep {
  const { move, stream: after } = advanceCursor(stream, kind, to);
  const isWhole = to.lastAt !== stream.cursors[kind]?.position.lastAt;
  const verified = { level: levels[kind], at: to.lastAt };
  return { moves: [isWhole ? { ...move, verified } : move], after };
}

/**
 * An answer that was cut short says nothing about the Ids that are not in it. The pass advances past the leading Ids
 * that all came, and asks for the others again.
 */
export function idsStep(
  { ids = [], isLastIds = false }: PreparedSlot,
  page: Page,
  stream: StreamState,
  step: (ids: readonly RecordId[], isLast: boolean) => SlotStep,
): SlotStep {
  const read = page.done ? ids : leadingIds(ids, page);
  const isWhole = read.length === ids.length;
  const fewer = { ...stream, pageSizes: fewerIds(stream.pageSizes, ids.length) };
  const moves = isWhole || read.length > 0 ? step(read, isWhole && isLastIds) : { moves: [], after: fewer };
  return { ...moves, absent: absentIds(ids, page), partial: { settledUntil: recheckAt(stream) } };
}

/** Every change stamped before this time is in the mirror. */
export const recheckAt = ({ cursors: { recheck } }: StreamState): ServerSeconds => recheck?.position.at ?? 0;

/** Only repairs of records stamped before this are recorded as repairs: later changes may still be on their way. */
export const checkAt = (serverNow: ServerSeconds): NonNullable<SlotStep['check']> => ({
  before: serverNow - settleSeconds,
  at: serverNow,
});
