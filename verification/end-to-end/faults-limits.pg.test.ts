/**
 * Limits and outages of the org. Rows of the list of faults: 44 (request limit during a first copy), 45 (usage header),
 * 46 (503 for two hours), 48 (429 with Retry-After), 49 (a locked row).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { signIn, startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 600 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const path = '*/composite';
const ofSync = { path, user: 'integration' } as const;

const countRequests = (stage: Stage) => stage.strike({ match: ofSync, times: null, effect: { delayMs: 0 } });

const create = async (stage: Stage, Name: string) =>
  (await stage.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

test('a request limit that ends a first copy at four fifths lets it go on from there, and writes go through', async () => {
  await org.control('/records/generate', { sobject: 'Account', count: 1_000 });
  await using stage = await openStage({ org, sobjects: ['Account'], pageRows: 50 });
  const [inOrg] = await org.db.query<{ count: number }>(
    sql`SELECT count(*) FROM org."Account" WHERE NOT "IsDeleted"`,
  );
  const count = inOrg?.count ?? 0;
  const shareCopied = async () => {
    const [status] = await stage.mirror.query<{ rows: number }>(sql`SELECT rows FROM _lockstep.status`);
    return (status?.rows ?? 0) / count;
  };
  while ((await shareCopied()) < 0.8) await stage.pass(stage.intervalMs);
  assert.ok((await shareCopied()) < 1);
  const limit = {
    match: { ...ofSync, contains: 'ORDER%20BY' },
    times: null,
    effect: { answer: 'REQUEST_LIMIT_EXCEEDED' },
  };
  const fault = await stage.strike(limit);
  await stage.pass(2 * stage.intervalMs);
  assert.equal(stage.holder.syncProblems.at(-1), 'LIM-01');
  const [stopped] = await stage.mirror.query<{ position: object }>(copyPosition);
  const { received } = stage.holder.counts;
  await stage.pass(20 * minuteMs);
  const [still] = await stage.mirror.query<{ position: object }>(copyPosition);
  assert.deepEqual(still, stopped);
  assert.equal(stage.holder.counts.received, received);
  assert.ok((await fault.fired()) <= 25, 'it asks seldom');
  const id = await create(stage, 'Before');
  const patched = await stage.call('PATCH', `${dataPath}/sobjects/Account/${id}`, {
    Name: 'Written meanwhile',
  });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  await fault.end();
  await stage.copy();
  await stage.settle();
  await stage.expectWhole();
});

const copyPosition = sql`SELECT position FROM _lockstep.cursor WHERE kind = 'backfill'`;

for (const limitInfo of ['absent', 'garbage', 'shrinking']) {
  test(`a usage that is ${limitInfo} makes the sync neither stop for good nor hurry`, async () => {
    await using stage = await openStage({ org, sobjects: ['Account'] });
    await stage.copy();
    const fault = await stage.strike({ match: ofSync, times: null, effect: { limitInfo } });
    const id = await create(stage, limitInfo);
    await stage.pass(10 * stage.intervalMs);
    assert.ok((await fault.fired()) <= 11, 'no more than a request an interval');
    await fault.end();
    await stage.pass(hourMs);
    assert.equal((await stage.row('account', id))?.name, limitInfo);
    await stage.settle();
    await stage.expectWhole();
  });
}

test('through an outage of two hours the sync asks about once a minute, says how old it is, and catches up', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'], intervalMs: 10_000 });
  await stage.copy();
  await stage.pass(minuteMs);
  const began = stage.clock.now();
  const fault = await stage.strike({ match: ofSync, times: null, effect: { answer: 'HTML_503' } });
  const id = await create(stage, 'During the outage');
  await stage.pass(2 * hourMs);
  const asked = await fault.fired();
  assert.ok(asked >= 115 && asked <= 135, `${asked} requests in two hours`);
  assert.equal(stage.holder.syncProblems.at(-1), 'LIM-06');
  const [status] = await stage.mirror.query<{ read: string }>(
    sql`SELECT extract(epoch FROM read_until) * 1000 AS read FROM _lockstep.status`,
  );
  assert.ok(Number(status?.read) <= began, 'nothing newer is claimed');
  await fault.end();
  await stage.pass(minuteMs);
  assert.equal(stage.holder.syncProblems.at(-1), null);
  assert.equal((await stage.row('account', id))?.name, 'During the outage');
  await stage.settle();
  await stage.expectWhole();
});

test('a wait that Salesforce asks for is kept', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const refusal = { answer: 'TOO_MANY_REQUESTS', retryAfterSeconds: 600 };
  const fault = await stage.strike({ match: ofSync, effect: refusal });
  await stage.pass(stage.intervalMs);
  assert.equal(await fault.fired(), 1);
  const requests = await countRequests(stage);
  await stage.pass(9 * minuteMs);
  assert.equal(await requests.fired(), 0);
  await stage.pass(2 * minuteMs);
  assert.ok((await requests.fired()) > 0);
  await stage.settle();
  await stage.expectWhole();
});

test('a locked row refuses a write in Salesforce’s own words, and nothing changes', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const id = await create(stage, 'Locked');
  await stage.pass(stage.intervalMs);
  const address = `${dataPath}/sobjects/Account/${id}`;
  const match = { method: 'PATCH', path: '*/sobjects/Account/*' };
  const fault = await stage.strike({ match, times: null, effect: { answer: 'UNABLE_TO_LOCK_ROW' } });
  const through = await stage.call('PATCH', address, { Name: 'Not written' });
  assert.equal(await fault.fired(), 1, 'one attempt');
  const direct = await org.request('PATCH', address, {
    body: { Name: 'Not written' },
    token: await signIn(org.url, org.credentials, 'demo'),
  });
  await fault.end();
  assert.equal(through.applied, 'no');
  assert.deepEqual([through.status, through.text], [direct.status, direct.text]);
  assert.match(through.text, /UNABLE_TO_LOCK_ROW/);
  await stage.settle();
  assert.equal((await stage.row('account', id))?.name, 'Locked');
  await stage.expectWhole();
});
