/** What the steps of the checks have in common. */
import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { fewerIds } from '../plan/page-size.ts';
import { absentIds, leadingIds } from '../run/page-ids.ts';
import { moved, type Positions, type StreamState } from '../run/sync-state.ts';
import { settleSeconds } from './poll.ts';
import type { PreparedSlot, SlotStep } from './reading.ts';

/** A whole pass is what has been verified, as of its beginning. */
const levels = { sweep: 'stamps', content: 'content' } as const;

export function passStep<Kind extends keyof typeof levels>(
  stream: StreamState,
  kind: Kind,
  to: Positions[Kind],
): SlotStep {
  const { move, stream: after } = moved(stream, kind, to);
  const isWhole = to.lastAt !== stream.cursors[kind]?.position.lastAt;
  const verified = { level: levels[kind], at: to.lastAt };
  return { moves: [isWhole ? { ...move, verified } : move], after };
}

/**
 * Of an answer that was cut short nothing is known of the Ids that are not in it. The pass goes on behind those that are,
 * one after the other from the first, and asks for the others again.
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

/** Every change that was stamped before is in the mirror. */
export const recheckAt = ({ cursors: { recheck } }: StreamState): ServerSeconds => recheck?.position.at ?? 0;

/** What a check repairs of records that were stamped before is recorded: later ones may be on their way. */
export const checkAt = (serverNow: ServerSeconds): NonNullable<SlotStep['check']> => ({
  before: serverNow - settleSeconds,
  at: serverNow,
});
