/**
 * What a kind of cursor is to the rest of the engine: when it is due, what it asks, what a page means for it, and how
 * many pages it can use. A kind is one module, and `index.ts` lists them.
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

/** One query of a request: what it reads, for which stream. */
export interface Slot {
  /** Of its {@link Reading}. */
  kind: string;
  /** The stream's place in the state. */
  index: number;
  /** The slot of the page before, in the same request; null: it is the first of its chain. */
  chainedTo?: number | null;
  /** Where the window of a pass ends. */
  before?: WindowEnd;
  /** The n-th page of the mirror's own Ids in this request. */
  nth?: number;
}

/** A slot, with what had to be looked up in the mirror before it can be asked. */
export interface PreparedSlot {
  slot: Slot;
  /** The mirror's own Ids that it asks for; none: there is nothing to ask. */
  ids?: readonly RecordId[];
  /** The mirror has no Id behind these. */
  isLastIds?: boolean;
  /** A later query of the request goes on from its last record, which has to be where that one looks. */
  isFollowed?: boolean;
}

/** What a slot asks, and what its answer can prove. */
export interface SlotQuery extends Query {
  /** Rows that it asks for at most. */
  limit: number;
  poll?: PollQuery;
}

/** What the answer to a slot means: rows to merge, steps of cursors, and the stream's state after it. */
export interface SlotStep {
  moves: readonly CursorMove[];
  absent?: readonly RecordId[];
  /** Its records have some of their columns only. The mirror holds what was stamped before that second. */
  partial?: { settledUntil: ServerSeconds };
  /** It is a check: what it repairs of records that were stamped before this is recorded. */
  check?: { before: ServerSeconds; at: ServerSeconds };
  after: StreamState;
}

/** When a request went out, by the local clock, and when it was answered, by Salesforce's. */
export interface ExchangeTimes {
  sentAt: number;
  answeredAt: ServerSeconds | null;
}

/** What a query is made of. */
export interface Asked extends PreparedSlot {
  stream: StreamState;
  serverNow: ServerSeconds;
  limit: number;
  /** The Id to go on from as a reference to an earlier answer of the same request, quoted. */
  chained: string | undefined;
}

/** A page that has come, and what it was asked with. */
export interface Read extends PreparedSlot {
  stream: StreamState;
  serverNow: ServerSeconds;
  query: SlotQuery;
  page: Page;
  times: ExchangeTimes;
}

/** What can be looked up for all slots of one stream and kind. */
export interface LookUp {
  mirror: Mirror;
  stream: StreamState;
  slots: readonly Slot[];
  pageRows: number;
}

/** Of something to read: how pressing it is, and whether somebody waits for it. */
export interface Wanted {
  pace: Due;
  isWanted?: boolean;
}

/** How far a reading is behind that several pages of one request help. */
export interface Behind {
  /** More than these are of use only where nothing else wants them: they were estimated. */
  pages: number;
  /** In seconds: of two that have as many slots, the later one gets the next. */
  lag: number;
}

export interface Reading {
  kind: string;
  /** What its failure says something of. */
  activity: Activity;
  /** What its requests are counted as. */
  purpose: Purpose;
  /** Its pages are a few rows by nature: a request with others takes long for another reason. */
  isShort?: boolean;
  /** Its slots of one request go over Ids one behind the other, without naming each other. */
  isInRow?: boolean;
  /** One slot a request is enough. */
  isOnePage?: boolean;
  /** Which columns it asks for, which decides how many rows a page holds. */
  shape(cursors: Cursors): keyof PageSizes;
  /** What its slots need of the mirror; null: nothing. A slot that is left out has nothing to ask. */
  prepare?(lookUp: LookUp): Promise<readonly PreparedSlot[]> | null;
  query(asked: Asked): SlotQuery;
  /** The step that a page allows. Pure; it happens when its transaction commits. */
  step(read: Read): SlotStep;
  /** Gives it so many more slots of a request, of which it may use fewer. */
  add(
    slots: Slots,
    at: { stream: StreamState; index: number; serverNow: ServerSeconds },
    count: number,
  ): void;
  /** Whether it wants to read; null: it does not. Without it, the plan decides by itself. */
  due?: (stream: StreamState, at: { serverNow: ServerSeconds; pageRows: number }) => Wanted | null;
  behind?: (stream: StreamState, serverNow: ServerSeconds) => Behind | null;
}

/** A kind of cursor. */
export interface Cursor {
  /** As the destination records it. */
  kind: keyof Cursors;
  /** Where it begins in a new stream; null: the stream has none. */
  start: (stream: Stream, serverNow: ServerSeconds) => object | null;
  readings: readonly Reading[];
}

/** A composite request runs at most five queries (REST API guide, Composite). */
export const slotsMax = 5;

/** The slots of one request as they fill up. */
export class Slots {
  readonly taken: Slot[] = [];

  get left(): number {
    return slotsMax - this.taken.length;
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

  /** Pages one behind the other, each going on from the last record of the one before. */
  addChain(kind: string, index: number, count: number): void {
    let before = this.taken.findLastIndex((slot) => slot.kind === kind && slot.index === index);
    for (let nth = 0; nth < count; nth++) {
      this.add({ kind, index, chainedTo: before < 0 ? null : before });
      before = this.taken.length - 1;
    }
  }
}

/** Where the cursor of a slot stands: a slot is taken for a cursor that there is. */
export function positionOf<Position>(cursor: { position: Position } | null): Position {
  assert(cursor, 'what a slot reads for has a cursor');
  return cursor.position;
}

/** A page that nothing follows may be cut: what comes of it counts all the same, and shows how much fits by now. */
export const withRoom = (rows: number, max: number): number => Math.min(max, 2 * rows);
