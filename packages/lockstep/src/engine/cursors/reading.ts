/**
 * What the rest of the engine needs of a kind of cursor: when it is due, what it queries, what a page means for it,
 * and how many pages it can use. Each kind is one module, listed in `index.ts`.
 */
import { assert } from '@lockstep/foundation/assert';
import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { CursorMove, Mirror, Stream } from '../../postgres/index.ts';
import type { Purpose, Query } from '../../salesforce/index.ts';
import type { PageSizes } from '../plan/page-size.ts';
import type { Activity } from '../run/problems.ts';
import type { Cursors, StreamState } from '../run/sync-state.ts';
import type { Due } from './pace.ts';
import type { WindowEnd } from './pass.ts';
import type { PollQuery } from './poll.ts';

/** One query of a request: what it reads, and for which stream. */
export interface Slot {
  /** The kind of its {@link ReadingKind}. */
  kind: string;
  /** The index of the stream in the state. */
  index: number;
  /** The slot of the previous page in the same request; null: it is the first of its chain. */
  chainedTo?: number | null;
  /** Where the window of a pass ends. */
  before?: WindowEnd;
  /** This is the n-th page of the mirror's own Ids in this request, from 0. */
  nth?: number;
}

/** A slot, with what had to be looked up in the mirror for its query. */
export interface PreparedSlot {
  slot: Slot;
  /** The mirror's own Ids that it asks for; empty: there is nothing to ask. */
  ids?: readonly RecordId[];
  /** The mirror has no Ids after these. */
  isLastIds?: boolean;
  /** A later query of the request refers to its last record by index, so its limit must match that. */
  isFollowed?: boolean;
  /** Its `ids` are those of parents by whose records the stream is read, see `by-parents.ts`. */
  parents?: AskedParents;
}

/** The parents that a query asks for. */
export interface AskedParents<At = unknown> {
  /** The field that refers to them. */
  field: string;
  /** Their place among all parents. */
  at: At;
  /** Where the parents after these begin; null: there are none. */
  to: At | null;
  /** The rest of the answer for the one parent; absent: it is asked for from the beginning. */
  rest?: string;
}

/** The query of a slot, and what its answer can prove. */
export interface SlotQuery extends Query {
  /** The most rows that it asks for. */
  limit: number;
  poll?: PollQuery;
}

/** What the answer to a slot means: rows to merge, moves of cursors, and the stream's state after it. */
export interface SlotStep {
  moves: readonly CursorMove[];
  absent?: readonly RecordId[];
  /** The records have only some of their columns. The mirror has every change stamped before that second. */
  partial?: { settledUntil: ServerSeconds };
  /** It is a check: its repairs of records stamped before this are recorded as repairs. */
  check?: { before: ServerSeconds; at: ServerSeconds };
  after: StreamState;
}

/** When a request went out, by the local clock, and when it was answered, by Salesforce's. */
export interface ExchangeTimes {
  sentAt: number;
  answeredAt: ServerSeconds | null;
}

/** What a query is built from. */
export interface QueryContext extends PreparedSlot {
  stream: StreamState;
  serverNow: ServerSeconds;
  limit: number;
  /** The Id to continue after, as a quoted reference to an earlier answer of the same request. */
  chained: string | undefined;
}

/** A page that has arrived, and its query. */
export interface PageContext extends PreparedSlot {
  stream: StreamState;
  serverNow: ServerSeconds;
  query: SlotQuery;
  page: Page;
  times: ExchangeTimes;
}

/** What a look-up in the mirror for all slots of one stream and kind gets. */
export interface LookUp {
  mirror: Mirror;
  stream: StreamState;
  /** All streams of the sync. */
  streams: readonly StreamState[];
  slots: readonly Slot[];
  pageRows: number;
}

/** How urgent a reading is, and whether somebody waits for it. */
export interface Wanted {
  pace: Due;
  isWanted?: boolean;
}

/** How far a reading is behind, if several pages of one request help. */
export interface Behind {
  /** How many pages it is estimated to need; it gets more only if nothing else wants them. */
  pages: number;
  /** In seconds. Of two readings with equally many slots, the one with more lag gets the next. */
  lag: number;
}

export interface ReadingKind {
  kind: string;
  /** The activity that fails if it fails. */
  activity: Activity;
  /** The purpose that its requests are counted under. */
  purpose: Purpose;
  /** Its pages normally have few rows, so they are not what makes a request slow. */
  isShort?: boolean;
  /** Its slots of one request read consecutive Ids, without referring to each other. */
  isSequential?: boolean;
  /** One slot per request is enough. */
  isOnePage?: boolean;
  /** Which columns it asks for; that decides how many rows fit on a page. */
  shape(cursors: Cursors): keyof PageSizes;
  /** Looks up what its slots need from the mirror; null: nothing. A slot that is left out has nothing to ask. */
  prepare?(lookUp: LookUp): Promise<readonly PreparedSlot[]> | null;
  query(asked: QueryContext): SlotQuery;
  /** The step that a page allows. Pure; the step happens when its transaction commits. */
  step(read: PageContext): SlotStep;
  /** Adds up to this many more slots of a request for it. */
  add(
    slots: Slots,
    at: { stream: StreamState; index: number; serverNow: ServerSeconds },
    count: number,
  ): void;
  /** Whether it wants to read; null: it does not. If it is missing, the plan decides. */
  due?: (stream: StreamState, at: ReadingTime) => Wanted | null;
  behind?: (stream: StreamState, serverNow: ServerSeconds, streams: readonly StreamState[]) => Behind | null;
  /** The stream after a refusal, if the same query must not be made again. */
  refused?: (stream: StreamState) => StreamState;
}

/** What a reading depends on besides its stream. */
export interface ReadingTime {
  serverNow: ServerSeconds;
  pageRows: number;
  /** All streams of the sync. */
  streams: readonly StreamState[];
}

export interface CursorKind {
  /** Its name in the destination. */
  kind: keyof Cursors;
  /** Where it begins in a new stream; null: the stream has none. */
  start: (stream: Stream, serverNow: ServerSeconds) => object | null;
  readings: readonly ReadingKind[];
}

/** A composite request runs at most five queries (REST API guide, Composite). */
export const slotsMax = 5;

/** The slots of one request, while it is filled. */
export class Slots {
  readonly taken: Slot[] = [];
  private readonly queriesOf: (slot: Slot) => number;

  /** @param queriesOf  how many queries a slot takes */
  constructor(queriesOf: (slot: Slot) => number = () => 1) {
    this.queriesOf = queriesOf;
  }

  get left(): number {
    return slotsMax - this.taken.reduce((sum, slot) => sum + this.queriesOf(slot), 0);
  }

  /** Those that fit into a request, in their order. Slots of several queries may have been taken beyond that. */
  get fitting(): readonly Slot[] {
    if (this.left >= 0) return this.taken;
    let left = slotsMax;
    return this.taken.filter((slot) => {
      if (this.queriesOf(slot) > left) return false;
      left -= this.queriesOf(slot);
      return true;
    });
  }

  add(slot: Slot): void {
    this.taken.push(slot);
  }

  has(kind: string, index: number): boolean {
    return this.count(kind, index) > 0;
  }

  count(kind: string, index: number): number {
    return this.taken.filter((slot) => slot.kind === kind && slot.index === index).length;
  }

  /** Consecutive pages, each continuing after the last record of the one before. */
  addChain(kind: string, index: number, count: number): void {
    let before = this.taken.findLastIndex((slot) => slot.kind === kind && slot.index === index);
    for (let nth = 0; nth < count; nth++) {
      this.add({ kind, index, chainedTo: before < 0 ? null : before });
      before = this.taken.length - 1;
    }
  }
}

/** The position of a slot's cursor: a slot is only taken for a cursor that exists. */
export function positionOf<Position>(cursor: { position: Position } | null): Position {
  assert(cursor, 'every slot reads for a cursor that exists');
  return cursor.position;
}

/** A page that nothing refers to may be cut off: its rows count all the same, and show how many fit now. */
export const withHeadroom = (rows: number, max: number): number => Math.min(max, 2 * rows);
