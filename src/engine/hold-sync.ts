import { Fault, type FaultCode } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { Bell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import { sqlState } from '../lib/database.ts';
import { type Destination, databaseFault, type Holder, isTableChanged } from '../postgres/index.ts';
import { countRecords, type Salesforce, type Usage } from '../salesforce/index.ts';
import { spend } from './budget.ts';
import { nextRequest } from './next-request.ts';
import { openQuota } from './quota.ts';
import { restMs } from './slots.ts';
import { loadState, pageRowsMax, type SyncState, startsOf } from './sync-state.ts';
import { runTick, type SyncDeps } from './tick.ts';
import type { Trouble } from './trouble.ts';
import { type WishBox, Wishes } from './wishes.ts';

/** What the holder of a sync shares with the proxy in front of it. */
export interface HeldSync {
  /** Replaced when they change. */
  readonly settings: { intervalMs: number; stopAtPercent: number };
  readonly bell: Bell;
  /** Sobjects to poll first of all, by API name in lower case. Emptied by the poll. */
  readonly urgent: Set<string>;
  /** Sobjects whose next poll is to read from W before now on, because a write without an Id may be among them. */
  readonly wide: Set<string>;
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
  wishes: WishBox;
  onQuery?: SyncDeps['onQuery'] | undefined;
  /** Told of what Salesforce says of the org's requests. */
  onUsage?: ((usage: Usage) => void) | undefined;
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
      const fault = error instanceof Fault ? error : faultOfDatabase(error, deps.host);
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

/** A table that somebody has changed is made again by the next start. */
function faultOfDatabase(error: unknown, host: string): Fault | undefined {
  const fault = databaseFault(error, host);
  if (fault || !isTableChanged(error)) return fault;
  return new Fault('SCH-04', { stream: 'the sync', reason: `the database said ${sqlState(error)}` });
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

interface Run
  extends SyncDeps,
    Pick<HoldDeps, 'open' | 'living' | 'trouble' | 'pageRows' | 'wishes' | 'onUsage'> {
  tables: Destination['tables'];
  onComplete(): Promise<void>;
}

/** Everything up to the first tick: the destination taken over, cut-off writes settled, new streams begun. */
async function takeUp(run: Run, signal: AbortSignal): Promise<SyncState> {
  const { mirror, tables, open } = run;
  await mirror.takeOver(run.holder);
  for (const table of tables.values()) {
    const restored = await mirror.restoreTable(table);
    if (restored) throw restored;
  }
  await healCutOff(run, true);
  await mirror.retryStopped();

  const { intervalMs, stopAtPercent } = open.settings;
  const known = {
    serverNow: await readServerTime(run, signal),
    budget: { intervalMs, sentAt: open.sentAt },
    quota: openQuota(stopAtPercent),
    pageRows: run.pageRows ?? pageRowsMax,
  };
  const state = await loadState(mirror, tables, known);
  const begun = new Set(state.streams.map(({ table }) => table.stream.sobject));
  const fresh = [...tables.values()].filter(({ stream }) => !begun.has(stream.sobject));
  if (fresh.length === 0) return state;

  const names = fresh.map(({ stream }) => stream.sobject);
  const counts = await countRecords(run.salesforce, names, signal);
  for (const { stream } of fresh) {
    const positions = startsOf(stream, known.serverNow);
    await mirror.beginStream(stream.streamNo, positions, counts.get(stream.sobject) ?? null);
  }
  return loadState(mirror, tables, known);
}

/**
 * Settles the proxied writes that nobody finishes any more. One whose record is not known may have been committed at
 * any time since it was sent: its object is to be read from that far back.
 */
async function healCutOff({ mirror, tables, open, living, log }: Run, isStart: boolean): Promise<void> {
  if (!(await mirror.hasOpenIntents())) return;
  const streamNos = new Map([...tables].map(([name, { stream }]) => [name, stream.streamNo]));
  const { healed, withoutId } = await mirror.healIntents(await living(), streamNos, isStart);
  for (const sobject of withoutId) open.wide.add(sobject);
  if (healed > 0) log.warn('writes that were cut off are read again', { rows: healed });
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
/** How long a write that was cut off may wait to be noticed. */
const healEveryMs = 5_000;

/** New wishes ring the bell; this is for those whose ring was lost. */
const lookEveryMs = 10_000;

/** Another holder has taken over, or a table was made again: what has been loaded counts no more. */
const endsTicks: ReadonlySet<FaultCode> = new Set(['SYS-09', 'SCH-04']);

async function tickOn(run: Run, loaded: SyncState, signal: AbortSignal): Promise<void> {
  const { clock, mirror, open, trouble } = run;
  const wishes = new Wishes(run.wishes, run.log);
  const tidy = everyMs(clock, tidyEveryMs);
  const heal = everyMs(clock, healEveryMs);
  const look = everyMs(clock, lookEveryMs);
  let state = loaded;
  let { settings } = open;
  let isComplete = false;
  while (!signal.aborted) {
    if (tidy()) await mirror.purgeOld();
    if (heal()) await healCutOff(run, false);
    const isNews = open.settings !== settings;
    if (isNews) state = { ...state, trouble: null };
    settings = open.settings;
    state = withWishes(open, state);
    if (isNews || look()) state = await wishes.look(mirror, state, clock.now());
    state = await wishes.apply(mirror, state, clock.now());
    const next = nextRequest(state, clock.now());
    if (next.kind === 'wait') {
      await tellOfQuota(run, state);
      await open.bell.wait(clock, next.until - clock.now(), signal);
      continue;
    }
    state = { ...state, budget: spend(state.budget, clock.now()) };
    open.sentAt = state.budget.sentAt;
    try {
      const ticked = await runTick(run, state, next, signal);
      state = ticked.areCursorsMoved ? ticked.state : await reload(run, ticked.state);
      if (state.quota.usage) run.onUsage?.(state.quota.usage);
      if (state.quota.closedUntil === null) await trouble.end();
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault) || endsTicks.has(error.code)) throw error;
      const tries = (state.trouble?.tries ?? 0) + 1;
      const waitMs = restMs(tries, error);
      run.log.warn('tick failed', { code: error.code, waitMs, tries });
      state = { ...state, trouble: { tries, restsUntil: clock.now() + waitMs } };
      await trouble.begin(error, waitMs);
    }
    if (!isComplete && state.streams.every(({ cursors }) => cursors.backfill === null)) {
      isComplete = true;
      await run.onComplete();
    }
  }
}

/** True at the first call, and then whenever the time has passed since it was true. */
function everyMs(clock: Clock, ms: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.now() - last < ms) return false;
    last = clock.now();
    return true;
  };
}

/** Waiting for the org's quota is no failure, and is told like one: a person sees why nothing is read. */
async function tellOfQuota({ clock, trouble }: Run, { quota }: SyncState): Promise<void> {
  const { closedUntil, usage, stopAt } = quota;
  if (closedUntil === null || usage === null || closedUntil <= clock.now()) return;
  const reason = `${usage.used} of ${usage.max} requests, the line is ${stopAt} %`;
  await trouble.begin(new Fault('LIM-02', { reason }), closedUntil - clock.now());
}

/** The same moment of the sync, with the cursors as the destination has them. */
async function reload({ mirror, tables }: Run, state: SyncState): Promise<SyncState> {
  const loaded = await loadState(mirror, tables, state);
  const streams = loaded.streams.map((stream) => {
    const before = state.streams.find((one) => one.table.stream.streamNo === stream.table.stream.streamNo);
    if (!before) return stream;
    const { polledAt, isUrgent, isWide, wideSince, wideReadAt, goesAlone, trouble } = before;
    return { ...stream, polledAt, isUrgent, isWide, wideSince, wideReadAt, goesAlone, trouble };
  });
  return { ...loaded, streams };
}

/** What others wished meanwhile: another pace, a stream to be polled first or from further back. */
function withWishes(open: HeldSync, state: SyncState): SyncState {
  const { intervalMs, stopAtPercent: stopAt } = open.settings;
  const budget = { ...state.budget, intervalMs };
  const quota = { ...state.quota, stopAt };
  if (open.urgent.size === 0 && open.wide.size === 0) return { ...state, budget, quota };
  const streams = state.streams.map((stream) => {
    const name = stream.table.stream.sobject.toLowerCase();
    const isWide = stream.isWide || open.wide.has(name);
    return { ...stream, isWide, isUrgent: stream.isUrgent || isWide || open.urgent.has(name) };
  });
  open.urgent.clear();
  open.wide.clear();
  return { ...state, budget, quota, streams };
}
