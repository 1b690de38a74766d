/** What the answer to a request means for its streams. Pure apart from logging; nothing is applied here. */
import type { Fault } from '../../core/faults.ts';
import type { Page } from '../../core/page.ts';
import { isTooMuch, isUnknownField, type QueryOutcome } from '../../salesforce/index.ts';
import { isHead } from '../cursors/head.ts';
import { readingOf } from '../cursors/index.ts';
import { withNewParents } from '../cursors/new-parents.ts';
import { canSplit } from '../cursors/queries.ts';
import { type ExchangeTimes, type PreparedSlot, type Slot, type SlotQuery } from '../cursors/reading.ts';
import { slotStep, streamOf } from '../plan/slots.ts';
import { type AnsweredDescribe, afterDescribe } from './after-describe.ts';
import type { DeletedLogPart, Part, Stop } from './apply-parts.ts';
import { stopBackoffMs, withoutProblem, withProblem } from './problems.ts';
import { type AnsweredDeletedLog, readDeletedLog } from './read-deleted-log.ts';
import type { SyncDeps } from './sync-deps.ts';
import { type StreamState, type SyncState, withStream } from './sync-state.ts';

/** Each slot with its query and outcome, and the answers for what was requested along with them. */
export interface SlotAnswers {
  slots: readonly { prepared: PreparedSlot; query: SlotQuery | null; outcome: QueryOutcome }[];
  deletedLogs: readonly AnsweredDeletedLog[];
  describes: readonly AnsweredDescribe[];
}

export function interpretAnswer(
  deps: SyncDeps,
  state: SyncState,
  chosen: readonly Slot[],
  { slots, deletedLogs, describes }: SlotAnswers,
  times: ExchangeTimes,
): { next: SyncState; parts: Part[]; deletedLogs: DeletedLogPart[]; stops: Stop[] } {
  let next = state;
  const parts: Part[] = [];
  const lost = new Set<Slot | undefined>();
  const refusals: { slot: Slot; fault: Fault }[] = [];
  const answered: Slot[] = [];
  for (const { prepared, query, outcome } of slots) {
    const { slot } = prepared;
    const { index } = slot;
    if (isHead(slot)) next = withStream(next, index, { ...streamOf(next, slot), polledAt: times.sentAt });
    if (outcome.kind === 'refused') refusals.push({ slot, fault: outcome.fault });
    // A page after one that did not arrive is dropped: its cursor would skip the missing rows.
    if (outcome.kind !== 'page' || isAfterLost(slot, chosen, lost)) {
      lost.add(slot);
      continue;
    }
    if (readingOf(slot).isSequential && !outcome.page.done) lost.add(slot);
    answered.push(slot);
    const part = partOf(next, { prepared, query, page: outcome.page }, times);
    parts.push(part);
    next = withStream(next, index, part.step.after);
    if (isHead(slot) && outcome.page.count > 0)
      next = { ...next, streams: withNewParents(next.streams, streamOf(next, slot)) };
  }
  for (const { kind, index } of answered)
    next = withStream(next, index, afterSuccess(streamOf(next, { index }), kind));
  for (const { slot, fault } of refusals) {
    next = withStream(next, slot.index, afterRefusal(deps, streamOf(next, slot), slot.kind, fault));
  }
  const deletedLogParts: DeletedLogPart[] = [];
  for (const one of deletedLogs) {
    const part = readDeletedLog(deps, next, one);
    deletedLogParts.push(part);
    next = withStream(next, part.index, part.after);
  }
  for (const one of describes) {
    const { index } = one.describe;
    next = withStream(next, index, afterDescribe(deps, streamOf(next, { index }), one, times));
  }
  return { next, parts, deletedLogs: deletedLogParts, stops: stopsOf(state, next, refusals) };
}

/** Whether a slot comes after a page that did not arrive, or that was cut short and should have been complete. */
const isAfterLost = (slot: Slot, chosen: readonly Slot[], lost: ReadonlySet<Slot | undefined>): boolean =>
  ('chainedTo' in slot && slot.chainedTo !== null && lost.has(chosen[slot.chainedTo])) ||
  (readingOf(slot).isSequential === true &&
    [...lost].some((one) => one?.kind === slot.kind && one.index === slot.index));

/** Streams that have stopped with this answer, or can be read again. */
function stopsOf(
  before: SyncState,
  after: SyncState,
  refusals: readonly { slot: Slot; fault: Fault }[],
): Stop[] {
  return after.streams.flatMap(({ table, stopped }, index): Stop[] => {
    const was = before.streams[index]?.stopped ?? null;
    if (!stopped) return was ? [{ table, fault: null }] : [];
    // That it has another name says more than the refusal of the former one.
    if (stopped === was || stopped.code === 'SCH-12') return [];
    const refusal = refusals.find(({ slot }) => slot.index === index);
    return refusal ? [{ table, fault: refusal.fault }] : [];
  });
}

function partOf(
  state: SyncState,
  { prepared, query, page }: { prepared: PreparedSlot; query: SlotQuery | null; page: Page },
  times: ExchangeTimes,
): Part {
  const { slot } = prepared;
  const { table } = streamOf(state, slot);
  const asked = query ?? { soql: '', includeDeleted: false, timeField: null, limit: 0 };
  return { table, slot, page, step: slotStep(state, prepared, asked, page, times) };
}

/** An answered activity works again, and a stopped object can be read again. */
function afterSuccess(stream: StreamState, kind: Slot['kind']): StreamState {
  return { ...withoutProblem(stream, readingOf({ kind }).activity), stopped: null };
}

/** If a query is refused again after a description, its field is not unknown because of a change: it is refused for good. */
const isDescribedSince = ({ describe: { wholeAt } }: StreamState, failedAt: number | undefined): boolean =>
  wholeAt !== null && failedAt !== undefined && wholeAt >= failedAt;

/**
 * A refused query affects only its activity. It stops the stream only if the stream cannot be followed without it and
 * the refusal is permanent; for an unknown field the object is described first.
 */
function afterRefusal(deps: SyncDeps, stream: StreamState, kind: Slot['kind'], fault: Fault): StreamState {
  const reading = readingOf({ kind });
  const now = deps.clock.now();
  deps.log.warn('query refused', { stream: stream.table.stream.sobject, code: fault.code, kind });
  const before = reading.refused?.(stream) ?? stream;
  if (isTooMuch(fault) && canSplit(stream.table.stream)) return { ...before, isTooWide: true };
  const { activity } = reading;
  const refused = withProblem(before, activity, fault, now);
  if (isUnknownField(fault) && !isDescribedSince(stream, stream.problems[activity]?.failedAt))
    return { ...refused, describe: { ...stream.describe, isDue: true } };
  if (fault.kind !== 'permanent' || !isFollowing(stream, kind)) return refused;
  const tries = (stream.stopped?.tries ?? 0) + 1;
  return {
    ...refused,
    stopped: {
      code: stream.stopped?.code === 'SCH-12' ? 'SCH-12' : fault.code,
      tries,
      failedAt: now,
      retryAt: now + stopBackoffMs(tries),
    },
  };
}

/** Whether a stream cannot be followed without this: its polls, or if it has none, reading all its records. */
function isFollowing({ cursors: { head } }: StreamState, kind: Slot['kind']): boolean {
  const activity = readingOf({ kind }).activity;
  return activity === 'poll' || (head === null && (activity === 'backfill' || activity === 'content'));
}
