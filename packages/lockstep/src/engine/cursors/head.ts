import { takesPlainQueriesOnly } from '../../core/object-restrictions.ts';
import type { StreamState } from '../run/sync-state.ts';
import type { HeadPosition } from './poll.ts';
import { canPollTogether, headAndRecheckQuery, headQuery, startOfHead } from './poll.ts';
import { addWindows, passBacklog, pollQuery, pollStep } from './poll-step.ts';
import { requireTimeField } from './queries.ts';
import { type CursorKind, positionOf, type ReadingKind, type Slot } from './reading.ts';

declare module '../run/sync-state.ts' {
  interface Positions {
    head: HeadPosition;
  }
}

const common = {
  activity: 'poll',
  purpose: 'poll',
  isShort: true,
  shape: () => 'full',
  step: pollStep,
} as const satisfies Partial<ReadingKind>;

/** The newest changes. */
const newest: ReadingKind = {
  ...common,
  kind: 'head',
  query(asked) {
    const { stream, slot, serverNow, chained } = asked;
    const { pollSince, cursors, table } = stream;
    const within = { pollSince, chained, before: slot.before };
    return pollQuery(
      asked,
      headQuery(requireTimeField(table.stream.cursorField), positionOf(cursors.head), serverNow, within),
    );
  },
  add: (slots, at, count) => addWindows(slots, 'head', at, count),
  behind: (stream, serverNow) =>
    passBacklog(stream, stream.cursors.head?.position.pass, { end: null, until: serverNow, serverNow }),
};

/** Head and recheck of a stream in one query. */
const combined: ReadingKind = {
  ...common,
  kind: 'head and recheck',
  query(asked) {
    const { cursors, table } = asked.stream;
    const [head, recheck] = [positionOf(cursors.head), positionOf(cursors.recheck)];
    return pollQuery(
      asked,
      headAndRecheckQuery(requireTimeField(table.stream.cursorField), head, recheck, asked.serverNow),
    );
  },
  add: (slots, { index }) => slots.add({ kind: 'head and recheck', index }),
};

export const head: CursorKind = {
  kind: 'head',
  start: ({ cursorField }, serverNow) => (cursorField === null ? null : startOfHead(serverNow)),
  readings: [newest, combined],
};

export const isHead = ({ kind }: Pick<Slot, 'kind'>): boolean =>
  kind === newest.kind || kind === combined.kind;

/** Whether the recheck shares the head's query. */
export function sharesHeadQuery(
  { cursors: { head: own, recheck, backfill }, table }: StreamState,
  serverNow: number,
): boolean {
  if (backfill || !own || !recheck || takesPlainQueriesOnly(table.stream.sobject)) return false;
  return canPollTogether(own.position, recheck.position, serverNow);
}
