import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { Bell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import { type Destination, databaseFault, type Holder } from '../postgres/index.ts';
import { countRecords, type Salesforce } from '../salesforce/index.ts';
import { spend } from './budget.ts';
import { nextRequest } from './next-request.ts';
import { startOfHead, startOfTail } from './poll.ts';
import { restMs } from './slots.ts';
import { loadState, type SyncState } from './sync-state.ts';
import { runTick, type SyncDeps } from './tick.ts';
import type { Trouble } from './trouble.ts';

/** What the holder of a sync shares with the proxy in front of it. */
export interface HeldSync {
  /** Replaced when they change. */
  readonly settings: { intervalMs: number };
  readonly bell: Bell;
  /** Sobjects to poll first of all, by API name in lower case. Emptied by the poll. */
  readonly urgent: Set<string>;
  /** When the requests of the last minute went out: a budget is kept whatever happens to the run. */
  sentAt: readonly number[];
}

/** A destination as its holder has it open. */
export type HeldDestination = Pick<Destination, 'mirror' | 'tables' | 'end'>;

export interface HoldDeps<Opened extends HeldDestination = HeldDestination> {
  clock: Clock;
  log: AppLog;
  holder: Holder;
  salesforce: Salesforce;
  open: HeldSync;
  openDestination(): Promise<Opened>;
  /** The processes that still finish their writes. */
  living(): Promise<readonly string[]>;
  trouble: Trouble;
  /** Told at each start when every first copy is complete. */
  onComplete(destination: Opened): Promise<void>;
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
 * state away, because it cannot be known what has committed: it is loaded again from there. Ends by itself where
 * another holder has taken over.
 */
export async function holdSync<Opened extends HeldDestination>(
  deps: HoldDeps<Opened>,
  signal: AbortSignal,
): Promise<void> {
  const { holder, log, trouble } = deps;
  for (let tries = 1; !signal.aborted; tries++) {
    let destination: Opened | null = null;
    try {
      destination = await deps.openDestination();
      const opened = destination;
      const { mirror, tables } = opened;
      const run: Run = { ...deps, mirror, tables, onComplete: () => deps.onComplete(opened) };
      const state = await takeUp(run, signal);
      tries = 1;
      await tickOn(run, state, signal);
    } catch (error) {
      if (signal.aborted) return;
      const fault = error instanceof Fault ? error : databaseFault(error, deps.host);
      if (!fault) throw error;
      if (fault.code === 'SYS-09') return log.warn('another holder took over', { epoch: holder.epoch });
      const waitMs = restMs(tries, fault);
      log.warn('sync waits', { code: fault.code, waitMs, tries });
      await trouble.begin(fault, waitMs);
      await rest(deps, waitMs, signal);
    } finally {
      await destination?.end();
    }
  }
}

/** Whatever is urgent, a rest is a rest; only new settings end it, because they may have mended what failed. */
async function rest(
  { clock, open }: Pick<HoldDeps, 'clock' | 'open'>,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { settings } = open;
  const until = clock.now() + waitMs;
  while (!signal.aborted && clock.now() < until && open.settings === settings) {
    await open.bell.wait(clock, until - clock.now(), signal).catch(() => undefined);
  }
}

interface Run extends SyncDeps, Pick<HoldDeps, 'open' | 'living' | 'trouble' | 'pageRows'> {
  tables: Destination['tables'];
  onComplete(): Promise<void>;
}

/** Everything up to the first tick: the destination taken over, cut-off writes settled, new streams begun. */
async function takeUp(run: Run, signal: AbortSignal): Promise<SyncState> {
  const { mirror, tables } = run;
  await mirror.takeOver(run.holder);
  const streamNos = new Map([...tables].map(([name, { stream }]) => [name, stream.streamNo]));
  const healed = await mirror.healIntents(await run.living(), streamNos);
  if (healed > 0) run.log.warn('writes that were cut off are read again', { rows: healed });
  await mirror.retryStopped();

  const serverNow = await readServerTime(run, signal);
  const budget = { intervalMs: run.open.settings.intervalMs, sentAt: run.open.sentAt };
  const known = await loadState(mirror, tables, serverNow, budget, run.pageRows);
  const begun = new Set(known.streams.map(({ table }) => table.stream.sobject));
  const fresh = [...tables.values()].filter(({ stream }) => !begun.has(stream.sobject));
  if (fresh.length === 0) return known;

  const names = fresh.map(({ stream }) => stream.sobject);
  const counts = await countRecords(run.salesforce, names, signal);
  const positions = {
    head: startOfHead(serverNow),
    tail: startOfTail(serverNow),
    backfill: { after: null },
  };
  for (const { stream } of fresh) {
    await mirror.beginStream(stream.streamNo, positions, counts.get(stream.sobject) ?? null);
  }
  return loadState(mirror, tables, serverNow, budget, run.pageRows);
}

/** The time that the cursors start from is Salesforce's: the `Date` of an answer before anything is read. */
async function readServerTime(run: Run, signal: AbortSignal): Promise<ServerSeconds> {
  const { salesforce } = run;
  const answer = await salesforce.request(
    { method: 'GET', path: salesforce.dataPath, purpose: 'setup' },
    signal,
  );
  if (answer.serverNow === null) throw new Fault('DATA-03', { where: 'Date' });
  return answer.serverNow;
}

const tidyEveryMs = 3_600_000;

async function tickOn(run: Run, loaded: SyncState, signal: AbortSignal): Promise<void> {
  let state = loaded;
  let { settings } = run.open;
  let isComplete = false;
  let tidiedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    if (run.clock.now() - tidiedAt > tidyEveryMs) {
      await run.mirror.purgeIntents();
      tidiedAt = run.clock.now();
    }
    if (run.open.settings !== settings) state = { ...state, trouble: null };
    settings = run.open.settings;
    state = withWishes(run.open, state);
    const next = nextRequest(state, run.clock.now());
    if (next.kind === 'wait') {
      await run.open.bell.wait(run.clock, next.until - run.clock.now(), signal);
      continue;
    }
    state = { ...state, budget: spend(state.budget, run.clock.now()) };
    run.open.sentAt = state.budget.sentAt;
    try {
      const ticked = await runTick(run, state, next.slots, signal);
      state = ticked.areCursorsMoved ? ticked.state : await reload(run, ticked.state);
      await run.trouble.end();
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault) || error.code === 'SYS-09') throw error;
      const tries = (state.trouble?.tries ?? 0) + 1;
      const waitMs = restMs(tries, error);
      run.log.warn('tick failed', { code: error.code, waitMs, tries });
      state = { ...state, trouble: { tries, restsUntil: run.clock.now() + waitMs } };
      await run.trouble.begin(error, waitMs);
    }
    if (!isComplete && state.streams.every(({ backfill }) => backfill === null)) {
      isComplete = true;
      await run.onComplete();
    }
  }
}

/** The same moment of the sync, with the cursors as the destination has them. */
async function reload({ mirror, tables }: Run, state: SyncState): Promise<SyncState> {
  const loaded = await loadState(mirror, tables, state.serverNow, state.budget, state.pageRows);
  const streams = loaded.streams.map((stream) => {
    const before = state.streams.find((one) => one.table.stream.streamNo === stream.table.stream.streamNo);
    return before
      ? { ...stream, polledAt: before.polledAt, isUrgent: before.isUrgent, trouble: before.trouble }
      : stream;
  });
  return { ...loaded, streams };
}

/** What others wished meanwhile: another pace, a stream to be polled first. */
function withWishes(open: HeldSync, state: SyncState): SyncState {
  const budget = { ...state.budget, intervalMs: open.settings.intervalMs };
  if (open.urgent.size === 0) return { ...state, budget };
  const streams = state.streams.map((stream) =>
    open.urgent.has(stream.table.stream.sobject.toLowerCase()) ? { ...stream, isUrgent: true } : stream,
  );
  open.urgent.clear();
  return { ...state, budget, streams };
}
