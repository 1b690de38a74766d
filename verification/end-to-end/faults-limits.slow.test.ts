/**
 * Limits and outages of the org. Covers: request limit during a backfill, usage header, 503 for two hours, 429 with
 * Retry-After, a locked row.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { signIn, startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 600 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const path = '*/composite';
const ofSync = { path, user: 'integration' } as const;

const countRequests = (harness: ClockHarness) =>
  harness.inject({ match: ofSync, times: null, effect: { delayMs: 0 } });

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

test('a backfill that a request limit stops at four fifths goes on from there, and writes work meanwhile', async () => {
  await org.control('/records/generate', { sobject: 'Account', count: 1_000 });
  await using harness = await openClockHarness({ org, sobjects: ['Account'], pageRows: 50 });
  const [inOrg] = await org.db.query<{ count: number }>(
    sql`SELECT count(*) FROM org."Account" WHERE NOT "IsDeleted"`,
  );
  const count = inOrg?.count ?? 0;
  const shareCopied = async () => {
    const [status] = await harness.mirror.query<{ rows: number }>(sql`SELECT rows FROM _lockstep.status`);
    return (status?.rows ?? 0) / count;
  };
  while ((await shareCopied()) < 0.8) await harness.pass(harness.intervalMs);
  assert.ok((await shareCopied()) < 1);
  const limit = {
    match: { ...ofSync, contains: 'ORDER%20BY' },
    times: null,
    effect: { answer: 'REQUEST_LIMIT_EXCEEDED' },
  };
  const fault = await harness.inject(limit);
  await harness.pass(2 * harness.intervalMs);
  assert.equal(harness.holder.syncProblems.at(-1), 'LIM-01');
  const [stopped] = await harness.mirror.query<{ position: object }>(copyPosition);
  const { received } = harness.holder.counts;
  await harness.pass(20 * minuteMs);
  const [still] = await harness.mirror.query<{ position: object }>(copyPosition);
  assert.deepEqual(still, stopped);
  assert.equal(harness.holder.counts.received, received);
  assert.ok((await fault.fired()) <= 25, 'it tries seldom');
  const id = await create(harness, 'Before');
  const patched = await harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, {
    Name: 'Written meanwhile',
  });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  await fault.end();
  await harness.finishBackfill();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

const copyPosition = sql`SELECT position FROM _lockstep.cursor WHERE kind = 'backfill'`;

for (const limitInfo of ['absent', 'garbage', 'shrinking']) {
  test(`a usage that is ${limitInfo} makes the sync neither stop for good nor send faster`, async () => {
    await using harness = await openClockHarness({ org, sobjects: ['Account'] });
    await harness.finishBackfill();
    const fault = await harness.inject({ match: ofSync, times: null, effect: { limitInfo } });
    const id = await create(harness, limitInfo);
    await harness.pass(10 * harness.intervalMs);
    assert.ok((await fault.fired()) <= 11, 'no more than a request an interval');
    await fault.end();
    await harness.pass(hourMs);
    assert.equal((await harness.row('account', id))?.name, limitInfo);
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}

test('in an outage of two hours the sync tries about once a minute, status shows how old the mirror is, and it catches up', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs: 10_000 });
  await harness.finishBackfill();
  await harness.pass(minuteMs);
  const began = harness.clock.now();
  const fault = await harness.inject({ match: ofSync, times: null, effect: { answer: 'HTML_503' } });
  const id = await create(harness, 'During the outage');
  await harness.pass(2 * hourMs);
  const asked = await fault.fired();
  assert.ok(asked >= 115 && asked <= 135, `${asked} requests in two hours`);
  assert.equal(harness.holder.syncProblems.at(-1), 'LIM-06');
  const [status] = await harness.mirror.query<{ read: string }>(
    sql`SELECT extract(epoch FROM read_until) * 1000 AS read FROM _lockstep.status`,
  );
  assert.ok(Number(status?.read) <= began, 'nothing newer is claimed');
  await fault.end();
  await harness.pass(minuteMs);
  assert.equal(harness.holder.syncProblems.at(-1), null);
  assert.equal((await harness.row('account', id))?.name, 'During the outage');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('the sync waits as long as Salesforce asks', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const refusal = { answer: 'TOO_MANY_REQUESTS', retryAfterSeconds: 600 };
  const fault = await harness.inject({ match: ofSync, effect: refusal });
  await harness.pass(harness.intervalMs);
  assert.equal(await fault.fired(), 1);
  const requests = await countRequests(harness);
  await harness.pass(9 * minuteMs);
  assert.equal(await requests.fired(), 0);
  await harness.pass(2 * minuteMs);
  assert.ok((await requests.fired()) > 0);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a write to a locked row is refused in Salesforce’s own words, and nothing changes', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const id = await create(harness, 'Locked');
  await harness.pass(harness.intervalMs);
  const address = `${dataPath}/sobjects/Account/${id}`;
  const match = { method: 'PATCH', path: '*/sobjects/Account/*' };
  const fault = await harness.inject({ match, times: null, effect: { answer: 'UNABLE_TO_LOCK_ROW' } });
  const through = await harness.call('PATCH', address, { Name: 'Not written' });
  assert.equal(await fault.fired(), 1, 'one attempt');
  const direct = await org.request('PATCH', address, {
    body: { Name: 'Not written' },
    token: await signIn(org.url, org.credentials, 'demo'),
  });
  await fault.end();
  assert.equal(through.applied, 'no');
  assert.deepEqual([through.status, through.text], [direct.status, direct.text]);
  assert.match(through.text, /UNABLE_TO_LOCK_ROW/);
  await harness.settle();
  assert.equal((await harness.row('account', id))?.name, 'Locked');
  await harness.expectConvergedAndIdle();
});
