import type { Clock } from '@lockstep/foundation/clock';
import { Fault } from '../../core/faults.ts';
import { spend } from '../plan/budget.ts';
import { nextRequest } from '../plan/next-request.ts';
import { recoverUnfinishedWrites } from '../writes/recover-unfinished-writes.ts';
import { backgroundOf, beginRestores, beginSeparate, beginTidying } from './background.ts';
import { BackgroundWork } from './background-work.ts';
import { backoffMs } from './backoff.ts';
import { openChosenObjects } from './chosen-objects.ts';
import { beginFieldChanges } from './describe-objects.ts';
import { withFieldChoice } from './field-changes.ts';
import { loadState } from './load-state.ts';
import { needsRequest, type PreparedRequest, prepareRequest } from './prepare-request.ts';
import { openProblemLog } from './problem-log.ts';
import { beginReplacements } from './replace-columns.ts';
import type { BackgroundRun, Run } from './run.ts';
import { splitQueries } from './split-queries.ts';
import { openStreamChanges } from './stream-changes.ts';
import { SyncRequests } from './sync-requests.ts';
import { type SyncState, withFigures } from './sync-state.ts';
import { openTableIndexes } from './table-indexes.ts';
import {
  afterTooSlow,
  answerLimitMs,
  applyAnswer,
  askSalesforce,
  beginReading,
  isOfRequest,
  type OpenReading,
  type Received,
  TooSlow,
  withStored,
} from './tick.ts';

/** A request that is under way. */
interface InFlight {
  reading: OpenReading;
  answer: Promise<Received>;
  cancel(): Promise<void>;
}

/**
 * Makes one request after another, as `nextRequest` chooses them, and applies each answer. If the budget allows, the
 * next request goes out while the pages of the last answer are still being applied. It begins after that answer
 * arrived, so it is the newer reading of the two, and it reads from where that answer will move the cursors. If the
 * cursors cannot be moved there, the request is cancelled. Returns when the destination has another address.
 *
 * @throws Fault and database errors after which the state must be loaded again
 */
export async function runTicks(run: Run, loaded: SyncState, signal: AbortSignal): Promise<void> {
  const { revision } = run.open.settings.destination;
  const loop: LoopState = { state: loaded, received: null, revision };
  try {
    await tickOn(run, loop, signal);
  } finally {
    giveBackRequests(run, loop.state);
    if (loop.received) giveBackRequests(run, loop.received.reading.state);
  }
}

/** The state of a run, and the answer that it has not applied yet. */
interface LoopState {
  state: SyncState;
  received: Received | null;
  /** Of the destination that it has open. */
  revision: number;
}

const isElsewhere = ({ open }: Run, { received, revision }: LoopState) =>
  received === null && open.settings.destination.revision !== revision;

async function tickOn(run: Run, loop: LoopState, signal: AbortSignal): Promise<void> {
  const { open, clock, syncProblem } = run;
  const background = new BackgroundWork(open.mailbox, run.log);
  using _ = { [Symbol.dispose]: () => background.stop() };
  const backgroundRun: BackgroundRun = { ...run, reload: (state) => reload(run, state) };
  const betweenTicks = openBetweenTicks(backgroundRun, background);
  const recordProblems = openProblemLog(run.mirror);
  const noteChanges = openStreamChanges(run.onStreamChange);
  let isComplete = false;
  while (!signal.aborted && !isElsewhere(run, loop)) {
    loop.state = await betweenTicks(loop.state, loop.received === null);
    await recordProblems(loop.state, clock.now());
    noteChanges(loop.state);
    if (!isComplete && !loop.received && isBackfilled(loop.state)) {
      isComplete = true;
      await run.onComplete();
    }
    const next = nextRequest(loop.state, clock.now(), backgroundOf(background, loop.state));
    if (next.kind !== 'wait' && next.isSeparate) {
      loop.state = spent(run, loop.state);
      if (next.kind !== 'composite') loop.state = { ...loop.state, sharedInARow: 0 };
      beginSeparate(backgroundRun, background, loop.state, next);
      continue;
    }
    let inFlight: InFlight | null = null;
    if (
      next.kind === 'composite' &&
      (!loop.received || (mayGoAhead(loop.received) && !background.hasEnded))
    ) {
      const prepared = await prepareRequest(run, loop.state, next);
      loop.state = prepared.state;
      if (needsRequest(prepared)) {
        loop.state = { ...spent(run, loop.state), sharedInARow: loop.state.sharedInARow + 1 };
        inFlight = await sendRequest(run, { ...prepared, state: loop.state }, signal, loop.received !== null);
      }
    }
    if (loop.received) {
      const done = await applyWhileRequesting(run, loop.received, inFlight);
      if (done.areCursorsMoved) {
        loop.state = withStored(withFigures(loop.state, done.figures), done.stored);
      } else {
        giveBackRequests(run, loop.state);
        loop.state = done.state;
        inFlight = null;
      }
      loop.received = null;
      run.onApplied();
      if (open.quota.closedUntil === null) await syncProblem.end();
    } else if (next.kind === 'wait') {
      await reportQuota(run, loop.state);
      await open.mailbox.wait(clock, next.until - clock.now(), signal);
    }
    if (!inFlight) continue;
    try {
      loop.received = await inFlight.answer;
      loop.state = withFiguresOf({ ...loop.received.next, budget: loop.state.budget }, loop.state);
    } catch (error) {
      if (error instanceof TooSlow) {
        loop.state = afterTooSlow(loop.state, inFlight.reading);
        continue;
      }
      if (signal.aborted || !isOfRequest(error)) throw error;
      const tries = (loop.state.syncProblem?.tries ?? 0) + 1;
      const waitMs = backoffMs(tries, error);
      run.log.warn('tick failed', { code: error.code, waitMs, tries });
      loop.state = { ...loop.state, syncProblem: { tries, retryAt: clock.now() + waitMs } };
      await syncProblem.begin(error, waitMs);
    }
  }
}

const isBackfilled = ({ streams }: SyncState) => streams.every(({ cursors }) => cursors.backfill === null);

/** The state after sending a request now. */
function spent({ open, clock }: Run, state: SyncState): SyncState {
  const budget = spend(state.budget, clock.now());
  open.sentAt = budget.sentAt;
  return { ...state, budget };
}

/** The state with the newer figures of the same streams. */
const withFiguresOf = (state: SyncState, newer: SyncState): SyncState => ({
  ...state,
  streams: state.streams.map((stream, index) => {
    const { rows, marked } = newer.streams[index] ?? stream;
    return { ...stream, rows, marked };
  }),
});

/** Whether the next request may be sent before this answer is applied: it must be long, without records read again. */
function mayGoAhead({ parts, reading }: Received): boolean {
  const rows = parts.reduce((sum, { page }) => sum + (page?.count ?? 0), 0);
  const isLong = rows >= reading.state.pageRows || parts.some(({ page }) => page && !page.done);
  return isLong && parts.every(({ slot }) => slot.kind !== 're-read');
}

/** @param isAhead  the previous answer is not applied yet, so this request may have to be cancelled */
async function sendRequest(
  run: Run,
  prepared: PreparedRequest,
  signal: AbortSignal,
  isAhead: boolean,
): Promise<InFlight | null> {
  const reading = await beginReading(run, prepared, answerLimitMs(prepared));
  if (!reading) return null;
  const cancelling = new AbortController();
  const stops = isAhead ? AbortSignal.any([signal, cancelling.signal]) : signal;
  const answer = askSalesforce(run, reading, stops);
  // The error is handled when the answer is awaited, unless applying the previous answer fails before.
  answer.catch(() => undefined);
  return {
    reading,
    answer,
    async cancel() {
      cancelling.abort();
      await answer.then(
        (received) => run.mirror.closeObservation(received.reading.observation).catch(() => undefined),
        () => undefined,
      );
    },
  };
}

/** Applies an answer while the next request is under way, and cancels that one if it reads from the wrong position. */
async function applyWhileRequesting(run: Run, received: Received, inFlight: InFlight | null) {
  try {
    const ticked = await applyAnswer(run, received, inFlight?.reading.observation.lo);
    if (ticked.areCursorsMoved) return ticked;
    await inFlight?.cancel();
    return { ...ticked, state: await reload(run, ticked.state) };
  } catch (error) {
    await inFlight?.cancel();
    throw error;
  }
}

const tidyEveryMs = 3_600_000;
/** How often set-aside records that are due are marked to be read again. */
const retryEveryMs = 60_000;
/** How long a write that was cut off may go unnoticed. */
const recoverEveryMs = 5_000;
/** New sync requests wake the loop; this finds those whose notification was lost. */
const checkEveryMs = 10_000;

/**
 * What happens between two requests: housekeeping, new settings, and what others want from the next request.
 *
 * `isApplied` says whether the state is in the mirror; until then no sync request can end.
 */
function openBetweenTicks(
  run: BackgroundRun,
  background: BackgroundWork,
): (state: SyncState, isApplied: boolean) => Promise<SyncState> {
  const { clock, mirror, open } = run;
  const syncRequests = new SyncRequests(run.syncRequests, run.log, open.mailbox);
  const tidy = everyMs(clock, tidyEveryMs);
  const lookAfterIndexes = openTableIndexes(run, background);
  const lookAfterObjects = openChosenObjects(run, background);
  const retry = everyMs(clock, retryEveryMs);
  const recover = everyMs(clock, recoverEveryMs);
  const look = everyMs(clock, checkEveryMs);
  let { settings } = open;
  return async (known, isApplied) => {
    const state = isApplied ? await splitQueries(run, await background.takeEffect(known)) : known;
    if (isApplied) beginFieldChanges(run, background, state);
    if (isApplied) beginReplacements(run, background, state);
    if (tidy()) beginTidying(run, background, state);
    if (isApplied) beginRestores(run, background, state);
    lookAfterIndexes(state);
    lookAfterObjects(state);
    if (retry()) await mirror.retrySetAside();
    if (recover()) await recoverUnfinishedWrites({ ...run, mailbox: open.mailbox }, false);
    const isNews = open.settings !== settings;
    settings = open.settings;
    let next = withSettingsAndPolls(run, background, isNews ? { ...state, syncProblem: null } : state);
    if (isNews || look()) {
      const { isCounting, asking } = backgroundOf(background, next);
      next = await syncRequests.look(
        mirror,
        next,
        clock.now(),
        (streamNo) => isCounting || asking.has(streamNo),
      );
    }
    if (isApplied) await syncRequests.settle(mirror, next, clock.now());
    return syncRequests.withRequests(next);
  };
}

/** True at the first call, and then whenever this much time has passed since it was last true. */
function everyMs(clock: Clock, ms: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.now() - last < ms) return false;
    last = clock.now();
    return true;
  };
}

/** Waiting for the org's quota is not a failure, but is reported like one, so that people see why nothing is read. */
async function reportQuota({ clock, syncProblem }: Run, { quota }: SyncState): Promise<void> {
  const { closedUntil, usage, stopAtPercent } = quota;
  if (closedUntil === null || usage === null || closedUntil <= clock.now()) return;
  const reason = `${usage.used} of ${usage.max} requests, the line is ${stopAtPercent} %`;
  await syncProblem.begin(new Fault('LIM-02', { reason }), closedUntil - clock.now());
}

/** The same state, with the cursors reloaded from the destination. */
async function reload(run: Run, state: SyncState): Promise<SyncState> {
  await run.reloadTables();
  const loaded = await loadState(run.mirror, run.tables, state, run.clock.now());
  const streams = loaded.streams.map((stream) => {
    const before = state.streams.find((one) => one.table.stream.streamNo === stream.table.stream.streamNo);
    if (!before) return stream;
    // Keep what the destination does not have, or what this run knows better.
    const { table, cursors, rows, rowsExpected, marked, bulkPages } = stream;
    return { ...stream, ...before, table, cursors, rows, rowsExpected, marked, bulkPages };
  });
  return { ...loaded, streams, sharedInARow: state.sharedInARow, syncProblem: state.syncProblem };
}

/** How much earlier than it was sent a write may be stamped: clocks in Salesforce differ by seconds. */
const pollSinceSlackSeconds = 10;

/**
 * The state with what others have changed or requested meanwhile: the pace, the quota, streams to be polled first or
 * from further back. If a stream is being read by a request of its own, they wait for that answer, because it may be
 * older than they are.
 */
function withSettingsAndPolls({ open, clock }: Run, background: BackgroundWork, state: SyncState): SyncState {
  const { intervalMs, stopAtPercent } = open.settings;
  const budget = { ...state.budget, intervalMs };
  open.quota = { ...open.quota, stopAtPercent };
  const { quota } = open;
  const { asking } = backgroundOf(background, state);
  const streams = state.streams.map((stream) => {
    if (asking.has(stream.table.stream.streamNo)) return stream;
    const name = stream.table.stream.sobject.toLowerCase();
    const poll = open.mailbox.take(name);
    if (!poll) return stream;
    if (poll.since === null) return { ...stream, isPriority: true };
    const from = Math.floor(state.serverNow - (clock.now() - poll.since) / 1_000) - pollSinceSlackSeconds;
    return { ...stream, isPriority: true, pollSince: Math.min(from, stream.pollSince ?? from) };
  });
  return withFieldChoice({ ...state, budget, quota, streams }, open.settings);
}

/** Puts open requests back into the mailbox, because they would be lost with a discarded state. */
function giveBackRequests(
  { clock, open }: Pick<Run, 'clock' | 'open'>,
  { streams, serverNow }: SyncState,
): void {
  for (const { table, isPriority, pollSince } of streams) {
    const sobjects = [table.stream.sobject.toLowerCase()];
    if (isPriority) open.mailbox.post({ kind: 'poll first', sobjects });
    if (pollSince === null) continue;
    const sentAt = clock.now() - (serverNow - pollSinceSlackSeconds - pollSince) * 1_000;
    open.mailbox.post({ kind: 'poll since', sobjects, sentAt });
  }
}
