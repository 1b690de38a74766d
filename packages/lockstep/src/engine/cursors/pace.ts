import type { RecordId } from '../../core/ids.ts';
import type { Page } from '../../core/page.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { isFull } from './pass.ts';

/**
 * When the passes that check a whole table take their steps. A pass is spread evenly over its period, so that it never
 * takes all requests of an hour. A step is due when the pass lags behind its period. If a request has room, a step is
 * also taken when the pass lags behind a shorter period. Pure.
 */
export interface TablePass {
  /** When the pass under way began; null at rest. */
  begunAt: ServerSeconds | null;
  /** When the last complete pass began; the beginning of the stream if there is none. */
  lastAt: ServerSeconds;
  /** Rows that this pass has read. */
  done: number;
  /** Somebody waits for it: it runs as fast as the budget allows. */
  isWanted: boolean;
}

export interface Period {
  /** A pass takes this long at most. */
  everySeconds: number;
  /** And at least this long, however much room there is. */
  idleSeconds: number;
}

export type Due = 'now' | 'idle' | null;

export const restingPass = (since: ServerSeconds): TablePass => ({
  begunAt: null,
  lastAt: since,
  done: 0,
  isWanted: false,
});

export function dueOf(
  pass: TablePass,
  rows: number,
  { everySeconds, idleSeconds }: Period,
  now: ServerSeconds,
): Due {
  if (pass.isWanted) return 'now';
  const elapsed = now - (pass.begunAt ?? pass.lastAt);
  const share = pass.begunAt === null ? 1 : Math.min(1, pass.done / Math.max(1, rows));
  // To end in time, a pass stays a little ahead of its schedule.
  if (elapsed >= share * everySeconds * (pass.begunAt === null ? 1 : 0.9)) return 'now';
  return elapsed >= share * idleSeconds ? 'idle' : null;
}

/** The pass after a step; begins one if none is under way. */
export const advancedPass = <Position extends TablePass>(
  position: Position,
  rows: number,
  now: ServerSeconds,
): Position => ({ ...position, begunAt: position.begunAt ?? now, done: position.done + rows });

export const endedPass = ({ begunAt, lastAt }: TablePass): TablePass => restingPass(begunAt ?? lastAt);

/** A pass over Salesforce's own Ids, in its order. */
export interface IdPass extends TablePass {
  /** The last Id of the last page, as Salesforce returned it; null at rest. */
  after: RecordId | null;
}

/** A page that is not full ends the pass. */
export function idPassAfter<Position extends IdPass>(
  position: Position,
  page: Page,
  limit: number,
  serverNow: ServerSeconds,
): Position | IdPass {
  const to = advancedPass(position, page.count, serverNow);
  return isFull(page, limit)
    ? { ...to, after: page.lastId ?? position.after }
    : { ...endedPass(to), after: null };
}
