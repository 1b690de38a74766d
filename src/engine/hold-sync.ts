import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { Clock } from '../lib/clock.ts';
import { sqlState } from '../lib/database.ts';
import { type Destination, databaseFault, type Holder, isTableChanged } from '../postgres/index.ts';
import { countRecords, type Salesforce, type Usage } from '../salesforce/index.ts';
import { healCutOff } from './heal-cut-off.ts';
import { pollFirst } from './polled-first.ts';
import { openQuota } from './quota.ts';
import { RelatedRecords } from './related-records.ts';
import { restMs } from './rest.ts';
import { type HeldSync, type Run, runTicks } from './run-ticks.ts';
import { loadState, pageRowsMax, type SyncState, startsOf } from './sync-state.ts';
import type { SyncDeps } from './tick.ts';
import type { Trouble } from './trouble.ts';
import type { WishBox } from './wishes.ts';

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
      const related = relatedIn(deps, opened);
      const run = { ...deps, mirror, tables, related, onComplete: () => deps.onComplete(opened) };
      const state = await takeUp(run, signal);
      tries = 1;
      await runTicks(run, state, signal);
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

/** What records that were merged by others leave to be read again. */
const relatedIn = ({ log, open }: HoldDeps, opened: HeldDestination) =>
  new RelatedRecords({
    log,
    destination: () => Promise.resolve(opened),
    onMarked: (sobject) => pollFirst(open, [sobject]),
  });

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

/** Everything up to the first tick: the destination taken over, cut-off writes settled, new streams begun. */
async function takeUp(run: Run & Pick<HoldDeps, 'pageRows'>, signal: AbortSignal): Promise<SyncState> {
  const { mirror, tables, open } = run;
  await mirror.takeOver(run.holder);
  for (const table of tables.values()) {
    const restored = await mirror.restoreTable(table);
    if (restored) throw restored;
  }
  await healCutOff({ ...run, wide: open.wide }, true);
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
