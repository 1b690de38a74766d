/**
 * What runs in the background, in parallel with the requests that objects share: pages of a slow object, counts,
 * descriptions, restoring tables, clean-up. Results take effect between two requests.
 */

import { unreachable } from '@lockstep/foundation/assert';
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import { isLockTimeout, type Remainder } from '../../postgres/index.ts';
import type { InBackground, Next } from '../plan/next-request.ts';
import type { BackgroundWork, Effect } from './background-work.ts';
import { beginBulkStep, bulkUnderWay } from './begin-bulk-step.ts';
import { type Counted, countedStep, countStreams } from './count-streams.ts';
import { beginDescribe } from './describe-objects.ts';
import { beginIdentify } from './identify-objects.ts';
import { needsRequest, prepareRequest } from './prepare-request.ts';
import { isBackingOff, withoutProblem, withProblem } from './problems.ts';
import type { BackgroundRun, Run } from './run.ts';
import { withProblems } from './stream-problems.ts';
import { type StreamState, type SyncState, withFigures, withStreams } from './sync-state.ts';
import { applyAnswer, askSalesforce, beginReading, isOfRequest } from './tick.ts';

/** How long moving cursors without a reading may take: nothing is merged. */
const movesLastMs = 60_000;

/** Begins a request in the background, by its kind. */
export function beginSeparate(
  run: BackgroundRun,
  background: BackgroundWork,
  state: SyncState,
  next: Exclude<Next, { kind: 'wait' }>,
): void {
  switch (next.kind) {
    case 'composite':
      return beginAsk(run, background, state, next);
    case 'count':
      return beginCount(run, background, state, next.indexes);
    case 'identify':
      return beginIdentify(run, background, state, next.indexes);
    case 'describe':
      return beginDescribe(run, background, state, next.indexes);
    case 'bulk':
      return beginBulkStep(run, background, state, next);
    default:
      unreachable(next);
  }
}

/** Which of these are under way. */
export const backgroundOf = (background: BackgroundWork, { streams }: SyncState): InBackground => ({
  isCounting: background.isUnderWay('count'),
  isDescribing: background.isUnderWay('describe'),
  asking: new Set(
    streams
      .map(({ table }) => table.stream.streamNo)
      .filter((streamNo) => background.isUnderWay(askOf(streamNo))),
  ),
  bulk: bulkUnderWay(background, streams),
});

const askOf = (streamNo: number) => `ask ${streamNo}`;

/**
 * A whole step of one object that may take long: its pages are requested while the other objects go on, and are
 * applied between two of their requests.
 */
function beginAsk(
  run: BackgroundRun,
  background: BackgroundWork,
  state: SyncState,
  asking: Extract<Next, { kind: 'composite' }>,
): void {
  const [slot] = asking.slots;
  const stream = slot && state.streams[slot.index];
  if (!stream) return;
  const { streamNo } = stream.table.stream;
  background.begin(
    askOf(streamNo),
    async (signal) => {
      const prepared = await prepareRequest(run, state, asking);
      const reading = needsRequest(prepared) ? await beginReading(run, prepared) : null;
      if (!reading) return async (now) => merged(now, stream, prepared.state);
      const received = await askSalesforce(run, reading, signal);
      return async (now) => {
        const { state: after } = await applyAnswer(run, received);
        // Other background work may have moved its cursors or changed its table meanwhile.
        return run.reload({
          ...merged(now, stream, after),
          serverNow: Math.max(now.serverNow, after.serverNow),
        });
      };
    },
    (error) => async (now) => {
      if (!isOfRequest(error)) throw error;
      return withStreams(now, [streamNo], (one) => withProblem(one, 'poll', error, run.clock.now()));
    },
  );
}

/** One stream after its own step, with what else has changed in it meanwhile. */
function merged(now: SyncState, before: StreamState, after: SyncState): SyncState {
  const { streamNo } = before.table.stream;
  const stepped = after.streams.find(({ table }) => table.stream.streamNo === streamNo) ?? before;
  return withStreams(now, [streamNo], (current) => {
    // What was refused for the fields of an older plan says nothing about the newer one.
    if (current.table.stream.planVersion !== before.table.stream.planVersion) return current;
    return {
      ...changed(current, before, stepped),
      problems: changed(current.problems, before.problems, stepped.problems),
    };
  });
}

/** Applies the changes from `before` to `after` to `current`. */
function changed<T extends object>(current: T, before: T, after: T): T {
  const result = { ...current };
  for (const key of Object.keys({ ...before, ...after }) as (keyof T)[]) {
    if (before[key] === after[key]) continue;
    if (key in after) result[key] = after[key];
    else delete result[key];
  }
  return result;
}

function beginCount(
  run: BackgroundRun,
  background: BackgroundWork,
  state: SyncState,
  indexes: readonly number[],
): void {
  const streamNos = indexes.flatMap((index) => state.streams[index]?.table.stream.streamNo ?? []);
  background.begin(
    'count',
    async (signal) => {
      const counted = await countStreams(run, state, indexes, signal);
      return (now) => applyCounts(run, now, counted);
    },
    (error) => withProblems(run, streamNos, 'counts', error),
  );
}

/** A stream whose counts cursor somebody else has moved meanwhile is counted again. */
async function applyCounts(
  run: BackgroundRun,
  state: SyncState,
  counted: readonly Counted[],
): Promise<SyncState> {
  const { clock, mirror, holder } = run;
  const rest: Remainder[] = [];
  let next = state;
  for (const { streamNo, version, result } of counted) {
    const stream = next.streams.find(({ table }) => table.stream.streamNo === streamNo);
    if (stream?.cursors.counts?.version !== version) continue;
    if ('error' in result) {
      next = await withProblems(run, [streamNo], 'counts', result.error)(next);
      continue;
    }
    const { moves, after } = countedStep(stream, result.step);
    rest.push({ table: stream.table, moves });
    const rows = result.step.unrepaired.length;
    const { sobject } = stream.table.stream;
    next = withStreams(next, [streamNo], () =>
      rows === 0
        ? withoutProblem(after, 'counts')
        : withProblem(after, 'counts', new Fault('DATA-05', { stream: sobject, rows }), clock.now()),
    );
  }
  if (rest.length === 0) return next;
  const streamNos = rest.map(({ table }) => table.stream.streamNo);
  const observation = await mirror.openTickObservation(holder, streamNos, movesLastMs);
  const { unmoved, figures } = await mirror.applyRemainder(rest, { observation, isLast: true });
  return unmoved.length > 0 ? run.reload(next) : withFigures(next, figures);
}

/** How long restoring a table waits for its readers: longer with each try. */
const lockWaitMs = { first: 100, most: 5_000 };

/** Restores tables that somebody has changed. */
export function beginRestores(run: BackgroundRun, background: BackgroundWork, state: SyncState): void {
  for (const stream of state.streams) {
    if (!stream.isTableChanged || isBackingOff(stream, 'table', run.clock.now())) continue;
    const { streamNo, sobject } = stream.table.stream;
    const tries = stream.problems.table?.tries ?? 1;
    const waitMs = Math.min(lockWaitMs.most, lockWaitMs.first * 2 ** Math.min(tries - 1, 6));
    background.begin(
      `restore ${streamNo}`,
      async () => {
        const found = await run.mirror.restoreTable(stream.table, waitMs);
        if (found === null) return unchangedTable(run, stream);
        run.log.warn('table made again', { stream: sobject, code: 'SCH-04' });
        run.onActivity?.({ kind: 'schema', event: 'table restored', sobject, code: 'SCH-04' });
        return async (now) =>
          run.reload(
            withStreams(now, [streamNo], (one) => ({
              ...withoutProblem(one, 'table'),
              isTableChanged: false,
            })),
          );
      },
      (error) => async (now) => {
        const fault = await restoreFault(run, stream, error);
        return withStreams(now, [streamNo], (one) => withProblem(one, 'table', fault, run.clock.now()));
      },
    );
  }
}

/** A page failed although its table is as planned: the stream rests, longer each time, until a page is stored. */
const unchangedTable =
  ({ clock }: Run, { table }: StreamState): Effect =>
  async (state) => {
    const { streamNo, sobject: stream } = table.stream;
    const fault = new Fault('DB-15', { stream, reason: 'the table itself is unchanged' });
    return withStreams(state, [streamNo], (one) => ({
      ...withProblem(one, 'table', fault, clock.now()),
      isTableChanged: false,
    }));
  };

async function restoreFault({ mirror }: Run, { table }: StreamState, error: unknown): Promise<Fault> {
  if (error instanceof Fault && error.code !== 'SYS-09') return error;
  const stream = table.stream.sobject;
  if (isLockTimeout(error)) {
    const holders = await mirror.lockHolders(table).catch(() => null);
    return new Fault('SCH-05', {
      stream,
      reason: `it is in use (${holders ?? 'by a session that has ended'})`,
    });
  }
  const state = sqlState(error);
  const reason =
    state === '2BP01'
      ? 'a view or something else that somebody created depends on what has to be dropped'
      : `the database refused it (${state ?? 'no code'})`;
  return new Fault('SCH-05', { stream, reason });
}

/** Keeps the destination tidy. A failure does no harm: it runs again later. */
export function beginTidying(run: BackgroundRun, background: BackgroundWork, state: SyncState): void {
  const nothing: Effect = async (now) => now;
  const { mirror } = run;
  background.begin(
    'tidy',
    async () => {
      await mirror.purgeOld();
      for (const { table, isTableChanged, cursors } of state.streams) {
        if (isTableChanged) continue;
        // Other tables are recounted with each count of their days.
        if (!cursors.counts && !cursors.backfill) await mirror.recountRows(table);
      }
      return nothing;
    },
    () => nothing,
  );
}
