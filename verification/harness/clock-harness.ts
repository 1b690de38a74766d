import { assert } from '@lockstep/foundation/assert';
import { type Clock, ManualClock } from '@lockstep/foundation/clock';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { openWriterUrl, type Sync } from 'lockstep/control';
import type { AppLog } from 'lockstep/core/log-fields';
import type { LeasedSync } from 'lockstep/engine/testing';
import { afterAnswer, openAfterWrites, proxied } from 'lockstep/engine/testing';
import { type Destination, openDestinationForWrites } from 'lockstep/postgres';
import { openUpstreams, startProxy } from 'lockstep/proxy';
import {
  openSalesforce,
  ownSessionStore,
  type Salesforce,
  type SessionStore,
  type Usage,
} from 'lockstep/salesforce';
import { openTestControl, type TestLog } from './control.ts';
import { type HarnessWorker, type HolderOptions, startHarnessWorker } from './harness-worker.ts';
import { armFault, type FaultToInject, type InjectedFault } from './injected-fault.ts';
import { type MirrorChecks, openMirrorChecks } from './mirror-checks.ts';
import { type OrgAnswer, send, signIn, startOrg, type TestOrg } from './org.ts';
import { makeTestSync } from './test-sync.ts';

/**
 * A harness for faults: the real engine and proxy between the real simulated org and a real database, on a clock that
 * stands still until the test moves it. The org's clock moves with it, so hours pass in a second and nothing depends
 * on the speed of the machine: `pass` jumps to the next instant at which the engine wants to act, waits until it has
 * acted, and repeats.
 *
 * While a request of the engine hangs, use `advance`, which waits for nobody.
 */
export interface ClockHarness extends AsyncDisposable, MirrorChecks {
  org: TestOrg;
  sync: Sync;
  clock: ManualClock;
  log: TestLog;
  /** The mirror's database, connected as the server's administrator. */
  mirror: Database;
  /** The first holder of the sync, which shares its session with the proxy. */
  holder: HarnessWorker;
  /** Poll interval of the sync. */
  intervalMs: number;
  /** Starts another holder, with a newer lease, as another process would. Disposing the harness ends it too. */
  startAnother(): HarnessWorker;
  /** Moves both clocks at once. */
  advance(ms: number): Promise<void>;
  /** Lets time pass, waits for the engine to finish its work, and checks that no status claim exceeds its proof. */
  pass(ms: number): Promise<void>;
  /** Lets time pass, by default an interval at a time, until a sync request is done; its result. */
  untilDone<Result>(promised: Promise<Result>, round?: () => Promise<unknown>): Promise<Result>;
  /** Lets time pass until every backfill is complete. */
  finishBackfill(): Promise<void>;
  /** Lets W pass, then waits until nothing is left to read. */
  settle(): Promise<void>;
  /** Arms a fault of the org's answers. */
  inject(fault: FaultToInject): Promise<InjectedFault>;
  /** Writes in the org without the proxy, in one transaction; returns the Ids. `at`: a stamp other than now. */
  write(writes: readonly OrgWrite[], at?: Date): Promise<string[]>;
  /** A caller's request through the proxy. */
  call(method: string, path: string, body?: object): Promise<ProxyAnswer>;
  /** A row of the mirror as text; undefined where there is none. */
  row(table: string, id: string): Promise<Record<string, string | null> | undefined>;
  /** Everything is read, equal and at rest, and no row went back to an older state on the way. */
  expectConvergedAndIdle(): Promise<void>;
}

export type OrgWrite =
  | { create: string; values: object }
  | { update: string; values: object }
  | { delete: string }
  | { undelete: string };

export interface ProxyAnswer extends OrgAnswer {
  /** Value of Lockstep-Applied. */
  applied: string | null;
}

export interface ClockHarnessOptions {
  sobjects: readonly string[];
  /** An org shared by the whole file, because making one takes seconds. Without it the harness makes its own. */
  org?: TestOrg;
  records?: number;
  intervalMs?: number;
  pageRows?: number;
  apiVersion?: string;
  /** Puts something in between: the address of the org, or of the database, that the sync is given. */
  via?: { org?: string; database?: (writerUrl: string) => string };
  /** The engine's clock, if it differs from the test's. */
  engineClock?: (clock: Clock) => Clock;
}

export const dataPath = '/services/data/v62.0';

export async function openClockHarness(options: ClockHarnessOptions): Promise<ClockHarness> {
  await using undo = new AsyncDisposableStack();
  const org = options.org ?? undo.use(await startOrg({ records: options.records ?? 300 }));
  await org.control('/clock/rate', { rate: 0 });
  undo.defer(async () => void (await org.control('/faults/delete', {})));
  const { now } = await org.control<{ now: string }>('/clock');
  const clock = new HarnessClock(Date.parse(now), org);
  const engineClock = options.engineClock?.(clock) ?? clock;
  const control = undo.use(await openTestControl());
  const { intervalMs = 60_000, apiVersion = '62.0', pageRows } = options;
  const { log } = control.log;

  const loginUrl = options.via?.org ?? org.url;
  if (loginUrl !== org.url) await org.control('/signIn/instanceUrl', { url: loginUrl, times: null });
  const allowHosts = [new URL(loginUrl).host];
  const { sobjects } = options;
  const wanted = { name: 'harness', loginUrl, allowHosts, sobjects, intervalMs };
  const { sync } = undo.use(await makeTestSync(org, control, wanted));

  const mirrorUrl = databaseUrl(control.database.url, { database: sync.destination.database });
  const mirror = openDatabase({ url: mirrorUrl, applicationName: 'test-mirror' });
  undo.defer(() => mirror.end());
  const appliedCheck = await openMirrorChecks(mirror, org);
  const ownUrl = await openWriterUrl(control.control, sync);
  const writerUrl = options.via?.database?.(ownUrl) ?? ownUrl;

  const common = { apiVersion, allowHosts, expectOrgId: sync.orgId, clock: engineClock, log };
  const openSession = () => openSalesforce({ store: storeOf(org, loginUrl), ...common });
  const each = {
    sync: sync.id,
    clock: engineClock,
    log,
    writerUrl,
    intervalMs,
    ...(pageRows !== undefined && { pageRows }),
  };
  const holders = openHolders(each);
  undo.defer(() => holders.stop());
  const session = openSession();
  const holder = holders.start(session);
  const parts = { org, clock: engineClock, log, session, open: holder.open, sync, mirrorUrl: ownUrl };
  const proxy = undo.use(await openProxy(parts));

  const advance = (ms: number) => clock.move(ms);
  const pass = (ms: number) => letPass(ms, clock, holders.all, appliedCheck);
  const ends = undo.move();
  return {
    ...appliedCheck,
    org,
    sync,
    clock,
    log: control.log,
    mirror,
    holder,
    intervalMs,
    startAnother: () => holders.start(openSession()),
    advance,
    pass,
    untilDone: (promised, round = () => pass(intervalMs)) => untilDone(promised, round),
    finishBackfill: () => untilCopied({ mirror, pass, intervalMs }),
    settle: () => untilSettled({ mirror, pass, intervalMs }),
    inject: (fault) => armFault(org, fault),
    write: (writes, at) => writeRecords(org, writes, at),
    call: proxy.call,
    row: (table, id) => rowOf(mirror, table, id),
    expectConvergedAndIdle: () => expectConvergedAndIdle(appliedCheck),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** W, plus one step of the recheck, plus a margin. */
const settleMs = 18 * 60_000;
const settleRoundsMax = 30;
const copyRoundsMax = 100;
const requestRoundsMax = 200;

/** Each holder takes the next epoch; all stay alive until the end. */
function openHolders(options: Omit<HolderOptions, 'holder' | 'salesforce' | 'living'>) {
  const all: HarnessWorker[] = [];
  return {
    all: all as readonly HarnessWorker[],
    start(salesforce: Salesforce): HarnessWorker {
      const epoch = all.length + 1;
      const holder = { owner: `worker-${epoch}`, epoch };
      const living = () => [proxyOwner, ...all.map((one) => one.holder.owner)];
      const started = startHarnessWorker({ ...options, holder, salesforce, living });
      all.push(started);
      return started;
    },
    async stop() {
      for (const each of all) await each.stop();
    },
  };
}

function storeOf({ credentials: { integration } }: TestOrg, loginUrl: string): SessionStore {
  const { clientId, clientSecret } = integration;
  return ownSessionStore({ loginUrl, credential: { flow: 'client credentials', clientId, clientSecret } });
}

async function expectConvergedAndIdle(
  check: Pick<ClockHarness, 'expectConverged' | 'expectNoRollback' | 'expectIdle'>,
): Promise<void> {
  await check.expectConverged();
  await check.expectNoRollback();
  await check.expectIdle();
}

async function untilDone<Result>(promised: Promise<Result>, round: () => Promise<unknown>): Promise<Result> {
  const done = new AbortController();
  promised.finally(() => done.abort()).catch(() => undefined); // thrown below
  for (let rounds = 0; !done.signal.aborted && rounds < requestRoundsMax; rounds++) await round();
  assert(done.signal.aborted, 'a sync request is done in time');
  return promised;
}

type Passing = Pick<ClockHarness, 'mirror' | 'pass' | 'intervalMs'>;

async function untilCopied({ mirror, pass, intervalMs }: Passing): Promise<void> {
  for (let rounds = 0; rounds < copyRoundsMax; rounds++) {
    await pass(intervalMs);
    const [copying] = await mirror.query(sql`
      SELECT FROM _lockstep.status WHERE state IN ('queued', 'backfilling') LIMIT 1`);
    if (!copying) return;
  }
  assert(false, 'the backfills do not end');
}

async function untilSettled({ mirror, pass, intervalMs }: Passing): Promise<void> {
  await pass(settleMs);
  for (let rounds = 0; rounds < settleRoundsMax; rounds++) {
    const [left] = await mirror.query(sql`SELECT FROM _lockstep.dirty LIMIT 1`);
    if (!left && rounds > 0) return;
    await pass(intervalMs);
  }
}

/** Moves time to the next instant at which all holders rest, until `ms` have passed. */
async function letPass(
  ms: number,
  clock: HarnessClock,
  holders: readonly HarnessWorker[],
  check: { expectProvenStatus(now: number): Promise<void> },
): Promise<void> {
  const end = clock.now() + ms;
  for (;;) {
    for (const each of holders) await each.untilAsleep();
    await check.expectProvenStatus(clock.now());
    if (clock.now() >= end) return;
    await clock.move(Math.min(end - clock.now(), ...holders.map((each) => each.sleepsFor() ?? 1)));
  }
}

async function writeRecords(
  org: TestOrg,
  ...[writes, at]: Parameters<ClockHarness['write']>
): Promise<string[]> {
  const body = { writes, ...(at && { at: at.toISOString() }) };
  return (await org.control<{ ids: string[] }>('/records/write', body)).ids;
}

async function rowOf(mirror: Database, table: string, id: string) {
  const [row] = await mirror.query<{ row: Record<string, string | null> }>(sql`
    SELECT to_json(m) AS row FROM ${ident('salesforce', table)} m WHERE id = ${id}`);
  return row?.row;
}

const proxyOwner = 'proxy-of-the-harness';

/** How long a caller's token lasts, in simulated time. */
const tokenLastsMs = 3_600_000;

/** A sleep this short is a pause between two tries, not a time-out. */
const pauseMsMax = 500;

/**
 * The test's clock; the org's clock moves with it. A short pause does not wait for the test to move time: it passes at
 * once, on both clocks.
 */
class HarnessClock extends ManualClock {
  private readonly org: TestOrg;

  constructor(start: number, org: TestOrg) {
    super(start);
    this.org = org;
  }

  async move(ms: number): Promise<void> {
    await this.org.control('/clock/advance', { ms });
    this.advance(ms);
  }

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const slept = super.sleep(ms, signal);
    if (ms <= pauseMsMax) void this.move(Math.ceil(ms)).catch(() => undefined); // the org may be gone
    return slept;
  }
}

interface ProxyParts {
  org: TestOrg;
  clock: Clock;
  log: AppLog;
  session: Salesforce;
  open: LeasedSync;
  sync: Sync;
  mirrorUrl: string;
}

/** The real proxy in front of the sync, and a caller. */
async function openProxy(parts: ProxyParts): Promise<AsyncDisposable & Pick<ClockHarness, 'call'>> {
  const { org, clock, log, session, sync } = parts;
  let opened: Promise<Destination> | null = null;
  const destination = () => (opened ??= openDestinationForWrites(parts.mirrorUrl, proxyOwner));
  const { mailbox } = parts.open;
  const ofProxy = { clock, log, owner: proxyOwner, salesforce: session, destination, mailbox };
  const afterWrites = openAfterWrites(ofProxy);
  const forwarded = (usage: Usage | null) => {
    if (usage) parts.open.quota = afterAnswer(parts.open.quota, usage, clock.now());
  };
  const behind = proxied({ owner: proxyOwner }, { ...parts.open, afterWrites, destination, forwarded }, sync);
  const proxy = await startProxy({
    host: '127.0.0.1',
    port: 0,
    clock,
    log,
    syncs: { of: (id) => Promise.resolve(id === sync.id ? behind : null) },
    upstreams: openUpstreams({ allowHosts: [new URL(sync.instanceUrl).host] }),
  });
  let token: { text: string; since: number } | null = null;
  return {
    async call(method, path, body) {
      if (!token || clock.now() - token.since > tokenLastsMs) {
        token = { text: await signIn(org.url, org.credentials, 'demo'), since: clock.now() };
      }
      const headers = { Authorization: `Bearer ${token.text}` };
      const answer = await send(`${proxy.url}/${sync.id}${path}`, method, body, headers);
      return { ...answer, applied: answer.headers.get('lockstep-applied') };
    },
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await (await opened)?.end();
    },
  };
}
