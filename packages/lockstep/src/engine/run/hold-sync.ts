import type { Clock } from '@lockstep/foundation/clock';
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { type Destination, databaseFault, type Holder } from '../../postgres/index.ts';
import { countRecords, type Salesforce, type Usage } from '../../salesforce/index.ts';
import { startPositions } from '../cursors/index.ts';
import { afterAnswer, isClosed } from '../plan/quota.ts';
import { recoverUnfinishedWrites } from '../writes/recover-unfinished-writes.ts';
import { RelatedRecords } from '../writes/related-records.ts';
import { backoffMs } from './backoff.ts';
import { loadState } from './load-state.ts';
import { withProblem } from './problems.ts';
import { type LeasedSync, type Run } from './run.ts';
import { runTicks } from './run-ticks.ts';
import { agree, ServerClock, type ServerTime } from './server-time.ts';
import type { SyncDeps } from './sync-deps.ts';
import type { SyncProblem } from './sync-problem.ts';
import type { SyncRequestQueue } from './sync-requests.ts';
import { pageRowsMax, type StreamState, type SyncState } from './sync-state.ts';

/** A destination as the lease holder has it open. */
export type LeasedDestination = Pick<Destination, 'mirror' | 'tables' | 'reloadTables' | 'end'>;

export interface HoldDeps<Opened extends LeasedDestination = LeasedDestination> {
  clock: Clock;
  log: AppLog;
  holder: Holder;
  salesforce: Salesforce;
  open: LeasedSync;
  openDestination(): Promise<Opened>;
  /** The processes that are alive and still finish their writes. */
  living(): Promise<readonly string[]>;
  syncProblem: SyncProblem;
  syncRequests: SyncRequestQueue;
  onQuery?: SyncDeps['onQuery'] | undefined;
  onActivity?: SyncDeps['onActivity'] | undefined;
  /** Called when the state of an object may have changed. */
  onStreamChange?: Run['onStreamChange'];
  /** Called with the org's usage when an answer gives it. */
  onUsage?: ((usage: Usage) => void) | undefined;
  /** Called once per start, when every backfill is complete. */
  onComplete(destination: Opened): Promise<void>;
  /** The table of a removed object has been let go. */
  onLeft(sobject: string): Promise<void>;
  /** Called on an error that the engine does not know, for tests. */
  onUnexpected?: ((error: unknown) => void) | undefined;
  /** The destination's server, as messages name it. */
  host: () => string;
  /** Rows per page; for the simulation and tests, which use small pages. */
  pageRows?: number;
}

/**
 * Runs one sync under its lease until the signal aborts: takes the destination over, then ticks. A tick is one
 * Salesforce request and its effect; `nextRequest` alone decides which.
 *
 * After a fault from Salesforce the sync rests and tries again from the same cursors. After a fault from the
 * database, or an unexpected error, the state is discarded and loaded again from the database, because it is not
 * known what has committed. So it is when the destination has got another address. All faults are reported. Returns if
 * another holder has taken over.
 */
export async function holdSync<Opened extends LeasedDestination>(
  deps: HoldDeps<Opened>,
  signal: AbortSignal,
): Promise<void> {
  const { holder, log, syncProblem, clock, open } = deps;
  for (let tries = 1; !signal.aborted; tries++) {
    let destination: Opened | null = null;
    try {
      destination = await deps.openDestination();
      const opened = destination;
      const { mirror, tables } = opened;
      const related = relatedIn(deps, opened);
      const reloadTables = () => opened.reloadTables();
      const run = {
        ...deps,
        mirror,
        tables,
        reloadTables,
        related,
        onComplete: () => deps.onComplete(opened),
        // Not when a run has started: one that fails at its first request would start again every two seconds.
        onApplied: () => {
          tries = 1;
        },
        onAnswer: (usage: Usage | null) => {
          open.quota = afterAnswer(open.quota, usage, clock.now());
          if (usage) deps.onUsage?.(usage);
        },
        mayAsk: () => !isClosed(open.quota, clock.now()),
      };
      await untilOpen(deps, signal);
      const { state, serverTime } = await startRun(run, signal);
      await runTicks({ ...run, serverClock: new ServerClock(clock, serverTime) }, state, signal);
    } catch (error) {
      if (signal.aborted) return;
      const fault = faultOfRun(error, deps.host());
      if (fault.code === 'SYS-15' || fault.code === 'DB-17') deps.onUnexpected?.(error);
      if (fault.code === 'SYS-09') return log.warn('another holder took over', { epoch: holder.epoch });
      const waitMs = backoffMs(tries, fault);
      log.warn('sync waits', { code: fault.code, waitMs, tries });
      await syncProblem.begin(fault, waitMs);
      await rest(deps, waitMs, signal);
    } finally {
      await destination?.end();
    }
  }
}

/** Marks the records that must be read again because others were merged. */
const relatedIn = ({ log, open }: HoldDeps, opened: LeasedDestination) =>
  new RelatedRecords({
    log,
    destination: () => Promise.resolve(opened),
    onMarked: (sobject) => open.mailbox.post({ kind: 'poll first', sobjects: [sobject] }),
  });

/** Every error that ends a run becomes a fault, even an unexpected one: otherwise only the log would show it. */
function faultOfRun(error: unknown, host: string): Fault {
  if (error instanceof Fault) return error;
  const known = databaseFault(error, host);
  if (known) return known;
  const state = sqlState(error);
  if (state !== undefined) return new Fault('DB-17', { sqlState: state });
  return new Fault('SYS-15', { reason: error instanceof Error ? error.name : typeof error });
}

/** A start asks Salesforce for its time, so it waits, too, while all programs together have used the org's requests. */
async function untilOpen(deps: Pick<HoldDeps, 'clock' | 'open'>, signal: AbortSignal): Promise<void> {
  const { clock, open } = deps;
  const { settings } = open; // new ones may have raised the line
  while (!signal.aborted && open.settings === settings && isClosed(open.quota, clock.now()))
    await rest(deps, (open.quota.closedUntil ?? 0) - clock.now(), signal);
}

/** Urgent work does not end a rest; only new settings do, because they may have fixed what failed. */
async function rest(
  { clock, open }: Pick<HoldDeps, 'clock' | 'open'>,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { settings } = open;
  const until = clock.now() + waitMs;
  while (!signal.aborted && clock.now() < until && open.settings === settings) {
    await open.mailbox.wait(clock, until - clock.now(), signal).catch(() => undefined);
  }
}

/** A run that does not know Salesforce's time yet. */
type Beginning = Omit<Run, 'serverClock'>;

/** Everything before the first tick: takes the destination over, recovers unfinished writes, begins new streams. */
async function startRun(
  run: Beginning & Pick<HoldDeps, 'pageRows'>,
  signal: AbortSignal,
): Promise<{ state: SyncState; serverTime: ServerTime }> {
  const { mirror, tables, open } = run;
  await mirror.takeOver(run.holder);
  await recoverUnfinishedWrites({ ...run, mailbox: open.mailbox }, true);
  await mirror.retryStopped();

  const { intervalMs } = open.settings;
  const serverTime = await readServerTime(run, signal);
  const known = {
    serverNow: serverTime.now,
    budget: { intervalMs, sentAt: open.sentAt },
    quota: open.quota,
    pageRows: run.pageRows ?? pageRowsMax,
  };
  const state = await loadState(mirror, tables, known, run.clock.now());
  const existing = new Set(state.streams.map(({ table }) => table.stream.sobject));
  const fresh = [...tables.values()].filter(({ stream }) => !existing.has(stream.sobject));
  if (fresh.length === 0) return { state: await withChangedTables(run, state), serverTime };

  const names = fresh.map(({ stream }) => stream.sobject);
  const counts = await countRecords(run.salesforce, names, signal);
  for (const { stream } of fresh) {
    const positions = startPositions(stream, known.serverNow);
    await mirror.beginStream(stream.streamNo, positions, counts.get(stream.sobject) ?? null);
  }
  return {
    state: await withChangedTables(run, await loadState(mirror, tables, known, run.clock.now())),
    serverTime,
  };
}

/** Tables that somebody changed while no worker ran are restored before anything is read for them. */
async function withChangedTables({ mirror, clock, log }: Beginning, state: SyncState): Promise<SyncState> {
  const streams: StreamState[] = [];
  for (const stream of state.streams) {
    const isChanged = !(await mirror.isAsPlanned(stream.table));
    const { sobject } = stream.table.stream;
    if (isChanged) log.warn('table was changed', { stream: sobject, code: 'SCH-04' });
    const fault = new Fault('SCH-04', {
      stream: sobject,
      reason: 'it was changed while no worker ran the sync',
    });
    streams.push(
      isChanged
        ? { ...dueAtOnce(withProblem(stream, 'table', fault, clock.now())), isTableChanged: true }
        : stream,
    );
  }
  return { ...state, streams };
}

/** Due at once: the table's first restore has not been tried yet. */
function dueAtOnce(stream: StreamState): StreamState {
  const { table } = stream.problems;
  return table ? { ...stream, problems: { ...stream.problems, table: { ...table, retryAt: 0 } } } : stream;
}

/** How many answers to request at most until two in a row agree on the time. */
const timesMax = 6;

/**
 * The cursors start from Salesforce's time. Two answers must agree on it before anything is read, because a machine in
 * between may have set the `Date` of a single one.
 */
async function readServerTime(run: Beginning, signal: AbortSignal): Promise<ServerTime> {
  const { salesforce, clock } = run;
  let before: { seconds: ServerSeconds; saidAt: number } | null = null;
  for (let nth = 0; nth < timesMax; nth++) {
    const request = { method: 'GET', path: salesforce.dataPath, purpose: 'setup' } as const;
    const { serverNow: seconds } = await salesforce.request(request, signal);
    const said = seconds === null ? null : { seconds, saidAt: clock.now() };
    if (before && said && agree(before, said)) return { now: said.seconds, saidAt: said.saidAt, ahead: null };
    before = said ?? before;
  }
  throw new Fault('DATA-03', { where: 'Date' });
}
