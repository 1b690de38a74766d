/**
 * Pages that do not tell the truth. Rows of the list of faults: 27 (a page that lies about its end), 28 (a row twice), 29
 * (order, nulls, unknown fields), 30 (a page that is not done).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage } from '@lockstep/harness/stage';
import { openPair, writeBoth } from '@lockstep/harness/stage-pair';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const ofAccount = { contains: 'FROM Account', user: 'integration', inside: 'only' } as const;

/** Pages, and whether they are what Salesforce may send: such a page is used, any other is thrown away whole. */
const torn = [
  { what: 'a page that holds rows twice', rows: { duplicate: 3 }, isUsed: false },
  { what: 'a page whose last rows are missing', rows: { dropLast: 1 }, isUsed: false },
  { what: 'a page with a null among its rows', rows: { nullRecord: true }, isUsed: false },
  { what: 'a page in another order', rows: { shuffle: true }, isUsed: true },
  {
    what: 'a page with fields that nobody asked for',
    rows: { extra: { Surprise__c: { a: [1] } } },
    isUsed: true,
  },
  { what: 'a page that is said not to be done', rows: { notDone: true }, isUsed: true },
];

for (const { what, rows, isUsed } of torn) {
  test(`${what} is ${isUsed ? 'used' : 'thrown away'}, and nothing is lost or held up`, async () => {
    await using stage = await openPair(org);
    const fault = await stage.strike({ match: ofAccount, effect: { rows } });
    const { account, lead } = await writeBoth(stage, what);
    await stage.pass(stage.intervalMs);
    assert.equal(await fault.fired(), 1);
    assert.equal((await stage.row('account', account))?.name, isUsed ? what : undefined);
    await stage.pass(2 * stage.intervalMs);
    assert.equal((await stage.row('account', account))?.name, what);
    assert.equal((await stage.row('lead', lead))?.company, what);
    await stage.settle();
    await stage.expectWhole();
  });
}

test('a page without a record that is not the last one is that object’s problem alone, and is told', async () => {
  await using stage = await openPair(org);
  const nextRecordsUrl = `${dataPath}/query/01g000000000001AAA-1`;
  const body = { totalSize: 1, done: false, nextRecordsUrl, records: [] };
  const fault = await stage.strike({
    match: ofAccount,
    times: null,
    effect: { respond: { status: 200, body } },
  });
  const { account, lead } = await writeBoth(stage, 'Behind nothing');
  await stage.pass(3 * stage.intervalMs);
  assert.ok((await fault.fired()) >= 2);
  assert.equal((await stage.row('lead', lead))?.company, 'Behind nothing');
  const problems = await stage.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);
  assert.deepEqual(problems, [{ sobject: 'Account', kind: 'poll', code: 'DATA-03' }]);
  assert.deepEqual(stage.holder.syncProblems, []);
  await fault.end();
  await stage.pass(3 * stage.intervalMs);
  assert.equal((await stage.row('account', account))?.name, 'Behind nothing');
  await stage.settle();
  await stage.expectWhole();
});

test('a first copy whose every page comes in another order misses no row', async () => {
  await using stage = await openStage({ org, sobjects: ['Contact'], pageRows: 10 });
  const order = await stage.strike({
    match: { contains: 'FROM Contact', inside: 'only' },
    times: null,
    effect: { rows: { shuffle: true } },
  });
  await stage.copy();
  await order.end();
  await stage.settle();
  await stage.expectWhole();
});

test('an answer that hides the rows that there are is made good by the recheck', async () => {
  await using stage = await openPair(org);
  const empty = { totalSize: 0, done: true, records: [] };
  const fault = await stage.strike({
    match: ofAccount,
    times: 3,
    effect: { respond: { status: 200, body: empty } },
  });
  const { account } = await writeBoth(stage, 'Hidden');
  await stage.pass(5 * stage.intervalMs);
  assert.equal(await fault.fired(), 3);
  assert.equal(await stage.row('account', account), undefined, 'the head has gone on');
  await stage.settle();
  assert.equal((await stage.row('account', account))?.name, 'Hidden');
  await stage.expectWhole();
});
