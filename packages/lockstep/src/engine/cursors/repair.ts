import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import { advanceCursor, type StreamState } from '../run/sync-state.ts';
import { idCondition } from './backfill.ts';
import { checkAt, idsStep } from './checked.ts';
import type { Day } from './counts.ts';
import { isFull } from './pass.ts';
import { byId, sweepQuery } from './queries.ts';
import { type CursorKind, positionOf, type ReadingKind, type SlotStep, withHeadroom } from './reading.ts';

/**
 * Repairs the days on which a count differed. For each day it first reads all of Salesforce's records in full, by Id,
 * then checks the mirror's own Ids, which finds rows that Salesforce does not have. Pure.
 */
export interface RepairPosition {
  days: readonly Day[];
  part: 'records' | 'ids';
  after: RecordId | null;
  /** A sweep of the whole table checks the mirror's own Ids instead. Absent: they are checked here. */
  leavesIds?: boolean;
}

export const nothingToRepair: RepairPosition = { days: [], part: 'records', after: null };

export const repairOf = (
  days: readonly Day[],
  what: 'records' | 'records and ids' = 'records and ids',
): RepairPosition => ({ ...nothingToRepair, days, ...(what === 'records' && { leavesIds: true }) });

/** Selects the records that were created on the first of the days. */
export function repairCondition({ days: [day = ''], after }: RepairPosition): string | undefined {
  const afterId = idCondition(after);
  const created = `CreatedDate >= ${day}T00:00:00Z AND CreatedDate < ${dayAfter(day)}T00:00:00Z`;
  return [created, afterId].filter(Boolean).join(' AND ');
}

const dayAfter = (day: Day) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

export function repairAfterRecords(position: RepairPosition, page: Page, limit: number): RepairPosition {
  if (isFull(page, limit)) return { ...position, after: page.lastId ?? position.after };
  return position.leavesIds ? nextDay(position) : { ...position, part: 'ids', after: null };
}

const nextDay = (position: RepairPosition): RepairPosition => ({
  ...position,
  days: position.days.slice(1),
  part: 'records',
  after: null,
});

export function repairAfterIds(
  position: RepairPosition,
  ids: readonly RecordId[],
  isLast: boolean,
): RepairPosition {
  return isLast ? nextDay(position) : { ...position, after: ids.at(-1) ?? position.after };
}

declare module '../run/sync-state.ts' {
  interface Positions {
    repair: RepairPosition;
  }
}

const reading: ReadingKind = {
  kind: 'repair',
  activity: 'counts',
  purpose: 'reconcile',
  isOnePage: true,
  shape: ({ repair: own }) => (own?.position.part === 'ids' ? 'part' : 'full'),
  prepare({ mirror, stream, slots, pageRows }) {
    const { part, after, days } = positionOf(stream.cursors.repair);
    if (part === 'records') return null;
    const limit = withHeadroom(stream.pageSizes.part.rows, pageRows);
    return mirror
      .idsAfter(stream.table, after, limit, days[0])
      .then((ids) => slots.map((slot) => ({ slot, ids, isLastIds: ids.length < limit })));
  },
  query: (asked) =>
    asked.ids
      ? sweepQuery(asked.stream.table.stream, asked.ids)
      : byId(asked, repairCondition(positionOf(asked.stream.cursors.repair))),
  step(read) {
    const { stream, page, query, serverNow } = read;
    const position = positionOf(stream.cursors.repair);
    if (read.ids)
      return idsStep(read, page, stream, (ids, isLast) =>
        repairStep(stream, repairAfterIds(position, ids, isLast)),
      );
    return {
      ...repairStep(stream, repairAfterRecords(position, page, query.limit)),
      check: checkAt(serverNow),
    };
  },
  add(slots, { index }) {
    if (!slots.has('repair', index)) slots.add({ kind: 'repair', index });
  },
  due: ({ cursors }) =>
    !cursors.backfill && isRepairing(cursors.repair) ? { pace: 'now', isWanted: true } : null,
};

function repairStep(stream: StreamState, to: RepairPosition): SlotStep {
  const { move, stream: after } = advanceCursor(stream, 'repair', to);
  return { moves: [move], after };
}

export const isRepairing = (own: StreamState['cursors']['repair']): boolean =>
  (own?.position.days.length ?? 0) > 0;

export const repair: CursorKind = { kind: 'repair', start: () => nothingToRepair, readings: [reading] };
