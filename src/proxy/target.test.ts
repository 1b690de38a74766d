import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import { parseTarget } from './target.ts';

const syncId = `s${'a2'.repeat(13)}` as SyncId;
const rows = '/services/data/v64.0/sobjects/Account';
const parse = (rawUrl: string, { method = 'GET', headers = ['Host', 'localhost:8401'] } = {}) =>
  parseTarget({ method, rawUrl, rawHeaders: headers }, { baseHosts: ['localhost:8401', 'sync.example.com'] });

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

test('the path goes on as it was written, and is understood decoded', () => {
  const target = parse(`/${syncId}/services/data/v64.0/sobjects/%41ccount/Key__c/a%20b@c.d/`);
  assert(!(target instanceof Fault));
  assert.equal(target.rawPath, '/services/data/v64.0/sobjects/%41ccount/Key__c/a%20b@c.d/');
  assert.deepEqual(target.segments.slice(4), ['Account', 'Key__c', 'a b@c.d']);
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

test('a path that could be read in two ways is refused', () => {
  const tails = [
    '/services/../x', '/services/%2e%2e/x', '/services/%2E./x', '/services/./x', '/services/a//b', '/services//a',
    '/services/a%2fb', '/services/a%2Fb', '/services/a%5cb', '/services/a\\b', '/services/a;b', '/services/..;/b',
    '/services/%252e%252e/b', '/services/a%252fb', '/services/\u00e9', '/services/%00',
    '/services/%0d%0aX:y', '/services/%zz', '/services/%ff', '/services', '/secur/frontdoor.jsp', '', '/',
    '/%73ervices/data', '/services/a#b', '//services/data',
  ]; // biome-ignore format: a list
  for (const tail of tails) assert.equal(refusal(`/${syncId}${tail}`), 'PRX-08 400', tail);
});

test('letters of an external id may be percent-encoded UTF-8', () => {
  assert(!(parse(`/${syncId}${rows}/External_Id__c/M%C3%BCller`) instanceof Fault));
});

test('a request is refused for its form', () => {
  const fine = `/${syncId}${rows}`;
  assert.equal(refusal(fine, { method: 'TRACE' }), 'PRX-08 405');
  assert.equal(refusal(fine, { method: 'PROPFIND' }), 'PRX-08 405');
  assert.equal(refusal(`http://evil.example${fine}`), 'PRX-08 400');
  assert.equal(refusal('*', { method: 'OPTIONS' }), 'PRX-08 400');
  assert.equal(refusal(`${fine}?${'x'.repeat(16_384)}`), 'PRX-08 414');
  assert.equal(refusal(fine, { headers: ['Host', 'a', 'host', 'a'] }), 'PRX-08 400');
  assert.equal(refusal(fine, { headers: ['Authorization', 'a', 'authorization', 'b'] }), 'PRX-08 400');
  assert.equal(refusal(fine, { headers: ['Upgrade', 'websocket'] }), 'PRX-08 400');
  assert(!(parse(fine, { headers: ['Upgrade', 'h2c'] }) instanceof Fault));
});
