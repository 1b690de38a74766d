/** Shows the backfill of a sync until it is complete, from its mirror. */
import { systemClock } from '@lockstep/foundation/clock';
import type { Tx } from '@lockstep/foundation/database';
import { RequestError } from '../../core/request-error.ts';
import { type ObjectState, objectStates } from '../../core/states.ts';
import { readStatusRows, type StatusRow } from '../../postgres/index.ts';
import type { Output } from './output.ts';
import { openProgress } from './progress.ts';
import type { ObjectProgress } from './progress-lines.ts';

export interface BackfillResult {
  /** In milliseconds since 1970, as this process saw it; null before the first row. */
  firstRowAt: number | null;
  rows: number;
}

const lookEveryMs = 200;
/** Shorter until the first row, whose time is reported. */
const lookForFirstRowEveryMs = 50;

/**
 * Resolves when the backfill of every object is complete.
 * @throws {@link RequestError} if an object was stopped; the signal's reason after an abort
 */
export async function watchBackfill(
  mirror: Tx,
  name: string,
  output: Output,
  stop: AbortSignal,
): Promise<BackfillResult> {
  let firstRowAt: number | null = null;
  const show = openProgress(name, output);
  for (;;) {
    const streams = await readStatusRows(mirror);
    const rows = streams.reduce((total, stream) => total + stream.rows, 0);
    if (rows > 0) firstRowAt ??= systemClock.now();
    show({ state: 'backfilling', fault: null, objects: streams.map(progressOf) });
    if (streams.length > 0 && streams.every(({ state }) => state === 'current')) {
      output.show([]);
      return { firstRowAt, rows };
    }
    const stopped = streams.find(({ state }) => state === 'stopped');
    if (stopped) {
      throw new RequestError(`${stopped.sobject} was stopped`, {
        kind: 'unexpected',
        next: 'See the newest file in the folder logs of the data directory.',
      });
    }
    await systemClock.sleep(firstRowAt === null ? lookForFirstRowEveryMs : lookEveryMs, stop);
  }
}

function progressOf(stream: StatusRow): ObjectProgress {
  const state: ObjectState = stream.state === 'rows missing' ? 'rows_missing' : stream.state;
  return { ...stream, state, state_word: objectStates[state].word };
}
