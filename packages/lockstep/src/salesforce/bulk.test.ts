/** The steps of a Bulk job, one request each, and what every answer means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultFrom, openScriptedOrg, type ScriptedOrg } from '@lockstep/harness/scripted-org';
import {
  abortQueryJob,
  type BulkJobName,
  createQueryJob,
  hasResultPages,
  listResultPages,
  readQueryJob,
} from './bulk.ts';

const { signal } = new AbortController();
const id = '750000000000001AAA';
const dataPath = '/services/data/v62.0';
const job: BulkJobName = { id, dataPath, purpose: 'backfill' };
const below = `${dataPath}/jobs/query/${id}/`;
const query = { soql: 'SELECT Id FROM Account', includeDeleted: false };

const errorBody = (errorCode: string) => JSON.stringify([{ errorCode, message: `canary ${errorCode}` }]);
const create = (org: ScriptedOrg, given = query) => createQueryJob(org.open(), given, signal);
const read = (org: ScriptedOrg) => readQueryJob(org.open(), job, signal);
const list = (org: ScriptedOrg, next: string | null = null, of = job) =>
  listResultPages(org.open(), of, { next, pageRows: 100_000 }, signal);

test('a job is created with the form that is read back later, and is named by its Id and the version', async () => {
  await using org = await openScriptedOrg(() => ({
    headers: { 'sforce-limit-info': 'api-usage=18/5000' },
    body: JSON.stringify({ id, state: 'UploadComplete' }),
  }));
  assert.deepEqual(await create(org), { usage: { used: 18, max: 5000 }, job });
  const request = org.received.at(-1);
  assert.deepEqual([request?.method, request?.path], ['POST', `${dataPath}/jobs/query`]);
  assert.deepEqual(JSON.parse(request?.body ?? ''), {
    operation: 'query',
    query: query.soql,
    contentType: 'CSV',
    columnDelimiter: 'COMMA',
    lineEnding: 'LF',
  });
  assert.equal(request?.headers['sforce-call-options'], 'client=lockstep/backfill');
  await create(org, { ...query, includeDeleted: true });
  assert.match(org.received.at(-1)?.body ?? '', /"operation":"queryAll"/);
});

test('a refusal of a new job says whether Bulk cannot read the object, no more jobs may be made, or this one fails', async () => {
  await using org = await openScriptedOrg();
  const cases: [status: number, code: string, kind: string][] = [
    [400, 'INVALIDENTITY', 'unsupported'],
    [400, 'API_ERROR', 'unsupported'],
    [400, 'MALFORMED_QUERY', 'unsupported'],
    [403, 'FUNCTIONALITY_NOT_ENABLED', 'unsupported'],
    [404, 'NOT_FOUND', 'unsupported'],
    [400, 'LIMIT_EXCEEDED', 'exhausted'],
    [400, 'EXCEEDEDQUOTA', 'exhausted'],
    [400, 'INVALID_FIELD', 'lost'],
  ];
  for (const [status, code, kind] of cases) {
    org.answer = () => ({ status, body: errorBody(code) });
    assert.deepEqual(await create(org), { usage: null, refused: { kind, reason: code } });
  }
});

test('what any other request would get as well is a fault and says nothing about Bulk', async () => {
  await using org = await openScriptedOrg();
  for (const [status, code] of [
    [403, 'REQUEST_LIMIT_EXCEEDED'],
    [500, 'API_ERROR'],
    [503, 'SERVER_UNAVAILABLE'],
    [401, 'INVALID_SESSION_ID'],
  ] as const) {
    org.answer = () => ({ status, body: errorBody(code) });
    for (const step of [create, read, list])
      assert.doesNotMatch((await faultFrom(step(org))).message, /canary/);
  }
});

test('an answer that is not a job is damaged', async () => {
  await using org = await openScriptedOrg();
  for (const body of ['', '<html>', '{}', `{"id":"001000000000001AAA","state":"Open"}`, `{"id":"${id}"}`]) {
    org.answer = () => ({ body });
    for (const step of [create, read]) {
      const { code, safe } = await faultFrom(step(org));
      assert.deepEqual([code, safe], ['DATA-03', { where: 'a Bulk job' }], body);
    }
  }
});

test('each state of a job is known, with the records read so far, and an unknown one is not guessed', async () => {
  await using org = await openScriptedOrg();
  const stateOf = (state: string, more: object = {}) => {
    org.answer = () => ({ body: JSON.stringify({ id, state, ...more }) });
    return read(org);
  };
  const none = { usage: null, records: 0, reason: null };
  assert.deepEqual(await stateOf('Open'), { ...none, state: 'waiting' });
  assert.deepEqual(await stateOf('UploadComplete'), { ...none, state: 'waiting' });
  const some = { numberRecordsProcessed: 7 };
  assert.deepEqual(await stateOf('InProgress', some), { ...none, state: 'running', records: 7 });
  assert.deepEqual(await stateOf('JobComplete', some), { ...none, state: 'complete', records: 7 });
  assert.deepEqual(await stateOf('Aborted'), { ...none, state: 'aborted' });
  assert.deepEqual(await stateOf('Failed', { errorMessage: null }), { ...none, state: 'failed' });
  const { code } = await faultFrom(stateOf('Paused'));
  assert.equal(code, 'DATA-03');
});

test('a complete job that does not count its records is damaged: it must not look like an empty table', async () => {
  await using org = await openScriptedOrg(() => ({ body: JSON.stringify({ id, state: 'JobComplete' }) }));
  assert.equal((await faultFrom(read(org))).code, 'DATA-03');
});

test('of the message of a failed job only its first word is kept, because the rest quotes the query', async () => {
  await using org = await openScriptedOrg();
  for (const [errorMessage, reason] of [
    ['InternalServerError : Retried more than fifteen times', 'InternalServerError'],
    ['QUERY_TIMEOUT: Your query, SELECT canary, was running for too long', 'QUERY_TIMEOUT'],
    ["No such column 'canary'", null],
    ['', null],
  ] as const) {
    org.answer = () => ({ body: JSON.stringify({ id, state: 'Failed', errorMessage }) });
    const answer = await read(org);
    assert.ok('reason' in answer);
    assert.equal(answer.reason, reason);
  }
});

test('a job or results that are gone are lost, whatever the answer says', async () => {
  await using org = await openScriptedOrg();
  for (const [status, body, reason] of [
    [404, errorBody('NOT_FOUND'), 'NOT_FOUND'],
    [400, errorBody('INVALIDJOBSTATE'), 'INVALIDJOBSTATE'],
    [409, errorBody('API_VERSION_MISMATCH'), 'API_VERSION_MISMATCH'],
    [404, '<html>gone</html>', 'status 404'],
  ] as const) {
    org.answer = () => ({ status, body });
    for (const step of [read, list])
      assert.deepEqual(await step(org), { usage: null, refused: { kind: 'lost', reason } });
  }
});

test('a job is given up even if it has ended or is gone', async () => {
  await using org = await openScriptedOrg(() => ({ status: 404, body: errorBody('NOT_FOUND') }));
  await abortQueryJob(org.open(), job, signal);
  const request = org.received.at(-1);
  assert.deepEqual(
    [request?.method, request?.path, request?.body],
    ['PATCH', `${dataPath}/jobs/query/${id}`, '{"state":"Aborted"}'],
  );
});

test('result pages are listed five at a time, under either name of the address where the list goes on', async () => {
  await using org = await openScriptedOrg();
  const resultPages = [1, 2].map((nth) => ({ resultUrl: `${below}results?locator=${nth}` }));
  const paths = resultPages.map(({ resultUrl }) => resultUrl);
  const rest = `${below}resultPages?locator=x`;
  for (const name of ['nextRecordsUrl', 'nextRecordUrl']) {
    org.answer = () => ({ body: JSON.stringify({ resultPages, [name]: rest, done: false }) });
    assert.deepEqual(await list(org), { usage: null, paths, next: rest });
    assert.equal(org.received.at(-1)?.path, `${below}resultPages?maxRecords=100000`);
  }
  org.answer = () => ({ body: JSON.stringify({ resultPages, nextRecordsUrl: rest, done: true }) });
  assert.deepEqual(await list(org, rest), { usage: null, paths, next: null });
  assert.equal(org.received.at(-1)?.path, rest);
  const noSlash = [{ resultUrl: `${below}results?locator=1`.slice(1) }];
  org.answer = () => ({ body: JSON.stringify({ resultPages: noSlash, nextRecordsUrl: null, done: true }) });
  assert.deepEqual(await list(org), { usage: null, paths: [`${below}results?locator=1`], next: null });
});

test('a list that is not complete and does not say where it goes on is damaged, and so is one that cannot be read', async () => {
  await using org = await openScriptedOrg();
  for (const body of [{ resultPages: [], done: false }, { done: true }, { resultPages: [{}], done: true }]) {
    org.answer = () => ({ body: JSON.stringify(body) });
    const { code, safe } = await faultFrom(list(org));
    assert.deepEqual([code, safe], ['DATA-03', { where: 'the result pages of a Bulk job' }]);
  }
});

test('an address outside the job is refused, so that no token is sent there', async () => {
  await using org = await openScriptedOrg();
  const wrong = [
    'https://elsewhere.example.com/services/data/v62.0/jobs/query/',
    '//elsewhere.example.com/results',
    `${dataPath}/jobs/query/750000000000002AAA/results?locator=1`,
    `${dataPath}/sobjects/User`,
    `/services/data/v61.0/jobs/query/${id}/results`,
    `${below}../../../sobjects/User`,
    `${below}results?locator=a b`,
    `${below}results?locator=a\r\nX: y`,
    '',
  ];
  for (const resultUrl of wrong) {
    const good = `${below}results?locator=1`;
    for (const body of [
      { resultPages: [{ resultUrl }], done: true },
      { resultPages: [{ resultUrl: good }], nextRecordsUrl: resultUrl, done: false },
    ]) {
      org.answer = () => ({ body: JSON.stringify(body) });
      const { code, safe } = await faultFrom(list(org));
      assert.deepEqual([code, safe], ['DATA-03', { where: 'the address of a result page' }], resultUrl);
    }
  }
});

test('before version 58.0 a list has only the first page, and costs no request', async () => {
  await using org = await openScriptedOrg();
  const old: BulkJobName = { ...job, dataPath: '/services/data/v57.0' };
  assert.deepEqual(await list(org, null, old), {
    usage: null,
    paths: [`/services/data/v57.0/jobs/query/${id}/results?maxRecords=100000`],
    next: null,
  });
  assert.deepEqual(org.received, []);
  const hasPages = (version: string) => hasResultPages({ ...job, dataPath: `/services/data/v${version}` });
  assert.deepEqual([hasPages('57.0'), hasPages('58.0'), hasPages('100.0')], [false, true, true]);
});
