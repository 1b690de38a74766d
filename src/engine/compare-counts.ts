import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { Page } from '../core/page.ts';
import { secondsOf } from '../core/stamps.ts';
import type { CursorMove, Mirror } from '../postgres/index.ts';
import {
  type CountQuestion,
  type CountStep,
  countAfter,
  type DayCount,
  suspectsMax,
} from './cursors/counts.ts';
import { mendOf } from './cursors/mend.ts';
import { hasDays, type SlotStep, streamOf } from './slots.ts';
import { moved, type StreamState, type SyncState } from './sync-state.ts';

/**
 * Compares the sums of an answer with the mirror's own. Days that a second reading still finds to differ are read
 * again; where there are too many of them, or the records tell no day, the whole table is. The mirror's own number of
 * its rows is made right at the end.
 */
export async function compareCounts(
  { mirror, log }: { mirror: Mirror; log: AppLog },
  state: SyncState,
  slot: { index: number },
  question: CountQuestion,
  page: Page,
): Promise<SlotStep> {
  const stream = streamOf(state, slot);
  const { counts } = stream.cursors;
  if (!counts) return { moves: [], after: stream };
  const there = sumsOf(page);
  const here = await mirror.countByDay(stream.table, question.range, question.before);
  const step = countAfter(counts.position, question, { here, there }, state.serverNow);
  if (step.to.begunAt === null) await mirror.recountRows(stream.table);
  const { sobject } = stream.table.stream;
  if (step.differing.length > 0) log.warn('counts differ', { stream: sobject, rows: step.differing.length });
  if (step.unmended.length > 0)
    log.warn('counts differ still', { stream: sobject, rows: step.unmended.length });
  return stepOf(stream, step);
}

function stepOf(stream: StreamState, { to, differing, unmended }: CountStep): SlotStep {
  const counted = moved(stream, 'counts', to);
  const isWhole = to.begunAt === null && unmended.length === 0;
  const move = isWhole
    ? { ...counted.move, verified: { level: 'counts' as const, at: to.lastAt } }
    : counted.move;
  if (differing.length === 0) return { moves: [move], after: counted.stream };
  const isWholeTable = differing.length > suspectsMax || !hasDays(stream.table.stream);
  return isWholeTable ? wanting(counted.stream, [move]) : mending(counted.stream, [move], differing);
}

function mending(stream: StreamState, moves: readonly CursorMove[], days: readonly string[]): SlotStep {
  const { move, stream: after } = moved(stream, 'mend', mendOf(days));
  return { moves: [...moves, move], after };
}

/** The whole table is compared, at full pace. */
function wanting(stream: StreamState, moves: readonly CursorMove[]): SlotStep {
  const { sweep, content } = stream.cursors;
  if (!sweep || !content) return { moves, after: stream };
  const swept = moved(stream, 'sweep', { ...sweep.position, isWanted: true });
  const read = moved(swept.stream, 'content', { ...content.position, isWanted: true });
  return { moves: [...moves, swept.move, read.move], after: read.stream };
}

const sumsSchema = z.array(
  z.object({ d: z.string().nullish(), n: z.number().int(), newest: z.string().nullish() }),
);

/** Sums of records, not values of them: a double holds them. */
function sumsOf({ records: sums }: Page): DayCount[] {
  const read = sumsSchema.safeParse(JSON.parse(sums));
  if (!read.success) throw new Fault('DATA-03', { where: 'counts by day' });
  return read.data.map(({ d, n, newest }) => ({
    day: d ?? '',
    count: n,
    newest: newest ? secondsOf(newest) : null,
  }));
}
