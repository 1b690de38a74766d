import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compositeAnswer, openScriptedOrg, type SubAnswer } from '@lockstep/harness/scripted-org';
import type { Query } from './composite.ts';
import { queryPages } from './query.ts';
import { soqlIdOf } from './soql.ts';

const signal = new AbortController().signal;
const stamp = '2026-11-24T08:00:00.000+0000';
const idOf = (n: number) => `00100000000000${n}AAA`;
const row = (n: number) => ({ Id: idOf(n), Name: `Row ${n}`, SystemModstamp: stamp });
const select = (sobject: string, where = ''): Query => ({
  soql: `SELECT Id, Name, SystemModstamp FROM ${sobject}${where}`,
  includeDeleted: false,
  timeField: 'SystemModstamp',
});

const page = (records: unknown[], totalSize = records.length, done = true): SubAnswer => ({
  body: { totalSize, done, records },
});

const refusal = (errorCode: string): SubAnswer => ({
  httpStatusCode: 400,
  body: [{ message: "... WHERE Name = 'Canary Inc' ...", errorCode }],
});

async function pagesOf(queries: readonly Query[], subAnswers: readonly SubAnswer[]) {
  await using org = await openScriptedOrg(() => ({ body: compositeAnswer(subAnswers) }));
  return await queryPages(org.open(), queries, { purpose: 'poll' }, signal);
}

test('five queries are one request, and each has its own outcome', async () => {
  await using org = await openScriptedOrg(() => ({
    headers: { 'sforce-limit-info': 'api-usage=18/5000', date: 'Tue, 24 Nov 2026 08:00:05 GMT' },
    body: compositeAnswer([
      page([row(1), row(2)]),
      page([]),
      refusal('INVALID_TYPE'),
      refusal('PROCESSING_HALTED'),
      refusal('QUERY_TIMEOUT'),
    ]),
  }));
  const chained = select('B__c', ` WHERE Id > ${soqlIdOf(1, 1999)}`);
  const queries = [select('Account'), select('B__c'), select('C__c'), chained, select('D__c')];

  const { serverNow, usage, pages } = await queryPages(org.open(), queries, { purpose: 'poll' }, signal);

  assert.equal(org.received.length, 2);
  assert.equal(org.received[1]?.path, '/services/data/v62.0/composite');
  assert.equal(serverNow, Date.UTC(2026, 10, 24, 8, 0, 5) / 1000);
  assert.deepEqual(usage, { used: 18, max: 5000 });
  assert.deepEqual(pages[0], {
    kind: 'page',
    page: {
      records: JSON.stringify([row(1), row(2)]),
      count: 2,
      last: { stamp, id: idOf(2) },
      lastId: idOf(2),
      done: true,
      unstorable: [],
      nulsRemoved: 0,
    },
  });
  assert(pages[1]?.kind === 'page' && pages[1].page.last === null && pages[1].page.count === 0);
  assert(pages[2]?.kind === 'refused');
  assert.deepEqual(
    [pages[2].fault.code, pages[2].fault.safe],
    ['PERM-02', { stream: 'C__c', reason: 'INVALID_TYPE' }],
  );
  assert.equal(pages[3]?.kind, 'skipped');
  assert(pages[4]?.kind === 'refused' && pages[4].fault.code === 'NET-01');
  assert(!JSON.stringify(pages).includes('Canary'));
});

test('a number keeps all its digits', async () => {
  const body = compositeAnswer([page([{ ...row(1), Amount__c: 42 }])]).replace(
    ':42',
    ': 9007199254740993.10',
  );
  await using org = await openScriptedOrg(() => ({ body }));
  const { pages } = await queryPages(org.open(), [select('Account')], { purpose: 'poll' }, signal);
  assert(pages[0]?.kind === 'page');
  assert(pages[0].page.records.includes('"Amount__c": 9007199254740993.10'));
});

test('bad characters are removed or set aside, and every record of the answer is counted', async () => {
  const rows = [row(1), { ...row(2), Name: 'half \ud800' }, { ...row(3), Name: 'nul \u0000' }];
  const { pages } = await pagesOf([select('Account')], [page(rows)]);
  assert(pages[0]?.kind === 'page');
  const { records, ...rest } = pages[0].page;
  assert.deepEqual(JSON.parse(records), [row(1), { ...row(3), Name: 'nul ' }]);
  assert.deepEqual(rest, {
    count: 3,
    last: { stamp, id: idOf(3) },
    lastId: idOf(3),
    done: true,
    unstorable: [{ id: idOf(2), text: JSON.stringify(rows[1]) }],
    nulsRemoved: 1,
  });
});

test('each kind of bad character is detected on its own, in any spelling', async () => {
  for (const [escape, kept, set] of [
    ['\\u0000', 1, 0],
    ['\\ud800', 0, 1],
    ['\\uDFFF', 0, 1],
    ['\\uD83D\\uDE00', 1, 0],
  ] as const) {
    const body = compositeAnswer([page([{ ...row(1), Name: 'BAD' }])]).replace('BAD', escape);
    await using org = await openScriptedOrg(() => ({ body }));
    const { pages } = await queryPages(org.open(), [select('Account')], { purpose: 'poll' }, signal);
    assert(pages[0]?.kind === 'page');
    assert.equal((JSON.parse(pages[0].page.records) as unknown[]).length, kept, escape);
    assert.equal(pages[0].page.unstorable.length, set, escape);
    assert.equal(pages[0].page.nulsRemoved, escape === '\\u0000' ? 1 : 0);
  }
});

test('a page that Salesforce did not finish is not done', async () => {
  const { pages } = await pagesOf([select('Account')], [page([row(1)], 2_001, false)]);
  assert(pages[0]?.kind === 'page' && !pages[0].page.done);
});

test('a page of sums has no position, and one of a query without a time field has no time', async () => {
  const untimed = { ...select('Account'), timeField: null };
  const { pages } = await pagesOf(
    [select('Account'), untimed],
    [page([{ expr0: 6 }]), page([{ Id: idOf(1) }])],
  );
  const placeOf = (nth: number) => {
    const outcome = pages[nth];
    assert(outcome?.kind === 'page');
    return { last: outcome.page.last, lastId: outcome.page.lastId };
  };
  assert.deepEqual(placeOf(0), { last: null, lastId: null });
  assert.deepEqual(placeOf(1), { last: null, lastId: idOf(1) });
});

test('the position is in the order of the time that the query names', async () => {
  const created = { ...select('LoginHistory'), timeField: 'LoginTime' };
  const { pages } = await pagesOf([created], [page([{ Id: idOf(1), LoginTime: stamp }])]);
  assert(pages[0]?.kind === 'page');
  assert.deepEqual(pages[0].page.last, { stamp, id: idOf(1) });
});

test('an error that is answered with 200 is a fault of that query alone', async () => {
  const error = { body: [{ errorCode: 'INVALID_TYPE', message: 'x' }] };
  const half = { body: { totalSize: 0, done: true } };
  const queries = [select('Account'), select('B__c'), select('C__c')];
  const { pages } = await pagesOf(queries, [error, page([row(1)]), half]);
  for (const odd of [pages[0], pages[2]]) assert(odd?.kind === 'refused' && odd.fault.code === 'DATA-03');
  assert.equal(pages[1]?.kind, 'page');
});

const badPages: Record<string, SubAnswer> = {
  'has fewer records than it says': page([row(1)], 2),
  'has more records than it says': page([row(1), row(2)], 1),
  'has more records than there are in all, and is not done': page([row(1), row(2)], 1, false),
  'has no record at all, and is not done': page([], 1, false),
  'ends in a record with a damaged Id': page([{ ...row(1), Id: '001' }]),
  'ends in a record without its time': page([{ Id: idOf(1) }]),
  'ends in a record without a readable stamp': page([{ ...row(1), SystemModstamp: '24.11.2026' }]),
};

for (const [what, bad] of Object.entries(badPages)) {
  test(`a page that ${what} is thrown away, and the other pages of the answer are used`, async () => {
    const { pages } = await pagesOf([select('Account'), select('B__c')], [page([row(1)]), bad]);
    assert.equal(pages[0]?.kind, 'page');
    assert(pages[1]?.kind === 'refused' && pages[1].fault.code === 'DATA-03');
  });
}

test('a halted query that refers to no other is refused, not skipped', async () => {
  const { pages } = await pagesOf([select('Account')], [refusal('PROCESSING_HALTED')]);
  assert.equal(pages[0]?.kind, 'refused');
});

test('a request that is refused as a whole is a fault', async () => {
  const body = '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]';
  await using org = await openScriptedOrg(() => ({ status: 403, body }));
  await assert.rejects(queryPages(org.open(), [select('Account')], { purpose: 'poll' }, signal), {
    code: 'LIM-01',
  });
  org.answer = () => ({ body: '<html>moved</html>' });
  await assert.rejects(queryPages(org.open(), [select('Account')], { purpose: 'poll' }, signal), {
    code: 'DATA-03',
  });
});

test('an answer that is cut short says where its rest is, and the rest is asked for there', async () => {
  const next = `/services/data/v62.0/query/0r8000000000001AAA-2`;
  await using org = await openScriptedOrg(() => ({
    body: compositeAnswer([
      { body: { totalSize: 3, done: false, nextRecordsUrl: next, records: [row(1), row(2)] } },
      { body: { totalSize: 3, done: true, records: [row(3)] } },
    ]),
  }));
  const rest = 'query/0r8000000000001AAA-2';
  const queries = [select('Account'), { ...select('Account'), rest }];
  const { pages } = await queryPages(org.open(), queries, { purpose: 'poll' }, signal);
  assert(pages[0]?.kind === 'page' && pages[1]?.kind === 'page');
  assert.deepEqual([pages[0].page.done, pages[0].page.next], [false, rest]);
  assert.deepEqual([pages[1].page.done, pages[1].page.count], [true, 1]);
  const sent = JSON.parse(org.received[1]?.body ?? '') as { compositeRequest: { url: string }[] };
  assert.equal(sent.compositeRequest[1]?.url, next);
});

test('the rest of an answer is never asked for at another address', async () => {
  for (const nextRecordsUrl of [
    'https://evil.example.com/query/x',
    '/services/data/v62.0/sobjects',
    '',
    null,
  ]) {
    const cut = { body: { totalSize: 3, done: false, nextRecordsUrl, records: [row(1)] } };
    const { pages } = await pagesOf(
      [select('Account'), { ...select('Account'), needsRest: true }],
      [cut, cut],
    );
    assert(pages[0]?.kind === 'page' && pages[1]?.kind === 'refused');
    assert.equal(pages[0].page.next, undefined);
    assert.equal(pages[1].fault.code, 'DATA-03');
  }
});

test('the answers for parts of the fields are joined, and refused together', async () => {
  const part = (field: string, more: object = {}) => ({
    Id: idOf(1),
    SystemModstamp: stamp,
    [field]: field,
    ...more,
  });
  const split = { ...select('Wide__c'), parts: ['SELECT Id, SystemModstamp, B__c FROM Wide__c'] };
  const queries = [split, select('Account')];
  const { pages } = await pagesOf(queries, [page([part('A__c')]), page([row(2)]), page([part('B__c')])]);
  assert(pages[0]?.kind === 'page' && pages[1]?.kind === 'page');
  const [joined] = JSON.parse(pages[0].page.records) as Record<string, string>[];
  assert.deepEqual([joined?.A__c, joined?.B__c, pages[1].page.lastId], ['A__c', 'B__c', idOf(2)]);

  const refused = await pagesOf(queries, [
    page([part('A__c')]),
    page([row(2)]),
    refusal('QUERY_TOO_COMPLICATED'),
  ]);
  assert(refused.pages[0]?.kind === 'refused' && refused.pages[1]?.kind === 'page');
});
