import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultCode, FaultFields } from '../core/faults.ts';
import { faultOf } from './faults.ts';

const secret = "WHERE Name = 'Canary Inc'";
const rest = (errorCode: string) =>
  JSON.stringify([{ message: `\nSELECT Id FROM X ${secret}\n ^`, errorCode }]);
const html = '<html><body>Canary Inc</body></html>';

type Case = [status: number, text: string, stream: string | undefined, code: FaultCode, safe: FaultFields];

const host = 'acme.my.salesforce.com';
const unreadable = (code: string) => ({ stream: 'X', reason: `cannot be read page by page (${code})` });
const cases: readonly Case[] = [
  [403, rest('REQUEST_LIMIT_EXCEEDED'), 'X', 'LIM-01', { reason: 'REQUEST_LIMIT_EXCEEDED' }],
  [403, rest('REQUEST_LIMIT_EXCEEDED'), undefined, 'LIM-01', { reason: 'REQUEST_LIMIT_EXCEEDED' }],
  [429, '', undefined, 'LIM-06', { status: 429 }],
  [503, html, 'X', 'LIM-06', { status: 503 }],
  [503, rest('SERVER_UNAVAILABLE'), 'X', 'LIM-06', { status: 503 }],
  [401, rest('INVALID_SESSION_ID'), 'X', 'SF-02', { reason: 'INVALID_SESSION_ID', host }],
  [403, rest('API_CURRENTLY_DISABLED'), 'X', 'PERM-01', { reason: 'API_CURRENTLY_DISABLED' }],
  [403, rest('API_DISABLED_FOR_ORG'), undefined, 'PERM-01', { reason: 'API_DISABLED_FOR_ORG' }],
  [403, rest('API_DISABLED_FOR_ORG'), 'X', 'PERM-02', { stream: 'X', reason: 'API_DISABLED_FOR_ORG' }],
  [401, 'Bad_OAuth_Token', undefined, 'SF-02', { reason: 'status 401', host }],
  [400, rest('INVALID_TYPE'), 'X', 'PERM-02', { stream: 'X', reason: 'INVALID_TYPE' }],
  [400, rest('INVALID_FIELD'), 'X', 'PERM-02', { stream: 'X', reason: 'INVALID_FIELD' }],
  [404, rest('NOT_FOUND'), 'X', 'PERM-02', { stream: 'X', reason: 'NOT_FOUND' }],
  [
    403,
    rest('INSUFFICIENT_ACCESS_OR_READONLY'),
    'X',
    'PERM-02',
    { stream: 'X', reason: 'INSUFFICIENT_ACCESS_OR_READONLY' },
  ],
  [
    400,
    '{"errorCode":"INVALID_TYPE","message":"x"}',
    'X',
    'PERM-02',
    { stream: 'X', reason: 'INVALID_TYPE' },
  ],
  [400, rest('MALFORMED_QUERY'), 'X', 'SCH-06', unreadable('MALFORMED_QUERY')],
  [400, rest('MALFORMED_QUERY'), 'FeedItem', 'PERM-06', { stream: 'FeedItem', reason: 'MALFORMED_QUERY' }],
  [
    400,
    rest('MALFORMED_QUERY'),
    'Ride__Feed',
    'PERM-06',
    { stream: 'Ride__Feed', reason: 'MALFORMED_QUERY' },
  ],
  [
    400,
    rest('MALFORMED_QUERY'),
    'Feed__c',
    'SCH-06',
    { stream: 'Feed__c', reason: 'cannot be read page by page (MALFORMED_QUERY)' },
  ],
  [414, html, 'X', 'NET-01', { host, reason: 'status 414', status: 414 }],
  [400, rest('INVALID_TYPE_FOR_OPERATION'), 'X', 'SCH-06', unreadable('INVALID_TYPE_FOR_OPERATION')],
  [
    400,
    rest('EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION'),
    'X',
    'SCH-06',
    unreadable('EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION'),
  ],
  [500, rest('MALFORMED_QUERY'), 'X', 'NET-01', { host, reason: 'MALFORMED_QUERY', status: 500 }],
  [400, rest('MALFORMED_QUERY'), undefined, 'NET-01', { host, reason: 'MALFORMED_QUERY', status: 400 }],
  [404, rest('NOT_FOUND'), undefined, 'NET-01', { host, reason: 'NOT_FOUND', status: 404 }],
  [404, html, 'X', 'NET-01', { host, reason: 'status 404', status: 404 }],
  [400, rest('QUERY_TIMEOUT'), 'X', 'NET-01', { host, reason: 'QUERY_TIMEOUT', status: 400 }],
  [500, rest('UNKNOWN_EXCEPTION'), 'X', 'NET-01', { host, reason: 'UNKNOWN_EXCEPTION', status: 500 }],
  [500, '', 'X', 'NET-01', { host, reason: 'status 500', status: 500 }],
  [502, '[]', 'X', 'NET-01', { host, reason: 'status 502', status: 502 }],
  [500, '[null]', 'X', 'NET-01', { host, reason: 'status 500', status: 500 }],
  [400, `[{"errorCode":"${secret}"}]`, 'X', 'NET-01', { host, reason: 'status 400', status: 400 }],
];

test('each refusal by Salesforce has one fault, and only its error code is kept', () => {
  for (const [status, text, stream, code, safe] of cases) {
    const fault = faultOf({ host, status, headers: {}, text, serverNow: null }, stream);
    assert.deepEqual([fault.code, fault.safe], [code, safe], `${status} ${text.slice(0, 80)}`);
    assert(!`${fault.stack} ${fault.message} ${fault.next} ${JSON.stringify(fault)}`.includes('Canary'));
    assert.equal(fault.cause, undefined);
  }
});

test('the fault has the wait that Salesforce asks for, in seconds or until a date by its own clock', () => {
  const waitOf = (asked: string, serverNow: number | null = Date.UTC(2026, 10, 24, 8) / 1000) =>
    faultOf({ host, status: 429, headers: { 'retry-after': asked }, text: '', serverNow }).safe.waitMs;
  assert.equal(waitOf('7'), 7_000);
  assert.equal(waitOf('Tue, 24 Nov 2026 08:00:30 GMT'), 30_000);
  assert.equal(waitOf('Tue, 24 Nov 2026 07:00:00 GMT'), 0);
  assert.equal(waitOf('Tue, 24 Nov 2026 08:00:30 GMT', null), undefined);
  assert.equal(waitOf('soon'), undefined);
  assert.equal(waitOf('-1'), undefined);
});
