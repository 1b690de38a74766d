import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../core/faults.ts';
import { backoffMs } from './backoff.ts';

test('each failure in a row backs off longer, up to a minute', () => {
  const fault = new Fault('NET-01', { host: 'acme', reason: 'ECONNRESET' });
  assert.deepEqual(
    [1, 2, 3, 6, 50].map((tries) => backoffMs(tries, fault)),
    [2_000, 4_000, 8_000, 60_000, 60_000],
  );
});

test('a longer wait that Salesforce asks for is kept', () => {
  assert.equal(backoffMs(1, new Fault('LIM-06', { status: 503, waitMs: 120_000 })), 120_000);
});

test('a credential that the token endpoint refuses is not tried again for an hour', () => {
  assert.equal(backoffMs(1, new Fault('SF-01', { reason: 'invalid_grant' })), 3_600_000);
  assert.equal(backoffMs(1, new Fault('SF-07', { reason: 'invalid_client' })), 3_600_000);
});

test('a refused session, and a token of a wrong org or address, are tried again within a minute', () => {
  for (const code of ['SF-02', 'ORG-01', 'ORG-04'] as const) {
    assert.deepEqual(
      [1, 50].map((tries) =>
        backoffMs(tries, new Fault(code, { host: 'acme', org: 'an org', reason: 'INVALID_SESSION_ID' })),
      ),
      [2_000, 60_000],
    );
  }
});
