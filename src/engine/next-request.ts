import type { RecordId } from '../core/ids.ts';
import { nextSendAt } from './budget.ts';
import { isTailDue } from './poll.ts';
import type { StreamState, SyncState } from './sync-state.ts';

/** One query of a request: what it reads, for which stream. `index` is the stream's place in the state. */
export type Slot =
  | { kind: 're-read'; index: number; ids: readonly RecordId[] }
  | { kind: 'head'; index: number }
  | { kind: 'tail'; index: number }
  /** `chainedTo`: the slot of the page before, in the same request. */
  | { kind: 'backfill'; index: number; chainedTo: number | null };

export type Next = { kind: 'ask'; slots: readonly Slot[] } | { kind: 'wait'; until: number };

/** A composite request runs at most five queries (REST API guide, Composite). */
export const slotsMax = 5;
/** While first copies run, the poll keeps this share of the slots at least. */
const pollSlotsInBackfill = 2;
const idleWaitMs = 60_000;

/**
 * Which request is made next, or until when none is. Pure: the whole choice of what a sync reads is here.
 *
 * A request has five slots. Records that must be read again come first, then heads, the stream that has waited
 * longest first, so that none starves; then one tail where one is due; what is left goes to first copies, several
 * pages of one stream chained by reference. A stream in trouble rests, and then goes alone until it behaves; after a
 * request that failed as a whole the streams go alone in turn.
 */
export function nextRequest(state: SyncState, now: number): Next {
  const running = state.streams
    .map((stream, index) => ({ stream, index }))
    .filter(({ stream }) => !stream.stoppedBy);
  const ready = running.filter(({ stream }) => (stream.trouble?.restsUntil ?? 0) <= now);
  const isWaitedFor = (stream: StreamState) =>
    stream.isUrgent ||
    state.dirty.some((record) => record.isUrgent && record.streamNo === stream.table.stream.streamNo);
  const isUrgent = ready.some(({ stream }) => isWaitedFor(stream));
  const sendAt = Math.max(nextSendAt(state.budget, isUrgent, now), state.trouble?.restsUntil ?? 0);
  if (sendAt > now) return { kind: 'wait', until: sendAt };
  if (ready.length === 0) return { kind: 'wait', until: wakesAt(running, now) };

  const byWait = ready.toSorted(
    (a, b) => urgency(b.stream) - urgency(a.stream) || a.stream.polledAt - b.stream.polledAt,
  );
  if (state.trouble) return { kind: 'ask', slots: fill(state, [inTurn(byWait, state.trouble.tries)]) };
  const [longest] = byWait;
  if (longest?.stream.trouble) return { kind: 'ask', slots: fill(state, [longest]) };
  return {
    kind: 'ask',
    slots: fill(
      state,
      byWait.filter(({ stream }) => !stream.trouble),
    ),
  };
}

type Ready = { stream: StreamState; index: number };

/** After a request that failed as a whole the streams go alone in turn, so that a healthy one is not held up. */
const inTurn = (streams: readonly Ready[], turn: number) => streams[turn % streams.length] as Ready;

const urgency = (stream: StreamState) => (stream.isUrgent ? 1 : 0);

function fill(state: SyncState, streams: readonly Ready[]): Slot[] {
  const slots: Slot[] = reReads(state, streams);
  const copying = streams.filter(({ stream }) => stream.backfill);
  const tail = streams
    .filter(({ stream }) => isTailDue(stream.tail.position, state.serverNow))
    .toSorted((a, b) => a.stream.tail.position.at - b.stream.tail.position.at)[0];

  const polls =
    copying.length > 0 ? Math.min(pollSlotsInBackfill, slotsMax - slots.length) : slotsMax - slots.length;
  const headSlots = Math.max(1, polls - (tail && streams.length >= polls ? 1 : 0));
  for (const { index } of streams.slice(0, headSlots)) slots.push({ kind: 'head', index });
  if (tail && slots.length < slotsMax) slots.push({ kind: 'tail', index: tail.index });
  return [...slots, ...backfills(copying, slots.length)];
}

/** One slot a stream, urgent ones first; never so many that the poll stands still. */
function reReads(state: SyncState, streams: readonly Ready[]): Slot[] {
  const slots: Slot[] = [];
  for (const { streamNo } of state.dirty) {
    const index = streams.find(({ stream }) => stream.table.stream.streamNo === streamNo)?.index;
    if (index === undefined || slots.length === slotsMax - 2) continue;
    if (slots.some((slot) => slot.index === index)) continue;
    const ids = state.dirty.filter((record) => record.streamNo === streamNo).map((record) => record.id);
    slots.push({ kind: 're-read', index, ids });
  }
  return slots;
}

/** The slots that are left, dealt out in turn; a stream's second page refers to its first. */
function backfills(copying: readonly Ready[], taken: number): Slot[] {
  const slots: Slot[] = [];
  const before = new Map<number, number>();
  for (let turn = 0; taken + slots.length < slotsMax && copying.length > 0; turn++) {
    const { index } = copying[turn % copying.length] as Ready;
    slots.push({ kind: 'backfill', index, chainedTo: before.get(index) ?? null });
    before.set(index, taken + slots.length - 1);
  }
  return slots;
}

const wakesAt = (running: readonly Ready[], now: number) =>
  Math.min(
    now + idleWaitMs,
    ...running.map(({ stream }) => Math.max(now + 1, stream.trouble?.restsUntil ?? now + idleWaitMs)),
  );
