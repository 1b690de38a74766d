import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseAnswer } from './bodies.ts';
import type { UpstreamAnswer } from './forward.ts';
import { recordWritten, writeOf } from './writes-of.ts';

const id = '001D000000IqhSLIAZ';

function write(method: string, path: string) {
  const [raw = '', query = ''] = `services/data/v64.0/${path}`.split('?');
  return writeOf({ method, segments: raw.split('/').map(decodeURIComponent), query });
}

const answer = (status: number, body: string | Buffer | null, headers: string[] = []): UpstreamAnswer => ({
  status,
  statusText: '',
  headers,
  sentAt: 0,
  lastByteAt: 0,
  body: () => (body === null ? null : Buffer.from(body)),
  drop: () => undefined,
  pipe: async () => undefined,
});

function written(method: string, path: string, given: UpstreamAnswer) {
  const known = write(method, path);
  assert(known.kind === 'record', 'not a write of one record');
  const { records, isComplete } = recordWritten(known, parseAnswer(given));
  if (!isComplete) return 'poll';
  return records.length > 0 ? records : 'no';
}

test('an update and a delete write the record that the address names', () => {
  const updated = [{ sobject: 'account', id, deleted: false }];
  const deleted = [{ sobject: 'account', id, deleted: true }];
  assert.deepEqual(written('PATCH', `sobjects/Account/${id}`, answer(204, '')), updated);
  assert.deepEqual(written('PATCH', `sobjects/ACCOUNT/${id.slice(0, 15)}`, answer(204, '')), updated);
  assert.deepEqual(written('PATCH', `sobjects/account/${id.toLowerCase()}`, answer(204, '')), updated);
  assert.deepEqual(written('PATCH', `sobjects/Account/Id/${id}`, answer(200, '{}')), updated);
  assert.deepEqual(written('POST', `sobjects/Account/${id}?_HttpMethod=PATCH`, answer(204, '')), updated);
  assert.deepEqual(written('DELETE', `sobjects/Account/${id}`, answer(204, '')), deleted);
  assert.deepEqual(written('POST', `sobjects/Account/${id}?_httpmethod=delete`, answer(204, '')), deleted);
});

test('a create writes the record that its answer names', () => {
  const created = [{ sobject: 'account', id, deleted: false }];
  const body = `{"id":"${id}","success":true,"errors":[]}`;
  assert.deepEqual(written('POST', 'sobjects/Account', answer(201, body)), created);
  assert.deepEqual(written('POST', 'sobjects/Account/Id', answer(201, body)), created);
  const zipped = answer(201, gzipSync(body), ['Content-Encoding', 'gzip']);
  assert.deepEqual(written('POST', 'sobjects/Account', zipped), created);
  const xml = answer(201, `<?xml version="1.0"?><Result><id>${id}</id></Result>`, [
    'Content-Type',
    'application/xml',
  ]);
  assert.deepEqual(written('POST', 'sobjects/Account', xml), created);
});

test('an upsert writes the record that its answer names, or else the one with its external id', () => {
  const path = 'sobjects/Contact/Key__c/a%20b';
  const byId = [{ sobject: 'contact', id, deleted: false }];
  const byKey = [{ sobject: 'contact', externalId: { field: 'Key__c', value: 'a b' }, deleted: false }];
  assert.deepEqual(written('PATCH', path, answer(201, `{"id":"${id}","created":true}`)), byId);
  assert.deepEqual(written('PATCH', path, answer(200, `{"id":"${id}","created":false}`)), byId);
  assert.deepEqual(written('PATCH', path, answer(204, '')), byKey);
  assert.equal(written('PATCH', path, answer(300, `["/services/data/v64.0/sobjects/Contact/${id}"]`)), 'no');
});

test('an answer that does not name the created record leads to a poll', () => {
  const bodies = ['', '{', '[]', 'null', '{"id":7}', '{"id":"x"}', `{"__proto__":{"id":"${id}"}}`, null];
  for (const body of bodies)
    assert.equal(written('POST', 'sobjects/Account', answer(201, body)), 'poll', `${body}`);
  const broken = answer(201, 'no gzip', ['Content-Encoding', 'gzip']);
  assert.equal(written('POST', 'sobjects/Account', broken), 'poll');
  const unknown = answer(201, `{"id":"${id}"}`, ['Content-Encoding', 'br']);
  assert.equal(written('POST', 'sobjects/Account', unknown), 'poll');
});

test('a refused write writes nothing', () => {
  for (const status of [300, 302, 304, 400, 404, 412]) {
    assert.equal(written('PATCH', `sobjects/Account/${id}`, answer(status, '')), 'no');
  }
});

test('a server error says nothing about what was written', () => {
  for (const status of [500, 502, 503, 504]) {
    assert.equal(written('PATCH', `sobjects/Account/${id}`, answer(status, '')), 'poll');
    assert.equal(written('POST', 'sobjects/Account', answer(status, '')), 'poll');
  }
});

test('reads write nothing', () => {
  const reads = [
    ['GET', `sobjects/Account/${id}`], ['HEAD', 'sobjects'], ['OPTIONS', 'sobjects/Account'], ['GET', 'query?q=x'],
    ['POST', 'parameterizedSearch'], ['POST', 'jobs/query'], ['PATCH', 'jobs/query/750'], ['GET', 'composite'],
  ] as const; // biome-ignore format: a list
  for (const [method, path] of reads)
    assert.deepEqual(write(method, path), { kind: 'none' }, `${method} ${path}`);
  assert.deepEqual(writeOf({ method: 'POST', segments: ['services', 'oauth2', 'revoke'], query: '' }), {
    kind: 'none',
  });
});

test('anything else that may write leads to a poll of all tables', () => {
  const writers = [
    ['PUT', 'composite/sobjects'], ['POST', 'composite/somethingNew'], ['PATCH', 'composite'],
    ['POST', 'ui-api/records'], ['POST', 'tooling/sobjects/ApexClass'], ['GET', 'tooling/executeAnonymous/?a=b'],
    ['DELETE', 'jobs/ingest/750'], ['POST', 'actions/standard/chatterPost'],
    ['POST', 'process/rules'], ['POST', 'quickActions/x'], ['POST', 'graphql'], ['POST', 'somethingNew'],
  ] as const; // biome-ignore format: a list
  const poll = { kind: 'poll' };
  for (const [method, path] of writers) assert.deepEqual(write(method, path), poll, `${method} ${path}`);
  for (const api of ['Soap', 'async', 'apexrest']) {
    assert.deepEqual(writeOf({ method: 'POST', segments: ['services', api, 'x'], query: '' }), poll, api);
  }
  for (const method of ['GET', 'HEAD'])
    assert.deepEqual(writeOf({ method, segments: ['services', 'apexrest', 'x'], query: '' }), poll, method);
});

test('creating or closing a bulk job is recognized', () => {
  for (const [method, path] of [
    ['POST', 'jobs/ingest'],
    ['PATCH', 'jobs/ingest/750'],
    ['POST', 'Jobs/Ingest/'],
  ] as const)
    assert.deepEqual(write(method, path), { kind: 'ingest' }, path);
  assert.deepEqual(write('PUT', 'jobs/ingest/750/batches'), { kind: 'upload' });
});

test('for the composite family, the body says what is written', () => {
  const writers = [
    ['POST', 'composite'], ['POST', 'Composite/Batch'], ['POST', 'composite/graph'], ['POST', 'composite/tree/Account'],
    ['POST', 'composite/sobjects'], ['PATCH', 'composite/sobjects'], ['DELETE', 'composite/sobjects?ids=1'],
    ['PATCH', 'composite/sobjects/Account/Key__c'], ['POST', 'composite/sobjects?_HttpMethod=PATCH'],
  ] as const; // biome-ignore format: a list
  for (const [method, path] of writers)
    assert.deepEqual(write(method, path), { kind: 'several' }, `${method} ${path}`);
  assert.deepEqual(write('POST', 'composite/sobjects/Account'), { kind: 'none' });
});

test('a record that an update does not find may still be in the mirror', () => {
  const change = write('PATCH', `sobjects/Account/${id}`);
  assert(change.kind === 'record');
  const { missing } = recordWritten(change, { status: 404, body: undefined });
  assert.deepEqual(missing, [{ sobject: 'account', id }]);
});

test('a row write whose address does not name its record leads to a poll', () => {
  const writers = [
    ['DELETE', 'sobjects/Account/Key__c/7'], ['POST', `sobjects/Account/${id}`], ['PUT', `sobjects/Account/${id}`],
    ['PATCH', 'sobjects/Account/nothing'], ['POST', 'sobjects/Account/quickActions/x'],
    ['PATCH', `sobjects/Account/${id}/Owner/b`], ['PATCH', `sobjects/Contact/${id}/Account`],
  ] as const; // biome-ignore format: a list
  const poll = { kind: 'poll' };
  for (const [method, path] of writers) assert.deepEqual(write(method, path), poll, `${method} ${path}`);
});
