/** A result page as it arrives: complete, or a fault that says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { faultFrom, openScriptedOrg, type ScriptedOrg } from '@lockstep/harness/scripted-org';
import { type BulkJobName, type ResultPage, readResultPage } from './bulk.ts';
import type { Salesforce } from './client.ts';

const { signal } = new AbortController();
const dataPath = '/services/data/v62.0';
const job: BulkJobName = { id: '750000000000001AAA', dataPath, purpose: 'backfill' };
const path = `${dataPath}/jobs/query/${job.id}/results?maxRecords=100000`;
const fields = ['Id', 'Name'];
const idOf = (number: number) => `a01${String(number).padStart(12, '0')}AAA`;
const csvOf = (count: number, name = 'x') =>
  `"Id","Name"\n${Array.from({ length: count }, (_, nth) => `"${idOf(nth)}","${name}"\n`).join('')}`;
const csv = { 'content-type': 'text/csv', 'sforce-numberofrecords': '3', 'sforce-locator': 'null' };

async function begun(salesforce: Salesforce, sliceRows = 100, at = path): Promise<ResultPage> {
  const page = await readResultPage(salesforce, job, { path: at, fields, sliceRows }, signal);
  assert.ok('slices' in page, JSON.stringify(page));
  return page;
}

async function recordsOf({ slices }: Pick<ResultPage, 'slices'>): Promise<number> {
  let records = 0;
  for await (const { starts } of slices) records += starts.length;
  return records;
}

const readAll = async (org: ScriptedOrg, options: Parameters<ScriptedOrg['open']>[0] = {}) =>
  recordsOf(await begun(org.open(options)));

test('a page is read as it is or compressed, whether its length is known before or not', async () => {
  await using org = await openScriptedOrg();
  const body = csvOf(3, 'é😀');
  for (const chunked of [false, true]) {
    org.answer = () => ({ headers: csv, body, chunked });
    assert.equal(await readAll(org), 3);
    org.answer = () => ({ headers: { ...csv, 'content-encoding': 'gzip' }, body: gzipSync(body), chunked });
    assert.equal(await readAll(org), 3);
  }
  const request = org.received.at(-1);
  assert.deepEqual([request?.method, request?.path], ['GET', path]);
  assert.deepEqual([request?.headers.accept, request?.headers['accept-encoding']], ['text/csv', 'gzip']);
});

test('the headers say how many records there are and where the next page is, or nothing', async () => {
  await using org = await openScriptedOrg();
  const said = async (headers: Record<string, string>, at = path) => {
    org.answer = () => ({ headers, body: csvOf(1) });
    const { records, next, slices } = await begun(org.open(), 100, at);
    await recordsOf({ slices });
    return { records, next };
  };
  const results = `${dataPath}/jobs/query/${job.id}/results`;
  assert.deepEqual(await said(csv), { records: 3, next: null });
  assert.deepEqual(await said({}), { records: null, next: null });
  assert.deepEqual(await said({ 'sforce-locator': '', 'sforce-numberofrecords': '' }), {
    records: null,
    next: null,
  });
  assert.deepEqual(await said({ 'sforce-numberofrecords': '-1' }), { records: null, next: null });
  assert.deepEqual(await said({ 'sforce-locator': 'MTA/+=&x' }), {
    records: null,
    next: `${results}?locator=MTA%2F%2B%3D%26x&maxRecords=100000`,
  });
  assert.deepEqual(await said({ 'sforce-locator': 'MTA' }, results), {
    records: null,
    next: `${results}?locator=MTA`,
  });
});

test('a page that breaks off is a fault, wherever it breaks and however its end is told', async () => {
  await using org = await openScriptedOrg();
  const body = csvOf(3_000);
  const packed = gzipSync(csvOf(30_000).replaceAll('x', () => Math.random().toString(36)));
  const gzip = { ...csv, 'content-encoding': 'gzip' };
  const broken: Record<string, ReturnType<ScriptedOrg['answer']>> = {
    'a shorter body than its length': { headers: csv, body, cut: true },
    'a chunked body without its end': { headers: csv, body, cut: true, chunked: true },
    'a compressed body that is cut': { headers: gzip, body: packed, cut: true, chunked: true },
    'half of a compressed file': { headers: gzip, body: packed.subarray(0, packed.length / 2) },
    'a compressed file without its last byte': { headers: gzip, body: packed.subarray(0, -1) },
    'a compressed file with a wrong byte': { headers: gzip, body: changed(packed, packed.length - 6) },
    'a body that is not compressed': { headers: gzip, body },
  };
  for (const [what, answer] of Object.entries(broken)) {
    org.answer = () => answer;
    const { code } = await faultFrom(readAll(org));
    assert.equal(code, 'NET-01', what);
  }
  org.answer = () => ({ headers: { ...csv, 'content-encoding': 'br' }, body });
  assert.equal((await faultFrom(readAll(org))).code, 'DATA-03');
});

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

test('a page that stops arriving ends at the time-out, and one that does not begin does too', async () => {
  await using org = await openScriptedOrg(() => ({ headers: csv, body: csvOf(3_000), stalls: true }));
  const options = { requestTimeoutMs: 400 };
  assert.equal((await faultFrom(readAll(org, options))).code, 'NET-01');
  org.answer = () => 'hang';
  assert.equal((await faultFrom(readAll(org, options))).code, 'NET-01');
});

test('a page is not given up because it is stored more slowly than it arrives', async () => {
  const body = csvOf(40_000, 'x'.repeat(100));
  await using org = await openScriptedOrg(() => ({ headers: csv, body }));
  const { slices } = await begun(org.open({ requestTimeoutMs: 400 }), 10_000);
  let records = 0;
  for await (const { starts } of slices) {
    records += starts.length;
    await sleep(600);
  }
  assert.equal(records, 40_000);
});

test('a page that nobody reads on is let go, and so is one whose work is ended', async () => {
  const body = csvOf(200_000, 'x'.repeat(100));
  await using org = await openScriptedOrg(() => ({ headers: csv, body }));
  const salesforce = org.open();
  for (let tries = 0; tries < 5; tries++) {
    // More than there are connections for downloads: each is free again.
    const { slices } = await begun(salesforce);
    for await (const { starts } of slices) {
      assert.ok(starts.length > 0);
      break;
    }
  }
  const stop = new AbortController();
  const page = await readResultPage(salesforce, job, { path, fields, sliceRows: 10 }, stop.signal);
  assert.ok('slices' in page);
  const reading = recordsOf(page);
  stop.abort(new Error('ended'));
  await assert.rejects(reading, /ended/);
});

test('a session that has expired is renewed, and the page is read in the new one', async () => {
  await using org = await openScriptedOrg();
  const expired = JSON.stringify([
    { errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' },
  ]);
  org.answer = ({ headers }) =>
    headers.authorization === 'Bearer token-1'
      ? { status: 401, body: expired }
      : { headers: csv, body: csvOf(3) };
  assert.equal(await readAll(org), 3);
  assert.equal(org.signIns(), 2);
});

test('a page that is gone is lost, and any other refusal is a fault', async () => {
  await using org = await openScriptedOrg();
  const asked = { path, fields, sliceRows: 10 };
  for (const [status, errorCode] of [
    [404, 'NOT_FOUND'],
    [400, 'INVALID_QUERY_LOCATOR'],
    [409, 'API_VERSION_MISMATCH'],
    [410, 'GONE'],
  ] as const) {
    org.answer = () => ({ status, body: JSON.stringify([{ errorCode, message: 'x' }]) });
    const refused = { kind: 'lost', reason: errorCode };
    assert.deepEqual(await readResultPage(org.open(), job, asked, signal), { usage: null, refused });
  }
  for (const status of [403, 500, 503]) {
    org.answer = () => ({ status, body: '' });
    assert.notEqual((await faultFrom(readAll(org))).code, 'DATA-03');
  }
});

test('a page that is elsewhere is not fetched there, so the token goes nowhere else', async () => {
  await using elsewhere = await openScriptedOrg();
  await using org = await openScriptedOrg(() => ({ status: 302, headers: { location: elsewhere.url } }));
  assert.equal((await faultFrom(readAll(org))).code, 'NET-04');
  assert.deepEqual(elsewhere.received, []);
});

test('an answer that is not CSV is damaged', async () => {
  await using org = await openScriptedOrg();
  for (const body of ['<html>\n<body>\n', '{"done":true}\n', '"Name","Id"\n'])
    for (const headers of [csv, { ...csv, 'content-type': 'text/html' }]) {
      org.answer = () => ({ headers, body });
      assert.equal((await faultFrom(readAll(org))).code, 'DATA-03', body);
    }
});

test('usage of the org comes with a page', async () => {
  const headers = { ...csv, 'sforce-limit-info': 'api-usage=18/5000' };
  await using org = await openScriptedOrg(() => ({ headers, body: csvOf(3) }));
  const { usage } = await readResultPage(org.open(), job, { path, fields, sliceRows: 10 }, signal);
  assert.deepEqual(usage, { used: 18, max: 5000 });
});
