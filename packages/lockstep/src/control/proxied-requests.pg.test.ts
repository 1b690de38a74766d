import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl } from '@lockstep/harness/control';
import { readProxiedRequests, readProxyHours, recordProxiedRequest } from './proxied-requests.ts';
import type { ProxiedRequest } from './proxy-log.ts';
import { rowsKept } from './proxy-log.ts';
import { trimProxyRequests } from './proxy-request-sql.ts';
import { recordSync } from './syncs.ts';

const request = (change: Partial<ProxiedRequest> = {}): ProxiedRequest => ({
  method: 'PATCH',
  sobject: 'account',
  recordId: '001000000000001AAA',
  outcome: 'applied',
  code: null,
  status: 204,
  tookMs: 12.4,
  upstreamMs: 7,
  readBackMs: 3,
  applyMs: 2,
  requestId: 'one',
  isVerified: true,
  ...change,
});

test('writes and refusals are rows, reads are counted by hour', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  const add = (change: Partial<ProxiedRequest>) => recordProxiedRequest(control, sync.id, request(change));
  add({});
  add({ method: 'GET', outcome: 'read', tookMs: 5 });
  add({ method: 'GET', outcome: 'read', tookMs: 6 });
  add({ outcome: 'refused', code: 'PRX-02', status: 403, recordId: null });
  add({ outcome: 'unknown', code: 'PRX-04', status: 504, sobject: 'contact' });
  const ask = (asked: object = {}) => readProxiedRequests(control, sync.id, { limit: 10, ...asked });
  const all = await ask();
  const { no: _, at: __, ...first } = all.at(-1) ?? assert.fail('there is one');
  const { isVerified: ___, ...given } = request({ tookMs: 12 });
  assert.deepEqual(first, given);
  assert.deepEqual(
    all.map(({ outcome, code, status }) => [outcome, code, status]),
    [
      ['unknown', 'PRX-04', 504],
      ['refused', 'PRX-02', 403],
      ['applied', null, 204],
    ],
  );
  assert.equal((await ask({ outcome: 'unknown' })).length, 1);
  assert.equal((await ask({ sobject: 'Contact' })).length, 1);
  assert.equal((await ask({ since: '2999-01-01T00:00:00Z' })).length, 0);
  assert.deepEqual(await ask({ before: all[0]?.no, limit: 1 }), all.slice(1, 2));
  const hours = await readProxyHours(control, sync.id, '2020-01-01T00:00:00Z');
  assert.deepEqual(
    hours.map(({ method, outcome, requests, tookMs }) => [method, outcome, requests, tookMs]),
    [
      ['GET', 'read', 2, 11],
      ['PATCH', 'applied', 1, 12],
      ['PATCH', 'refused', 1, 12],
      ['PATCH', 'unknown', 1, 12],
    ],
  );
});

test('a flood is counted, but adds 600 rows a minute at most, 30 of strangers; pending and unknown writes are added in any case', async () => {
  const clock = new ManualClock();
  await using harness = await openTestControl(clock);
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  const add = (change: Partial<ProxiedRequest>) => recordProxiedRequest(control, sync.id, request(change));
  for (let nth = 0; nth < 1_000; nth++) {
    add({ isVerified: false, outcome: 'refused', status: 401 });
    add({});
  }
  add({ outcome: 'pending' });
  add({ outcome: 'unknown' });
  add({ outcome: 'pending', isVerified: false });
  const outcomes = async () => {
    const found = await readProxiedRequests(control, sync.id, { limit: 5_000 });
    return Object.fromEntries(
      [...Map.groupBy(found, ({ outcome }) => outcome)].map(([outcome, all]) => [outcome, all.length]),
    );
  };
  assert.deepEqual(await outcomes(), { applied: 600, refused: 30, pending: 1, unknown: 1 });
  clock.advance(60_000);
  add({});
  assert.equal((await outcomes()).applied, 601);
  const hours = await readProxyHours(control, sync.id, '2020-01-01T00:00:00Z');
  assert.deepEqual(
    hours.map(({ outcome, requests }) => [outcome, requests]),
    [
      ['applied', 1_001],
      ['pending', 2],
      ['refused', 1_000],
      ['unknown', 1],
    ],
  );
});

test('of each sync the newest rows are kept, for a month', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const [sync, other] = [newSync(), newSync()];
  for (const one of [sync, other]) await recordSync(control, one);
  const fill = (id: string, rows: number) =>
    control.db.query(sql`
      INSERT INTO lockstep.proxy_request (sync_id, at, method, outcome, status, took_ms, upstream_ms, read_back_ms,
                                          apply_ms, request_id)
      SELECT ${id}, clock_timestamp(), 'PATCH', 'applied', 204, 1, 1, 0, 0, n::text
        FROM generate_series(1, ${rows}::integer) AS n`);
  await fill(other.id, 5);
  await fill(sync.id, rowsKept + 3);
  await trimProxyRequests(control.db, sync.id, rowsKept);
  const count = async () =>
    (
      await control.db.query<{ rows: number }>(
        sql`SELECT count(*) AS rows FROM lockstep.proxy_request GROUP BY sync_id ORDER BY 1`,
      )
    ).map(({ rows }) => rows);
  assert.deepEqual(await count(), [5, rowsKept]);

  await control.db.query(
    sql`UPDATE lockstep.proxy_request SET at = at - interval '31 days' WHERE request_id <> '3'`,
  );
  await control.db.query(sql`
    INSERT INTO lockstep.proxy_usage (sync_id, hour, method, outcome, requests, took_ms)
    SELECT ${sync.id}, clock_timestamp() - days * interval '1 day', 'GET', 'read', days, 0
      FROM unnest('{29,31}'::integer[]) AS days`);
  recordProxiedRequest(control, sync.id, request());
  await control.proxyLog.flush();
  assert.deepEqual(await count(), [1, 1]);
  const hours = await readProxyHours(control, sync.id, '2020-01-01T00:00:00Z');
  assert.deepEqual(
    hours.map(({ requests }) => requests),
    [1, 29],
  );
});
