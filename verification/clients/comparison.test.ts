import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { snippets } from '@lockstep/harness/clients-page';
import { compareRounds, type Made } from './comparison.ts';
import type { Exchange } from './recording-relay.ts';

const exchange = (method: string, path: string, status: number): Exchange => ({
  method,
  path,
  requestBody: '',
  status,
  applied: null,
  body: Buffer.alloc(0),
});

const orgUrl = 'http://127.0.0.1:1';
const made = (answers: Record<string, unknown>, exchanges: readonly Exchange[] = []): Made => ({
  version: '1',
  failure: null,
  orgUrl,
  answers: new Map(Object.entries(answers)),
  exchanges,
});

const differing = (direct: Made, proxied: Made) =>
  compareRounds(direct, proxied)
    .filter(({ isSame }) => !isSame)
    .map(({ step, direct: one, proxied: other }) => [step, one, other]);

const account = '/services/data/v62.0/sobjects/Account';

test('Ids, stamps and the address of the org may differ', () => {
  const direct = made({
    create: { id: '001Hp00000000EbIAI', at: '2026-11-29T23:44:00.000+0000', url: `${orgUrl}/id` },
    read: { id: '001Hp00000000EbIAI' },
  });
  const proxied = made({
    create: { id: '001Hp00000000FcIAI', at: '2026-11-29T23:44:01.000+0000', url: 'http://127.0.0.1:2/id' },
    read: { id: '001Hp00000000FcIAI' },
  });
  assert.deepEqual(differing(direct, { ...proxied, orgUrl: 'http://127.0.0.1:2' }), []);
});

test('another answer, another record and a missing step are differences', () => {
  const one = made({ create: { id: '001Hp00000000EbIAI', success: true }, read: '001Hp00000000EbIAI' });
  const other = made({ create: { id: '001Hp00000000EbIAI', success: false }, read: '001Hp00000000FcIAI' });
  assert.deepEqual(
    differing(one, other).map(([step]) => step),
    ['create', 'read'],
  );
  assert.deepEqual(differing(one, made({ create: one.answers.get('create') })), [
    ['read', '"{001 1}"', 'none'],
  ]);
});

test('another request or status is a difference; the order and the checks of a job’s state are none', () => {
  const id = '750Hp00000000AEIAY';
  const state = exchange('GET', `/services/data/v62.0/jobs/ingest/${id}`, 200);
  const direct = [exchange('POST', account, 201), exchange('GET', `${account}/describe`, 200), state];
  const proxied = [
    exchange('GET', `/sync${account}/describe`, 200),
    exchange('POST', `/sync${account}`, 201),
    state,
    state,
  ];
  assert.deepEqual(differing(made({}, direct), made({}, proxied)), []);
  assert.deepEqual(
    differing(made({}, direct), made({}, [...direct.slice(1), exchange('POST', account, 200)])),
    [['requests', `POST ${account} 201`, `POST ${account} 200`]],
  );
});

test('the page of clients shows the class with which Camel’s round renews its session', () => {
  const program = readFileSync(join(import.meta.dirname, 'programs', 'Camel.java'), 'utf8');
  const [shown] = snippets('Camel', 'java');
  assert.ok(program.includes(shown), shown);
});
