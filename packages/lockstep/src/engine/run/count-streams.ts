/**
 * The daily count of some streams: compares Salesforce's counts with the mirror's own. It runs in the background,
 * because either side may take minutes to count a large table, and it changes no row.
 */
import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import type { Page } from '../../core/page.ts';
import { secondsOf } from '../../core/stamps.ts';
import type { CursorMove } from '../../postgres/index.ts';
import { type Query, type QueryOutcome, queryPages } from '../../salesforce/index.ts';
import {
  type CountedDay,
  type CountQuestion,
  type CountStep,
  countAfter,
  countQuery,
  countQuestion,
  suspectsMax,
} from '../cursors/counts.ts';
import { hasDays, requireTimeField } from '../cursors/queries.ts';
import { type SlotStep } from '../cursors/reading.ts';
import { repairOf } from '../cursors/repair.ts';
import type { SyncDeps } from './sync-deps.ts';
import { advanceCursor, type StreamState, type SyncState } from './sync-state.ts';

/** What the count of one stream has found, with the version of the cursor that it began from. */
export interface Counted {
  streamNo: number;
  version: number;
  result: { step: CountStep } | { error: unknown };
}

/**
 * Asks Salesforce and counts the mirror. A stream whose count fails says nothing about the others.
 *
 * @throws Fault if the request as a whole failed
 */
export async function countStreams(
  deps: SyncDeps,
  state: SyncState,
  indexes: readonly number[],
  signal: AbortSignal,
): Promise<readonly Counted[]> {
  const asked = indexes.flatMap((index) => {
    const stream = state.streams[index];
    const counts = stream?.cursors.counts;
    return stream && counts
      ? [{ stream, counts, question: countQuestion(counts.position, state.serverNow) }]
      : [];
  });
  const queries = asked.map(({ stream, question }) => queryOf(stream, question));
  const { pages, usage } = await queryPages(deps.salesforce, queries, { purpose: 'reconcile' }, signal);
  deps.onAnswer(usage);
  const counted: Counted[] = [];
  for (const [index, { stream, counts, question }] of asked.entries()) {
    const { streamNo } = stream.table.stream;
    const answered = { outcome: pages[index] as QueryOutcome, share: 1 / asked.length };
    const result = await compare(deps, stream, question, answered, state.serverNow).catch(
      (error: unknown) => ({
        error,
      }),
    );
    counted.push({ streamNo, version: counts.version, result });
  }
  return counted;
}

function queryOf({ table: { stream } }: StreamState, question: CountQuestion): Query {
  const soql = countQuery(stream.sobject, requireTimeField(stream.cursorField), hasDays(stream), question);
  return { soql, includeDeleted: false, timeField: null };
}

/** When a count has ended, the mirror's own number of rows is recounted as well. */
async function compare(
  { mirror, log, onQuery }: SyncDeps,
  { table, cursors: { counts } }: StreamState,
  question: CountQuestion,
  { outcome, share }: { outcome: QueryOutcome; share: number },
  serverNow: number,
): Promise<Counted['result']> {
  if (outcome.kind === 'refused') throw outcome.fault;
  if (outcome.kind !== 'page' || !counts) throw new Fault('DATA-03', { where: 'counts by day' });
  const { sobject } = table.stream;
  onQuery?.({ sobject, kind: 'counts', rows: outcome.page.count, purpose: 'reconcile', share });
  const there = sumsOf(outcome.page);
  const here = await mirror.countByDay(table, question.range, question.before);
  const step = countAfter(counts.position, question, { here, there, isCut: !outcome.page.done }, serverNow);
  if (step.to.begunAt === null) await mirror.recountRows(table);
  if (step.differing.length > 0) log.warn('counts differ', { stream: sobject, rows: step.differing.length });
  if (step.unrepaired.length > 0)
    log.warn('counts still differ', { stream: sobject, rows: step.unrepaired.length });
  return { step };
}

/**
 * What a count means for its stream. Days that still differ in a second reading are read again; the whole table is, if
 * there are too many such days or the records have no day.
 */
export function countedStep(stream: StreamState, { to, differing, unrepaired }: CountStep): SlotStep {
  const counted = advanceCursor(stream, 'counts', to);
  const isWhole = to.begunAt === null && unrepaired.length === 0;
  const move = isWhole
    ? { ...counted.move, verified: { level: 'counts' as const, at: to.lastAt } }
    : counted.move;
  if (differing.length === 0) return { moves: [move], after: counted.stream };
  const isWholeTable = differing.length > suspectsMax || !hasDays(stream.table.stream);
  if (isWholeTable) return wantPasses(counted.stream, [move], ['sweep', 'content']);
  const isLarge = stream.rows > rowsByDayMax;
  const repairing = advanceCursor(
    counted.stream,
    'repair',
    repairOf(differing, isLarge ? 'records' : 'records and ids'),
  );
  const moves = [move, repairing.move];
  return isLarge ? wantPasses(repairing.stream, moves, ['sweep']) : { moves, after: repairing.stream };
}

/** Finding the rows of a day takes a scan of the whole table, which is too slow for each page of a larger table. */
const rowsByDayMax = 100_000;

/** Has the whole table compared, at full pace. */
function wantPasses(
  stream: StreamState,
  moves: readonly CursorMove[],
  kinds: readonly ('sweep' | 'content')[],
): SlotStep {
  let step: SlotStep = { moves, after: stream };
  for (const kind of kinds) {
    const cursor = step.after.cursors[kind];
    if (!cursor) continue;
    const wanted = advanceCursor(step.after, kind, { ...cursor.position, isWanted: true });
    step = { moves: [...step.moves, wanted.move], after: wanted.stream };
  }
  return step;
}

const sumsSchema = z.array(
  z.object({ d: z.string().nullish(), n: z.number().int(), newest: z.string().nullish() }),
);

/** These are counts of records, not values from them, so doubles are exact enough. */
function sumsOf({ records: sums }: Page): CountedDay[] {
  const read = sumsSchema.safeParse(JSON.parse(sums));
  if (!read.success) throw new Fault('DATA-03', { where: 'counts by day' });
  return read.data.map(({ d, n, newest }) => ({
    day: d ?? '',
    count: n,
    newest: newest ? secondsOf(newest) : null,
  }));
}
