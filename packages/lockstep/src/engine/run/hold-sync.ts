import type { Clock } from '@lockstep/foundation/clock';
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { ServerSeconds } from '../../core/stamps.ts';
import { type Destination, databaseFault, type Holder } from '../../postgres/index.ts';
import { countRecords, type Salesforce, type Usage } from '../../salesforce/index.ts';
import { startsOf } from '../cursors/index.ts';
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

/** A destination as its holder has it open. */
export type LeasedDestination = Pick<Destination, 'mirror' | 'tables' | 'reloadTables' | 'end'>;

export interface HoldDeps<Opened extends LeasedDestination = LeasedDestination> {
  clock: Clock;
  log: AppLog;
  holder: Holder;
  salesforce: Salesforce;
  open: LeasedSync;
  openDestination(): Promise<Opened>;
  /** The processes that still finish their writes. */
  living(): Promise<readonly string[]>;
  syncProblem: SyncProblem;
  syncRequests: SyncRequestQueue;
  onQuery?: SyncDeps['onQuery'] | undefined;
  /** Called on what Salesforce says of the org's requests. */
  onUsage?: ((usage: Usage) => void) | undefined;
  /** Called at each start when every backfill is complete. */
  onComplete(destination: Opened): Promise<void>;
  /** Called on an error that the engine should have known, for tests. */
  onUnexpected?: ((error: unknown) => void) | undefined;
  /** The destination's server, as a person knows it. */
  host: string;
  /** Rows of a page; for the simulation, whose pages are small. */
  pageRows?: number;
}

/**
 * Holds one sync until the signal aborts: takes the destination over, then ticks. A tick is one Salesforce request
 * and its effect; which one is decided by `nextRequest` alone.
 *
 * A fault of Salesforce's lets the sync rest and try again from the same cursors. A fault of the database throws the
 * state away, because it cannot be known what has committed: it is loaded again from there. So does what nobody has
 * foreseen; all of it is told. Ends by itself where another holder has taken over.
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
        onAnswer: (usage: Usage | null) => {
          open.quota = afterAnswer(open.quota, usage, clock.now());
          if (usage) deps.onUsage?.(usage);
        },
        mayAsk: () => !isClosed(open.quota, clock.now()),
      };
      const { state, serverTime } = await takeUp(run, signal);
      tries = 1;
      await runTicks({ ...run, serverClock: new ServerClock(clock, serverTime) }, state, signal);
    } catch (error) {
      if (signal.aborted) return;
      const fault = faultOfRun(error, deps.host);
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

/** What records that were merged by others leave to be read again. */
const relatedIn = ({ log, open }: HoldDeps, opened: LeasedDestination) =>
  new RelatedRecords({
    log,
    destination: () => Promise.resolve(opened),
    onMarked: (sobject) => open.mailbox.post({ kind: 'poll first', sobjects: [sobject] }),
  });

/** Whatever ends a run is told, what nobody has foreseen as well: an error that only a log knows stops a sync for ever. */
function faultOfRun(error: unknown, host: string): Fault {
  if (error instanceof Fault) return error;
  const known = databaseFault(error, host);
  if (known) return known;
  const state = sqlState(error);
  if (state !== undefined) return new Fault('DB-17', { sqlState: state });
  return new Fault('SYS-15', { reason: error instanceof Error ? error.name : typeof error });
}

/** Whatever is urgent, a rest is a rest; only new settings end it, because they may have repaired what failed. */
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

/** Everything up to the first tick: the destination taken over, cut-off writes settled, new streams begun. */
async function takeUp(
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
  const state = await loadState(mirror, tables, known);
  const begun = new Set(state.streams.map(({ table }) => table.stream.sobject));
  const fresh = [...tables.values()].filter(({ stream }) => !begun.has(stream.sobject));
  if (fresh.length === 0) return { state: await withChangedTables(run, state), serverTime };

  const names = fresh.map(({ stream }) => stream.sobject);
  const counts = await countRecords(run.salesforce, names, signal);
  for (const { stream } of fresh) {
    const positions = startsOf(stream, known.serverNow);
    await mirror.beginStream(stream.streamNo, positions, counts.get(stream.sobject) ?? null);
  }
  return { state: await withChangedTables(run, await loadState(mirror, tables, known)), serverTime };
}

/** Tables that somebody has changed while nobody ran are made again before anything is read of them. */
async function withChangedTables({ mirror, clock, log }: Beginning, state: SyncState): Promise<SyncState> {
  const streams: StreamState[] = [];
  for (const stream of state.streams) {
    const isChanged = !(await mirror.isAsPlanned(stream.table));
    const { sobject } = stream.table.stream;
    if (isChanged) log.warn('table is not as it was made', { stream: sobject, code: 'SCH-04' });
    const fault = new Fault('SCH-04', {
      stream: sobject,
      reason: 'it was changed while nobody ran the sync',
    });
    streams.push(
      isChanged
        ? { ...retried(withProblem(stream, 'table', fault, clock.now())), isTableChanged: true }
        : stream,
    );
  }
  return { ...state, streams };
}

/** Its first try has not been made yet. */
function retried(stream: StreamState): StreamState {
  const { table } = stream.problems;
  return table ? { ...stream, problems: { ...stream.problems, table: { ...table, retryAt: 0 } } } : stream;
}

/** So many answers may be asked for until two in a row tell the same time. */
const timesMax = 6;

/**
 * The time that the cursors start from is Salesforce's: what two answers say, before anything is read. One alone may
 * have been written by a machine between.
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
