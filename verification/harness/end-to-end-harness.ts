import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { systemClock } from '@lockstep/foundation/clock';
import type { Database } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { listenForChanges, recordProxiedRequest, runLeases, type Sync } from 'lockstep/control';
import {
  type EngineDeps,
  keyedDeps,
  type OpenSyncs,
  openSyncs,
  proxiedSync,
  readSyncGauges,
  runSync,
} from 'lockstep/engine';
import type { GivenDestination } from 'lockstep/operations/given-destination';
import { readStatusRows } from 'lockstep/postgres';
import { openMetrics, openUpstreams, type RunningProxy, startProxy } from 'lockstep/proxy';
import { openTestControl, type TestControl } from './control.ts';
import { type OrgOptions, startOrg, type TestOrg } from './org.ts';
import { makeTestSync, openMirror } from './test-sync.ts';

/**
 * All of Lockstep for one test, nothing faked: a simulated org as a process, a control database, one sync with its
 * private database, a worker that runs it and a proxy in front of it. All of it is removed at the end.
 */
export interface EndToEndHarness extends AsyncDisposable {
  org: TestOrg;
  sync: Sync;
  control: TestControl;
  /** The mirror as its readers see it. */
  reader: Database;
  /** The mirror's database, connected as the server's administrator. */
  admin: Database;
  /** `http://127.0.0.1:PORT/{sync id}` */
  base: string;
  startWorker(options?: WorkerOptions): Worker;
  /** Resolves the next time the sync stops for this fault, or for null goes on, and has recorded it. */
  nextSyncProblem(code: string | null): Promise<void>;
  /** The proxy's metrics in Prometheus format. */
  metrics(): Promise<string>;
  /** A caller's request through the proxy, as the demo user. */
  call(method: string, path: string, body?: unknown): Promise<ProxyAnswer>;
  /** Waits, with a limit, until the query returns one row with a true value. */
  until(statement: Sql, what: string): Promise<void>;
  untilComplete(): Promise<void>;
  /** The number of records by the org's own count. */
  countInOrg(sobject: string): Promise<number>;
}

export interface WorkerOptions {
  /** False: it claims syncs, but hears of no change of their settings, as if each notification were late. */
  listens?: boolean;
}

export interface Worker {
  stop(): Promise<void>;
}

export interface ProxyAnswer {
  status: number;
  headers: Headers;
  text: string;
}

export const dataPath = '/services/data/v62.0';

export interface EndToEndOptions {
  org: OrgOptions;
  sobjects: readonly string[];
  intervalMs?: number;
  /** A database that a person owns, in place of a private one. */
  destination?: GivenDestination;
  /** Prepares the org before the sync is made. */
  prepare?: (org: TestOrg) => Promise<void>;
  /** Where the org answers besides its own address. */
  otherHosts?: (org: TestOrg) => readonly string[];
}

export async function openEndToEndHarness(options: EndToEndOptions): Promise<EndToEndHarness> {
  await using undo = new AsyncDisposableStack();
  const org = undo.use(await startOrg(options.org));
  await options.prepare?.(org);
  const control = undo.use(await openTestControl());
  const owner = `worker-${randomBytes(4).toString('hex')}`;
  const allowHosts = [new URL(org.url).host, ...(options.otherHosts?.(org) ?? [])];
  const told = new EventEmitter();
  const deps: EngineDeps = {
    control: control.control,
    clock: systemClock,
    log: control.log.log,
    allowHosts,
    owner,
    onSyncProblem: ({ fault }) => void told.emit(fault?.code ?? 'goes on'),
  };
  const { intervalMs = 200, sobjects, destination = null } = options;
  const wanted = { name: 'harness', sobjects, intervalMs, allowHosts, destination };
  const { sync } = undo.use(await makeTestSync(org, control, wanted));

  const syncs = openSyncs(deps);
  undo.defer(() => syncs.end());
  const metrics = openMetrics({ clock: systemClock, gaugesOf: (id) => readSyncGauges(syncs, id) });
  const upstreams = openUpstreams({ allowHosts });
  const proxy: RunningProxy = await startProxy({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: deps.log,
    syncs: { of: (id) => proxiedSync(deps, syncs, id) },
    keyed: keyedDeps(control.control, syncs),
    upstreams,
    metrics,
    onRequest: (id, request) => recordProxiedRequest(control.control, id, request),
  });
  undo.defer(() => proxy.close());
  const { reader, admin } = undo.use(await openMirror(control, sync));
  const workers = openWorkers(deps, syncs);
  undo.defer(() => workers.stop());

  const until = (statement: Sql, what: string) => untilTrue(reader, statement, what);
  const ends = undo.move();
  return {
    org,
    sync,
    control,
    reader,
    admin,
    base: `${proxy.url}/${sync.id}`,
    metrics: () => metrics.text(),
    startWorker: (options) => workers.start(options),
    call: (method, path, body) => call(`${proxy.url}/${sync.id}`, org, method, path, body),
    nextSyncProblem: async (code) => void (await once(told, code ?? 'goes on')),
    until,
    untilComplete: () =>
      until(
        sql`SELECT count(*) > 0 AND bool_and(state = 'current') FROM _lockstep.status`,
        'every backfill is complete',
      ),
    countInOrg: (sobject) => countIn(org, sobject),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Workers in this process that claim syncs as `lockstep start` does. */
function openWorkers(deps: EngineDeps, syncs: OpenSyncs) {
  const { control, owner } = deps;
  const workers = new Set<Worker>();
  return {
    start({ listens = true }: WorkerOptions = {}): Worker {
      const stop = new AbortController();
      const done = runLeases(
        control,
        { workerId: owner, onClaim: (claimed, signal) => runSync({ ...deps, syncs }, claimed, signal) },
        stop.signal,
      );
      const listening = listens && listenForChanges(control, (id) => void syncs.refresh(id), stop.signal);
      const worker: Worker = {
        async stop() {
          workers.delete(worker);
          stop.abort();
          await Promise.all([done, listening]);
        },
      };
      workers.add(worker);
      return worker;
    },
    async stop() {
      for (const worker of workers) await worker.stop();
    },
  };
}

async function call(
  base: string,
  org: TestOrg,
  ...[method, path, body]: Parameters<EndToEndHarness['call']>
): Promise<ProxyAnswer> {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await org.token('demo')}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** @param statement  returns one row whose first column says whether the condition is met */
async function untilTrue(reader: Database, statement: Sql, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const [row] = await reader.query<Record<string, string>>(statement);
    if (Object.values(row ?? {})[0] === 't') return;
    await systemClock.sleep(50);
  }
  throw new Error(`timed out waiting until ${what}: ${JSON.stringify(await readStatusRows(reader))}`);
}

async function countIn(org: TestOrg, sobject: string): Promise<number> {
  const soql = encodeURIComponent(`SELECT COUNT() FROM ${sobject}`);
  const { json } = await org.request('GET', `${dataPath}/query?q=${soql}`);
  return (json as { totalSize: number }).totalSize;
}
