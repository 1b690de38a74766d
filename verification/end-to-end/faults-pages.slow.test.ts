/**
 * Wrong pages. Covers: a page that lies about its end, a row twice, order, nulls, unknown fields, a page that is not
 * done.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';
import { openPair, writeBoth } from '@lockstep/harness/two-objects';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const ofAccount = { contains: 'FROM Account', user: 'integration', inside: 'only' } as const;

/** Pages, and whether Salesforce may send them: if so the page is used, else all of it is discarded. */
const torn = [
  { what: 'a page with duplicate rows', rows: { duplicate: 3 }, isUsed: false },
  { what: 'a page whose last rows are missing', rows: { dropLast: 1 }, isUsed: false },
  { what: 'a page with a null among its rows', rows: { nullRecord: true }, isUsed: false },
  { what: 'a page in another order', rows: { shuffle: true }, isUsed: true },
  {
    what: 'a page with fields that nobody asked for',
    rows: { extra: { Surprise__c: { a: [1] } } },
    isUsed: true,
  },
  { what: 'a page that says it is not done', rows: { notDone: true }, isUsed: true },
];

for (const { what, rows, isUsed } of torn) {
  test(`${what} is ${isUsed ? 'used' : 'discarded'}, and nothing is lost or delayed`, async () => {
    await using harness = await openPair(org);
    const fault = await harness.inject({ match: ofAccount, effect: { rows } });
    const { account, lead } = await writeBoth(harness, what);
    await harness.pass(harness.intervalMs);
    assert.equal(await fault.fired(), 1);
    assert.equal((await harness.row('account', account))?.name, isUsed ? what : undefined);
    await harness.pass(2 * harness.intervalMs);
    assert.equal((await harness.row('account', account))?.name, what);
    assert.equal((await harness.row('lead', lead))?.company, what);
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}

test('an empty page that is not the last one is a problem of its object alone, and is reported', async () => {
  await using harness = await openPair(org);
  const nextRecordsUrl = `${dataPath}/query/01g000000000001AAA-1`;
  const body = { totalSize: 1, done: false, nextRecordsUrl, records: [] };
  const fault = await harness.inject({
    match: ofAccount,
    times: null,
    effect: { respond: { status: 200, body } },
  });
  const { account, lead } = await writeBoth(harness, 'Behind nothing');
  await harness.pass(3 * harness.intervalMs);
  assert.ok((await fault.fired()) >= 2);
  assert.equal((await harness.row('lead', lead))?.company, 'Behind nothing');
  const problems = await harness.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);
  assert.deepEqual(problems, [{ sobject: 'Account', kind: 'poll', code: 'DATA-03' }]);
  assert.deepEqual(harness.holder.syncProblems, []);
  await fault.end();
  await harness.pass(3 * harness.intervalMs);
  assert.equal((await harness.row('account', account))?.name, 'Behind nothing');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a backfill whose every page comes in another order misses no row', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Contact'], pageRows: 10 });
  const order = await harness.inject({
    match: { contains: 'FROM Contact', inside: 'only' },
    times: null,
    effect: { rows: { shuffle: true } },
  });
  await harness.finishBackfill();
  await order.end();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('rows that an empty answer has hidden arrive with the recheck', async () => {
  await using harness = await openPair(org);
  const empty = { totalSize: 0, done: true, records: [] };
  const fault = await harness.inject({
    match: ofAccount,
    times: 3,
    effect: { respond: { status: 200, body: empty } },
  });
  const { account } = await writeBoth(harness, 'Hidden');
  await harness.pass(5 * harness.intervalMs);
  assert.equal(await fault.fired(), 3);
  assert.equal(await harness.row('account', account), undefined, 'the head has gone on');
  await harness.settle();
  assert.equal((await harness.row('account', account))?.name, 'Hidden');
  await harness.expectConvergedAndIdle();
});
