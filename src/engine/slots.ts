import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import { assert, unreachable } from '../lib/assert.ts';
import type { CursorMove } from '../postgres/index.ts';
import { type Query, selectRecords, soqlIdOf, soqlIds } from '../salesforce/index.ts';
import { backfillAfter, backfillCondition } from './backfill.ts';
import type { Slot } from './next-request.ts';
import { headAfter, headQuery, type PollQuery, tailAfter, tailQuery } from './poll.ts';
import type { Held, StreamState, SyncState } from './sync-state.ts';

/** What a slot asks, and what its answer will prove. */
export interface SlotQuery extends Query {
  until?: ServerSeconds;
}

/** What the answer to a slot means: rows to apply, a cursor's step, and the stream's state after it. */
export interface SlotStep {
  move?: CursorMove;
  absent?: readonly RecordId[];
  after: StreamState;
}

/** The queries of a request. Pages chained in one request refer to the answers before them. */
export function slotQuery(state: SyncState, slot: Slot): SlotQuery {
  const stream = streamOf(state, slot);
  const { sobject, columns } = stream.table.stream;
  const { pageRows } = state;
  const select = { fields: columns.map(({ field }) => field), sobject };
  const poll = ({ where, until }: PollQuery): SlotQuery => ({
    soql: selectRecords({ ...select, where, orderBy: 'SystemModstamp, Id', limit: pageRows }),
    includeDeleted: true,
    until,
  });
  switch (slot.kind) {
    case 'head':
      return poll(headQuery(stream.head.position, state.serverNow));
    case 'tail':
      return poll(tailQuery(stream.tail.position, state.serverNow));
    case 're-read':
      return {
        soql: selectRecords({ ...select, where: `Id IN ${soqlIds(slot.ids)}` }),
        includeDeleted: true,
      };
    case 'backfill': {
      assert(stream.backfill, 'a first copy is asked for while it runs');
      const chained = slot.chainedTo === null ? undefined : soqlIdOf(slot.chainedTo, pageRows - 1);
      const where = backfillCondition(stream.backfill.position, chained);
      return {
        soql: selectRecords({ ...select, ...(where && { where }), orderBy: 'Id', limit: pageRows }),
        includeDeleted: false,
      };
    }
    default:
      return unreachable(slot);
  }
}

/** The step that a page allows. Pure; it happens when its transaction commits. */
export function slotStep(state: SyncState, slot: Slot, query: SlotQuery, page: Page): SlotStep {
  const stream = streamOf(state, slot);
  const { pageRows } = state;
  switch (slot.kind) {
    case 'head': {
      const to = headAfter(stream.head.position, asked(query), page, pageRows);
      return {
        move: moveOf('head', stream.head, to),
        after: { ...stream, head: movedOn(stream.head, to), isUrgent: false },
      };
    }
    case 'tail': {
      const to = tailAfter(stream.tail.position, asked(query), page, pageRows);
      return { move: moveOf('tail', stream.tail, to), after: { ...stream, tail: movedOn(stream.tail, to) } };
    }
    case 're-read':
      return { absent: absentIds(slot.ids, page), after: stream };
    case 'backfill': {
      assert(stream.backfill, 'a first copy goes on page by page');
      const { to, drained } = backfillAfter(stream.backfill.position, page, pageRows);
      const move = moveOf('backfill', stream.backfill, to);
      if (drained) move.backfilledAt = state.serverNow;
      return { move, after: { ...stream, backfill: drained ? null : movedOn(stream.backfill, to) } };
    }
    default:
      return unreachable(slot);
  }
}

export const streamOf = (state: SyncState, slot: Slot): StreamState => {
  const stream = state.streams[slot.index];
  assert(stream, 'a slot names a stream of the state');
  return stream;
};

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

function asked({ until }: SlotQuery): ServerSeconds {
  assert(until !== undefined, 'a poll proves a time');
  return until;
}

const moveOf = (kind: CursorMove['kind'], { version }: Held<object>, to: object): CursorMove => ({
  kind,
  version,
  to,
});

const movedOn = <Position>(held: Held<unknown>, position: Position): Held<Position> => ({
  position,
  version: held.version + 1,
});

/** Whatever an answer asks for: after an hour it is worth another try. */
const restMsMax = 3_600_000;

/**
 * How long a stream or a sync rests after its n-th failure in a row; Salesforce's own wish counts for more. A
 * credential that is refused stays so until a person acts, and trying it often locks users; a change of the sync's
 * settings ends the rest.
 */
export function restMs(tries: number, fault: Fault): number {
  if (fault.kind === 'needs-person' && /^(SF|ORG)-/.test(fault.code)) return restMsMax;
  const asked = Math.min(fault.safe.waitMs ?? 0, restMsMax);
  return Math.max(asked, Math.min(60_000, 1_000 * 2 ** Math.min(tries, 6)));
}
