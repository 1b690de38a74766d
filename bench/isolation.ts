import { systemClock } from '@lockstep/foundation/clock';
import { ident, sql } from '@lockstep/foundation/sql';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { noteCommits, readNotes } from './commit-notes.ts';
import {
  changedRecords,
  type Disturbance,
  disturbancesOf,
  disturbedObject,
  makeDisturbed,
  sleep,
} from './disturbances.ts';
import { type Figures, quantile, rounded } from './figures.ts';

const followed = ['Account', 'Contact', 'Lead', 'Opportunity', 'Product2'];
const nameFields: Record<string, string> = { Contact: 'LastName', Lead: 'LastName' };
const nameOf = (sobject: string) => nameFields[sobject] ?? 'Name';

const changeEveryMs = 1_000;
const pauseMs = 20_000;
/** A change that has not arrived after this time counts as never shown. */
const waitMsMax = 120_000;
const waitMsInterrupted = 15_000;

export interface BenchOptions {
  minutes: number;
  intervalMs: number;
  /** Of a large table. */
  rows: number;
  /** Ends it early, with the figures measured so far. */
  interrupted: AbortSignal;
}

/** A disturbance and the pause after it. */
interface Window {
  name: string;
  from: number;
  until: number;
  /** The disturbed object was already stopped when it began. */
  wasStopped: boolean;
  hasFailed: boolean;
}

/**
 * How fresh five objects stay while one disturbance after another hits a sixth: the time from each commit in the org
 * until SQL shows it. Each of the six gets one change a second.
 */
export async function isolation({ minutes, intervalMs, interrupted }: BenchOptions): Promise<Figures> {
  await using harness = await openEndToEndHarness({
    org: { records: 2_000, apiLimit: 10_000_000 },
    sobjects: [...followed, disturbedObject],
    intervalMs,
    prepare: async (org) => {
      await makeDisturbed(org);
      for (const sobject of followed)
        await org.control('/records/generate', { sobject, count: changedRecords });
    },
  });
  harness.startWorker();
  await harness.untilComplete();
  for (const sobject of followed) {
    const [name, column] = [sobject.toLowerCase(), nameOf(sobject)];
    await noteCommits(harness.org.db, { schema: 'org', table: sobject, column });
    await noteCommits(harness.admin, { schema: 'salesforce', table: name, column: column.toLowerCase() });
  }
  const stop = new AbortController();
  const changes = changeOn(harness, stop.signal);
  const windows = await hit(harness, minutes * 60_000, interrupted);
  stop.abort();
  await changes;
  return figuresOf(windows, await latencies(harness, interrupted));
}

/** Runs the disturbances in turn until the time is up, each shorter if the list would not fit into it once. */
async function hit(harness: EndToEndHarness, ms: number, interrupted: AbortSignal): Promise<Window[]> {
  const over = AbortSignal.any([interrupted, AbortSignal.timeout(ms)]);
  const disturbances = disturbancesOf(harness);
  const wholeMs = disturbances.reduce((sum, { holdMs }) => sum + holdMs + pauseMs, 0);
  const scale = Math.min(1, ms / wholeMs);
  const windows: Window[] = [];
  for (let number = 0; !over.aborted; number++) {
    const disturbance = disturbances[number % disturbances.length] as Disturbance;
    const from = Date.now();
    const wasStopped = await isStopped(harness);
    tell(disturbance.name);
    const hasFailed = await hold(disturbance, disturbance.holdMs * scale, over).then(
      () => false,
      (error: unknown) => {
        tell(`${disturbance.name} failed: ${String(error)}`);
        return true;
      },
    );
    await sleep(pauseMs * scale, over);
    windows.push({ name: disturbance.name, from, until: Date.now(), wasStopped, hasFailed });
  }
  return windows;
}

async function hold(disturbance: Disturbance, ms: number, over: AbortSignal): Promise<void> {
  const end = await disturbance.begin();
  await sleep(ms, over);
  await end();
}

const tell = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);

async function isStopped({ admin }: EndToEndHarness): Promise<boolean> {
  const found = await admin.query(sql`
    SELECT FROM _lockstep.status WHERE sobject = ${disturbedObject} AND state = 'stopped'`);
  return found.length > 0;
}

/** Changes one record of each object a second, another one each time. */
async function changeOn(harness: EndToEndHarness, signal: AbortSignal): Promise<void> {
  const sobjects = [...followed, disturbedObject];
  const ids = new Map<string, readonly string[]>();
  for (const sobject of sobjects) ids.set(sobject, await idsOf(harness, sobject));
  const under: Promise<unknown>[] = [];
  for (let number = 0; !signal.aborted; number++) {
    for (const sobject of sobjects) {
      const own = ids.get(sobject) ?? [];
      const update = own[number % own.length];
      const writes = [{ update, values: { [nameOf(sobject)]: `change ${number} ${sobject}` } }];
      // A write that fails on somebody's lock is no commit.
      under.push(harness.org.control('/records/write', { writes }).catch(() => undefined));
    }
    await sleep(changeEveryMs, signal);
  }
  await Promise.all(under);
}

async function idsOf({ org }: EndToEndHarness, sobject: string): Promise<string[]> {
  const rows = await org.db.query<{ id: string }>(sql`
    SELECT "Id" AS id FROM ${ident('org', sobject)} WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT ${changedRecords}`);
  return rows.map(({ id }) => id);
}

/** A commit and how long it took to appear; null: it did not. */
interface Latency {
  at: number;
  seconds: number | null;
}

async function latencies(harness: EndToEndHarness, interrupted: AbortSignal): Promise<Latency[]> {
  const committed = await readNotes(harness.org.db);
  const began = Date.now();
  const waitMs = () => (interrupted.aborted ? waitMsInterrupted : waitMsMax);
  let seen = await readNotes(harness.admin);
  while (seen.size < committed.size && Date.now() - began < waitMs()) {
    await systemClock.sleep(1_000);
    seen = await readNotes(harness.admin);
  }
  return [...committed].map(([token, at]) => {
    const seenAt = seen.get(token);
    return { at, seconds: seenAt === undefined ? null : (seenAt - at) / 1000 };
  });
}

function figuresOf(windows: readonly Window[], all: readonly Latency[]): Figures {
  const within = ({ from, until }: Window) => all.filter(({ at }) => at >= from && at < until);
  const p99 = (some: readonly Latency[]) => quantile(secondsOf(some), 0.99);
  const worst = windows
    .map((window, place) => ({ window, place, latencies: within(window) }))
    .filter(({ latencies: some }) => some.length > 0)
    .toSorted((a, b) => p99(b.latencies) - p99(a.latencies))[0];
  const byName = Map.groupBy(windows, ({ name }) => name);
  return {
    ...spread('', all),
    ...(worst && {
      worst_window: { value: worst.place + 1, unit: `of ${windows.length}: ${worst.window.name}` },
      ...spread('worst_', worst.latencies),
    }),
    ...Object.fromEntries(
      [...byName].map(([name, some]) => [
        `p99_s_${name.toLowerCase().replaceAll(' ', '_')}`,
        seconds(p99(some.flatMap(within))),
      ]),
    ),
    commits: { value: all.length, unit: 'commits' },
    never_shown: { value: all.filter((one) => one.seconds === null).length, unit: 'commits' },
    disturbances_failed: { value: windows.filter(({ hasFailed }) => hasFailed).length, unit: 'disturbances' },
    windows_begun_stopped: {
      value: windows.filter(({ wasStopped }) => wasStopped).length,
      unit: `windows, in which ${disturbedObject} was stopped already`,
    },
  };
}

/** A commit that never appeared counts as later than all others. */
const secondsOf = (some: readonly Latency[]) => some.map((one) => one.seconds ?? Number.POSITIVE_INFINITY);

function spread(prefix: string, some: readonly Latency[]): Figures {
  const list = secondsOf(some);
  return {
    [`${prefix}p50_s`]: seconds(quantile(list, 0.5)),
    [`${prefix}p99_s`]: seconds(quantile(list, 0.99)),
    [`${prefix}max_s`]: seconds(quantile(list, 1)),
  };
}

const seconds = (value: number) => ({ value: rounded(value, 2), unit: 's' });
