import { sharesHeadQuery } from './head.ts';
import type { RecheckPosition } from './poll.ts';
import { isRecheckDue, recheckQuery, settleSeconds, startOfRecheck } from './poll.ts';
import { addWindows, passBacklog, pollQuery, pollStep } from './poll-step.ts';
import { requireTimeField } from './queries.ts';
import { type CursorKind, positionOf, type ReadingKind } from './reading.ts';

declare module '../run/sync-state.ts' {
  interface Positions {
    recheck: RecheckPosition;
  }
}

/** Reads what has become old enough to be settled once more. */
const reading: ReadingKind = {
  kind: 'recheck',
  activity: 'poll',
  purpose: 'poll',
  isShort: true,
  shape: () => 'full',
  query(asked) {
    const { stream, slot, serverNow, chained } = asked;
    const { cursors, table } = stream;
    const within = { chained, before: slot.before };
    const field = requireTimeField(table.stream.cursorField);
    return pollQuery(asked, recheckQuery(field, positionOf(cursors.recheck), serverNow, within));
  },
  step: pollStep,
  add: (slots, at, count) => addWindows(slots, 'recheck', at, count),
  due(stream, { serverNow }) {
    const { recheck: own } = stream.cursors;
    const isDue = own && isRecheckDue(own.position, serverNow) && !sharesHeadQuery(stream, serverNow);
    return isDue ? { pace: 'now' } : null;
  },
  behind(stream, serverNow) {
    const pass = stream.cursors.recheck?.position.pass;
    return passBacklog(stream, pass, {
      end: pass?.until ?? null,
      until: serverNow - settleSeconds,
      serverNow,
    });
  },
};

export const recheck: CursorKind = {
  kind: 'recheck',
  start: ({ cursorField }, serverNow) => (cursorField === null ? null : startOfRecheck(serverNow)),
  readings: [reading],
};
