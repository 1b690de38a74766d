import type { Slot } from '../cursors/reading.ts';
import { type PreparedSlot } from '../cursors/reading.ts';
import type { DescribeRequest } from '../plan/describes.ts';
import type { DeletedLogRequest } from '../plan/next-request.ts';
import { prepareSlots, streamOf } from '../plan/slots.ts';
import { withoutProblem } from './problems.ts';
import type { SyncDeps } from './sync-deps.ts';
import { type SyncState, withStream } from './sync-state.ts';
import { afterTableError, TableLocked } from './table-errors.ts';

export interface ChosenRequest {
  slots: readonly Slot[];
  deletedLogs: readonly DeletedLogRequest[];
  describes: readonly DescribeRequest[];
}

/** What to ask, after the look-ups. Streams whose table failed are left out, with a problem in `state`. */
export interface PreparedRequest {
  state: SyncState;
  asking: ChosenRequest;
  prepared: readonly PreparedSlot[];
}

/** Whether anything is left that needs a request. */
export const needsRequest = ({ prepared, asking }: PreparedRequest): boolean =>
  prepared.length + asking.deletedLogs.length > 0;

/**
 * Looks up in the mirror what the chosen slots need. A stream whose table cannot be read or written is left out, and
 * costs no request.
 *
 * @throws errors that concern the database as a whole
 */
export async function prepareRequest(
  deps: SyncDeps,
  state: SyncState,
  asking: ChosenRequest,
): Promise<PreparedRequest> {
  const { mirror } = deps;
  const prepared = new Map<Slot, PreparedSlot>();
  const leftOut = new Set<number>();
  let next = state;
  for (const index of new Set(asking.slots.map((slot) => slot.index))) {
    let stream = streamOf(state, { index });
    const own = asking.slots.filter((slot) => slot.index === index);
    try {
      if (stream.problems.table && !(await mirror.isWritable(stream.table))) throw new TableLocked();
      // The lock has ended. Only a stored page shows that any other problem of the table is over.
      if (stream.problems.table?.code === 'DB-16') stream = withoutProblem(stream, 'table');
      next = withStream(next, index, stream);
      for (const one of await prepareSlots(mirror, state, asking.slots, own)) prepared.set(one.slot, one);
    } catch (error) {
      next = withStream(next, index, await afterTableError(deps, stream, error));
      leftOut.add(index);
    }
  }
  const slots = asking.slots.filter(({ index }) => !leftOut.has(index));
  const deletedLogs = asking.deletedLogs.filter(({ index }) => !leftOut.has(index));
  return {
    state: next,
    asking: { slots: rechained(asking.slots, slots), deletedLogs, describes: asking.describes },
    prepared: rechained(asking.slots, slots).flatMap((slot, index) => {
      const one = prepared.get(slots[index] as Slot);
      return one ? [{ ...one, slot }] : [];
    }),
  };
}

/** Renumbers the slots that refer to others after some were left out. A chain is one stream's, and goes as a whole. */
function rechained(before: readonly Slot[], kept: readonly Slot[]): readonly Slot[] {
  if (before.length === kept.length) return before;
  return kept.map((slot) =>
    'chainedTo' in slot && slot.chainedTo !== null
      ? { ...slot, chainedTo: kept.indexOf(before[slot.chainedTo] as Slot) }
      : slot,
  );
}
