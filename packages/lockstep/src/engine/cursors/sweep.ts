import { assert } from '@lockstep/foundation/assert';
import type { RecordId } from '../../core/ids.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { StreamState } from '../run/sync-state.ts';
import { idCondition } from './backfill.ts';
import { checksByBulk } from './bulk.ts';
import { isReadByParents } from './by-parents.ts';
import { idsStep, passStep, recheckAt } from './checked.ts';
import {
  advancedPass,
  dueOf,
  endedPass,
  idPassAfter,
  type Period,
  restingPass,
  type TablePass,
} from './pace.ts';
import { partialFieldsOf, selectNotDeleted, sweepQuery } from './queries.ts';
import {
  type CursorKind,
  type LookUp,
  type PreparedSlot,
  positionOf,
  type ReadingKind,
  type Wanted,
  withHeadroom,
} from './reading.ts';

/**
 * The sweep: a pass over the mirror's own Ids, which asks Salesforce for each record's stamp and formula fields. It
 * finds what leaves no trace: records deleted for good or no longer visible, and formulas that changed without a new
 * stamp. Salesforce's order of Ids does not matter to it. If somebody waits for a sweep, it then goes through
 * Salesforce's Ids as well, which finds records that the mirror lacks. Pure.
 */
export interface SweepPosition extends TablePass {
  /** The last Id that was asked for, or that arrived; null at rest: only then may absent records be removed. */
  after: RecordId | null;
  /** Whose Ids it goes through. Absent: the mirror's. */
  leg?: 'salesforce';
}

export const startOfSweep = (serverNow: ServerSeconds): SweepPosition => ({
  ...restingPass(serverNow),
  after: null,
});

const day = 86_400;

/** Any table within a day; a small one every hour while requests have room. */
export const sweepPeriod = (rows: number, pageRows: number): Period => ({
  everySeconds: day,
  idleSeconds: Math.min(day, Math.max(3_600, (rows / pageRows) * 60)),
});

/**
 * @param isLast  the mirror has no Ids after these
 * @param isWhole  Salesforce does not list the object's own Ids: the pass ends with the mirror's
 */
export function sweepAfter(
  position: SweepPosition,
  ids: readonly RecordId[],
  isLast: boolean,
  serverNow: ServerSeconds,
  isWhole = false,
): SweepPosition {
  const to = advancedPass(position, ids.length, serverNow);
  if (!isLast) return { ...to, after: ids.at(-1) ?? position.after };
  return to.isWanted && !isWhole
    ? { ...to, after: null, leg: 'salesforce' }
    : { ...endedPass(to), after: null };
}

declare module '../run/sync-state.ts' {
  interface Positions {
    sweep: SweepPosition;
  }
}

/** Whether a step of a pass is due, page by page or by Bulk. */
export function sweepDue(
  { cursors, rows, pageSizes }: StreamState,
  { serverNow, pageRows }: { serverNow: ServerSeconds; pageRows: number },
): Wanted | null {
  const { sweep: own, backfill } = cursors;
  if (!own || backfill) return null;
  const period = sweepPeriod(rows, Math.min(pageRows, pageSizes.part.rows));
  return { pace: dueOf(own.position, rows, period, serverNow), isWanted: own.position.isWanted };
}

const common = {
  activity: 'sweep',
  purpose: 'reconcile',
  shape: () => 'part',
} as const satisfies Partial<ReadingKind>;

/** Goes through the mirror's own Ids. */
const ofMirror: ReadingKind = {
  ...common,
  kind: 'sweep',
  isSequential: true,
  prepare: nextIds,
  query({ stream, ids }) {
    assert(ids, 'a sweep asks for Ids that were looked up');
    return sweepQuery(stream.table.stream, ids);
  },
  step: (read) =>
    idsStep(read, read.page, read.stream, (asked, isLast) =>
      passStep(
        read.stream,
        'sweep',
        sweepAfter(
          positionOf(read.stream.cursors.sweep),
          asked,
          isLast,
          read.serverNow,
          isReadByParents(read.stream.table.stream),
        ),
      ),
    ),
  add(slots, { stream, index }, count) {
    if (stream.cursors.sweep?.position.leg === 'salesforce') return slots.addChain('ids', index, count);
    const taken = slots.count('sweep', index);
    const pages = Math.max(1, Math.ceil(stream.rows / stream.pageSizes.part.rows) + 1);
    for (let nth = taken; nth < Math.min(taken + count, pages); nth++)
      slots.add({ kind: 'sweep', index, nth });
  },
  due(stream, at) {
    const own = stream.cursors.sweep;
    return own && !checksByBulk(stream, own.position, at) ? sweepDue(stream, at) : null;
  },
};

/** One look-up for all pages of the request. A page is left out if the pass ended with the one before. */
async function nextIds({ mirror, stream, slots, pageRows }: LookUp): Promise<PreparedSlot[]> {
  const { cursors, pageSizes, table } = stream;
  const size = pageSizes.part.rows;
  const limit = (slots.length - 1) * size + withHeadroom(size, pageRows);
  const found = await mirror.idsAfter(table, positionOf(cursors.sweep).after, limit);
  return slots.flatMap((slot) => {
    const { nth = 0 } = slot;
    const from = nth * size;
    const to = nth === slots.length - 1 ? limit : from + size;
    if (nth > 0 && found.length <= from && found.length < limit) return [];
    return [{ slot, ids: found.slice(from, to), isLastIds: found.length < limit && found.length <= to }];
  });
}

/** Goes through Salesforce's own Ids. */
const ofSalesforce: ReadingKind = {
  ...common,
  kind: 'ids',
  query({ stream, limit, chained }) {
    const where = idCondition(positionOf(stream.cursors.sweep).after, chained);
    const own = stream.table.stream;
    return { ...selectNotDeleted(own, where, { orderBy: 'Id', limit }, partialFieldsOf(own)), limit };
  },
  step({ stream, page, query, serverNow }) {
    const to = idPassAfter(positionOf(stream.cursors.sweep), page, query.limit, serverNow);
    return { ...passStep(stream, 'sweep', to), partial: { settledUntil: recheckAt(stream) } };
  },
  add: (slots, { index }, count) => slots.addChain('ids', index, count),
};

export const sweep: CursorKind = {
  kind: 'sweep',
  start: (_, serverNow) => startOfSweep(serverNow),
  readings: [ofMirror, ofSalesforce],
};
