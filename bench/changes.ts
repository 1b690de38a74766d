import { ManualClock } from '@lockstep/foundation/clock';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { openTestControl } from '@lockstep/harness/control';
import { startHarnessWorker } from '@lockstep/harness/harness-worker';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { makeTestSync } from '@lockstep/harness/test-sync';
import { openWriterUrl, sessionStore } from 'lockstep/control';
import { settleSeconds } from 'lockstep/engine/testing';
import { openSalesforce } from 'lockstep/salesforce';
import { type Figures, rounded } from './figures.ts';

const sobject = 'Metric__c';
const table = ident('org', sobject);
const changesASecond = 1_520;
const intervalMs = 3_000;
/** Every record is changed only once within 2·W, so that the recheck still finds each change. */
const records = changesASecond * settleSeconds * 2;
/** Head and recheck keep up if they are no further behind than this, in seconds. */
const headLagMax = 120;
const recheckLagMax = 120;

/**
 * How many changes per second of Salesforce's time can be followed for 2·W at the default budget, while the recheck
 * reads all of them once more. Engine and org run on a clock that advances as soon as both are idle.
 */
export async function changes(): Promise<Figures> {
  await using undo = new AsyncDisposableStack();
  const org = undo.use(await startOrg({ records: 100, apiLimit: 10_000_000 }));
  await org.control('/clock/rate', { rate: 0 });
  await org.control('/sobjects/create', { name: sobject, label: 'Metric', fields: [] });
  await org.control('/records/generate', { sobject, count: records, at: '2025-06-01T00:00:00Z' });
  await org.control('/clock/advance', { ms: 3 * settleSeconds * 1000 });
  const { now } = await org.control<{ now: string }>('/clock');
  const clock = new ManualClock(Date.parse(now));
  const move = (ms: number) => moveBoth(org, clock, ms);
  const control = undo.use(await openTestControl());
  const { log } = control.log;
  const common = { apiVersion: '62.0', allowHosts: [new URL(org.url).host] };
  const wanted = { name: 'changes', sobjects: [sobject], intervalMs, allowHosts: common.allowHosts };
  const { sync } = undo.use(await makeTestSync(org, control, wanted));
  const url = databaseUrl(control.database.url, { database: sync.destination.database });
  const mirror = openDatabase({ url, applicationName: 'bench' });
  undo.defer(() => mirror.end());
  const holder = startHarnessWorker({
    sync: sync.id,
    holder: { owner: 'bench', epoch: 1 },
    clock,
    log,
    salesforce: openSalesforce({
      store: sessionStore(control.control, sync.id),
      ...common,
      clock,
      log,
      expectOrgId: sync.orgId,
    }),
    writerUrl: await openWriterUrl(control.control, sync),
    intervalMs,
    living: () => [],
  });
  undo.defer(() => holder.stop());

  const positions = () => positionsIn(mirror);
  for (await holder.untilAsleep(); (await positions()).state !== 'current'; await holder.untilAsleep()) {
    await move(intervalMs);
  }

  const ids = await org.db.query<{ id: string }>(sql`SELECT "Id" AS id FROM ${table} ORDER BY "Id"`);
  const began = performance.now();
  let middle = await positions();
  const beganAt = clock.now() / 1000;
  const seconds = 2 * settleSeconds;
  for (let second = 0; second < seconds; second++) {
    const some = ids.slice(second * changesASecond, (second + 1) * changesASecond).map(({ id }) => id);
    await org.db.query(sql`
      UPDATE ${table} SET "SystemModstamp" = to_timestamp(${Math.floor(clock.now() / 1000)}) WHERE "Id" = ANY (${some}::text[])`);
    await move(1_000);
    await holder.untilAsleep();
    if (second === settleSeconds) middle = await positions();
  }
  const end = await positions();
  const endAt = clock.now() / 1000;
  const keepsUp = endAt - end.head <= headLagMax && endAt - settleSeconds - end.recheck <= recheckLagMax;
  const progress =
    Math.min(end.head - middle.head, end.recheck - middle.recheck) / (endAt - beganAt - settleSeconds);
  return {
    changes_per_s: {
      value: Math.round(changesASecond * (keepsUp ? 1 : Math.min(1, progress))),
      unit: 'changes/s',
    },
    head_lag_s: { value: rounded(endAt - end.head, 1), unit: 's' },
    recheck_lag_s: { value: rounded(endAt - settleSeconds - end.recheck, 1), unit: 's' },
    accelerated: { value: rounded((seconds * 1000) / (performance.now() - began), 1), unit: 'times' },
  };
}

/** The positions of head and recheck. */
async function positionsIn(mirror: Database) {
  const [found] = await mirror.query<{ state: string; head: number; recheck: number }>(sql`
    SELECT c.state, (h.position ->> 'at')::bigint AS head, (t.position ->> 'at')::bigint AS recheck
      FROM _lockstep.checkpoint c
      LEFT JOIN _lockstep.cursor h ON h.stream_no = c.stream_no AND h.kind = 'head'
      LEFT JOIN _lockstep.cursor t ON t.stream_no = c.stream_no AND t.kind = 'recheck'`);
  if (!found) throw new Error('a sync has a checkpoint');
  return found;
}

async function moveBoth(org: TestOrg, clock: ManualClock, ms: number): Promise<void> {
  await org.control('/clock/advance', { ms });
  clock.advance(ms);
}
