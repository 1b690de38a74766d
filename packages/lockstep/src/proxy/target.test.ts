import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { parseTarget } from './target.ts';

const syncId = `s${'a2'.repeat(13)}` as SyncId;
const rows = '/services/data/v64.0/sobjects/Account';
const parse = (
  rawUrl: string,
  { httpVersion = '1.1', method = 'GET', headers = ['Host', 'localhost:8401'], isPeerTrusted = false } = {},
) =>
  parseTarget(
    { httpVersion, method, rawUrl, rawHeaders: headers },
    { baseHosts: ['localhost:8401', 'sync.example.com'], isPeerTrusted },
  );

function refusal(...request: Parameters<typeof parse>): string {
  const target = parse(...request);
  assert(target instanceof Fault);
  return target.code === 'PRX-08' ? `PRX-08 ${target.safe.status}` : target.code;
}

test('the three addresses of a sync lead to the same path of the org', () => {
  const query = '?q=SELECT+Id%2F..//;%F0';
  const expected = {
    syncId,
    method: 'GET',
    rawPath: `${rows}${query}`,
    segments: ['services', 'data', 'v64.0', 'sobjects', 'Account'],
    query: query.slice(1),
  };
  const byHost = ['Host', `${syncId.toUpperCase()}.localhost:8401`];
  assert.deepEqual(parse(`/${syncId}${rows}${query}`), { ...expected, namedHost: null });
  assert.deepEqual(parse(`/${syncId}/Acme.my.salesforce.com${rows}${query}`), {
    ...expected,
    namedHost: 'acme.my.salesforce.com',
  });
  assert.deepEqual(parse(`/${syncId}/localhost:8402${rows}${query}`), {
    ...expected,
    namedHost: 'localhost:8402',
  });
  assert.deepEqual(parse(`${rows}${query}`, { headers: byHost }), { ...expected, namedHost: null });
  assert.deepEqual(parse(`${rows}${query}`, { headers: ['host', `${syncId}.sync.example.com`] }), {
    ...expected,
    namedHost: null,
  });
});

test('the path is forwarded as it was written, and checked in decoded form', () => {
  const target = parse(`/${syncId}/services/data/v64.0/sobjects/%41ccount/Key__c/a%20b@c.d/`);
  assert(!(target instanceof Fault));
  assert.equal(target.rawPath, '/services/data/v64.0/sobjects/%41ccount/Key__c/a%20b@c.d/');
  assert.deepEqual(target.segments.slice(4), ['Account', 'Key__c', 'a b@c.d']);
});

test('slashes at the end of an instance URL are left out', () => {
  const byHost = { headers: ['Host', `${syncId}.localhost:8401`] };
  const targets = [
    parse(`/${syncId}/${rows}`),
    parse(`/${syncId}//${rows}?q=//`),
    parse(`/${syncId}/acme.my.salesforce.com/${rows}`),
    parse(`//${rows}`, byHost),
  ];
  for (const target of targets) {
    assert(!(target instanceof Fault));
    assert.equal(target.rawPath.split('?')[0], rows);
  }
});

test('an external id may contain a slash, a backslash or a semicolon', () => {
  for (const [raw, value] of [
    ['a%2Fb', 'a/b'],
    ['a%5cb', 'a\\b'],
    ['%3Ba%3bb', ';a;b'],
    ['https:%2F%2Facme.example%2Fx%3Fy', 'https://acme.example/x?y'],
    ['a%2F...%2Fb', 'a/.../b'],
  ] as const) {
    const target = parse(`/${syncId}${rows}/Key__c/${raw}`, { method: 'PATCH' });
    assert(!(target instanceof Fault), raw);
    assert.equal(target.rawPath, `${rows}/Key__c/${raw}`);
    assert.deepEqual(target.segments.slice(5), ['Key__c', value]);
  }
  for (const tail of [
    '/Key__c/a;b', '/Key__c/a\\b', '/Key__c/..%2Fx', '/Key__c/a%2f..%2fb', '/Key__c/%2e%2e', '/Key__c/a%5C..', '/Key__c/a%252fb',
    '/Key__c/a%00b', '/Key__c/a%2Fb/x', '/Key__c%2Fa/b', '/a%2Fb',
  ]) // biome-ignore format: a list
    assert.equal(refusal(`/${syncId}${rows}${tail}`), 'PRX-08 400', tail);
});

test('an address that names no sync is unknown', () => {
  for (const url of [
    '/',
    rows,
    '/favicon.ico',
    `/${syncId.slice(1)}${rows}`,
    `/${syncId.toUpperCase()}${rows}`,
  ]) {
    assert.equal(refusal(url), 'PRX-01', url);
  }
  for (const host of ['evil.example', 'localhost:8402', 'localhost', 'localhost.:8401', 'x@localhost:8401']) {
    assert.equal(refusal(rows, { headers: ['Host', `${syncId}.${host}`] }), 'PRX-01', host);
  }
});

test('an ambiguous path is refused', () => {
  const tails = [
    '/services/../x', '/services/%2e%2e/x', '/services/%2E./x', '/services/./x', '/services/a//b', '/services//a',
    '/services/a%2fb', '/services/a%2Fb', '/services/a%5cb', '/services/a\\b', '/services/a;b', '/services/..;/b',
    '/services/%252e%252e/b', '/services/a%252fb', '/services/\u00e9', '/services/%00',
    '/services/%0d%0aX:y', '/services/%zz', '/services/%ff', '/services', '/secur/frontdoor.jsp', '', '/',
    '/%73ervices/data', '/services/a#b',
  ]; // biome-ignore format: a list
  for (const tail of tails) assert.equal(refusal(`/${syncId}${tail}`), 'PRX-08 400', tail);
});

test('an external id may contain percent-encoded UTF-8', () => {
  assert(!(parse(`/${syncId}${rows}/External_Id__c/M%C3%BCller`) instanceof Fault));
});

test('a malformed request is refused', () => {
  const fine = `/${syncId}${rows}`;
  assert.equal(refusal(fine, { method: 'TRACE' }), 'PRX-08 405');
  assert.equal(refusal(fine, { method: 'PROPFIND' }), 'PRX-08 405');
  assert.equal(refusal(`http://evil.example${fine}`), 'PRX-08 400');
  assert.equal(refusal('*', { method: 'OPTIONS' }), 'PRX-08 400');
  assert.equal(refusal(`${fine}?${'x'.repeat(16_384)}`), 'PRX-08 414');
  assert.equal(refusal(fine, { headers: ['Host', 'a', 'host', 'a'] }), 'PRX-08 400');
  const twice = ['Host', 'a', 'Authorization', 'a', 'authorization', 'b'];
  assert.equal(refusal(fine, { headers: twice }), 'PRX-08 400');
  assert.equal(refusal(fine, { headers: [] }), 'PRX-08 400');
  assert.equal(refusal(fine, { httpVersion: '2.0' }), 'PRX-08 400');
  assert.equal(refusal(fine, { headers: ['Host', 'a', 'Trailer', 'X-A'] }), 'PRX-08 400');
  for (const coding of ['gzip, chunked', 'identity', 'chunked, chunked', '']) {
    assert.equal(refusal(fine, { headers: ['Host', 'a', 'Transfer-Encoding', coding] }), 'PRX-08 400');
  }
  assert.equal(refusal(fine, { headers: ['Host', 'a', 'Upgrade', 'websocket'] }), 'PRX-08 400');
  assert(!(parse(fine, { headers: ['Host', 'a', 'Upgrade', 'h2c'] }) instanceof Fault));
});

test('X-Forwarded-Host counts from our own load balancer, and Host from anybody else', () => {
  const headers = ['Host', 'inner:8401', 'X-Forwarded-Host', `${syncId}.Sync.example.com`];
  const target = parse(rows, { headers, isPeerTrusted: true });
  assert(!(target instanceof Fault));
  assert.equal(target.syncId, syncId);
  assert.equal(refusal(rows, { headers }), 'PRX-01');

  const unknown = ['Host', `${syncId}.localhost:8401`, 'X-Forwarded-Host', 'evil.example'];
  assert.equal(refusal(rows, { headers: unknown, isPeerTrusted: true }), 'PRX-01');
  assert(!(parse(rows, { headers: unknown }) instanceof Fault));
  assert(!(parse(rows, { headers: unknown.slice(0, 2), isPeerTrusted: true }) instanceof Fault));
});

test('several X-Forwarded-Host values are refused even from our own load balancer', () => {
  const one = ['X-Forwarded-Host', `${syncId}.sync.example.com`];
  const twice = { headers: ['Host', 'a', ...one, ...one], isPeerTrusted: true };
  assert.equal(refusal(rows, twice), 'PRX-08 400');
  const list = { headers: ['Host', 'a', 'X-Forwarded-Host', `${one[1]}, evil.example`], isPeerTrusted: true };
  assert.equal(refusal(rows, list), 'PRX-08 400');
});

test('a request that expects anything but 100-continue is refused', () => {
  const expecting = (value: string) => ({ headers: ['Host', 'a', 'Expect', value] });
  assert(!(parse(`/${syncId}${rows}`, expecting('100-Continue')) instanceof Fault));
  assert.equal(refusal(`/${syncId}${rows}`, expecting('200-ok')), 'PRX-08 400');
});
