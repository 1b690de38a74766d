/** Callers with a key: what reaches Salesforce in its place, and what they are answered when it cannot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openProxyHarness, type ProxyHarness, syncId } from '@lockstep/harness/proxy-harness';
import { Fault } from '../core/faults.ts';
import type { OwnSession } from '../salesforce/index.ts';
import { headerValues } from './headers.ts';
import type { KeyedDeps } from './keyed-callers.ts';

const key = `lsp_0123456789ab_${'s'.repeat(43)}`;
const v = '/services/data/v62.0';

/** A sync with one session, and for each more that is named another after it. */
async function openKeyed(
  change: Partial<KeyedDeps> = {},
  tokens: readonly string[] = ['session-1'],
): Promise<ProxyHarness> {
  const at: { origin: string } = { origin: '' };
  const session = (no: number): OwnSession => ({
    token: tokens[no] ?? '',
    origin: at.origin,
    renewed: async () => (tokens[no + 1] === undefined ? null : session(no + 1)),
  });
  const keyed: KeyedDeps = {
    keyOf: async (sync, given) => (sync === syncId && given === key ? { scope: 'write' } : null),
    sessionOf: async () => session(0),
    ...change,
  };
  const harness = await openProxyHarness({ keyed });
  at.origin = harness.org.url;
  return harness;
}
const send = (harness: ProxyHarness, method: string, path: string, body?: string | Uint8Array<ArrayBuffer>) =>
  fetch(`${harness.proxy.url}/${syncId}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  });
const tokensIn = ({ org }: ProxyHarness) =>
  org.seen.map(({ rawHeaders }) => headerValues(rawHeaders, 'authorization').join());
const accepting =
  (token: string): ProxyHarness['org']['answer'] =>
  ({ rawHeaders }, response) =>
    response
      .writeHead(headerValues(rawHeaders, 'authorization')[0] === `Bearer ${token}` ? 200 : 401)
      .end('{}');

test('the session of the sync takes the place of the key, which Salesforce never sees', async () => {
  await using harness = await openKeyed();
  assert.equal((await send(harness, 'GET', `${v}/limits`)).status, 204);
  assert.deepEqual(tokensIn(harness), ['Bearer session-1']);
  assert.ok(!JSON.stringify(harness.org.seen).includes('lsp_'));
  assert.equal(harness.org.questions, 0, 'the session needs no question whether it is valid');
});

test('a session that is refused is renewed, and the request with its whole body sent once more', async () => {
  await using harness = await openKeyed({}, ['session-1', 'session-2']);
  harness.org.answer = accepting('session-2');
  const answer = await send(harness, 'POST', `${v}/sobjects/Lead`, '{"LastName":"x"}');
  assert.equal(answer.status, 200, await answer.text());
  assert.deepEqual(tokensIn(harness), ['Bearer session-1', 'Bearer session-2']);
  assert.deepEqual(
    harness.org.seen.map(({ body }) => body.toString()),
    ['{"LastName":"x"}', '{"LastName":"x"}'],
  );
});

test('no caller is told 401 for a session that is not its own', async () => {
  for (const tokens of [['session-1'], ['session-1', 'session-2']]) {
    await using harness = await openKeyed({}, tokens);
    harness.org.answer = accepting('none');
    const answer = await send(harness, 'GET', `${v}/limits`);
    assert.deepEqual([answer.status, answer.headers.get('lockstep-error')], [503, 'PRX-16']);
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.equal(harness.org.seen.length, tokens.length);
  }
});

test('a body too long to be kept is sent once', async () => {
  await using harness = await openKeyed({}, ['session-1', 'session-2']);
  harness.org.answer = accepting('session-2');
  const answer = await send(harness, 'POST', `${v}/sobjects/Lead`, new Uint8Array(9 * 1024 * 1024));
  assert.deepEqual([answer.status, answer.headers.get('lockstep-error')], [503, 'PRX-16']);
  assert.equal(harness.org.seen.length, 1);
});

test('without a session, a control database or keys nothing is sent', async () => {
  for (const [change, status, code] of [
    [{ sessionOf: () => Promise.reject(new Fault('NET-01', { host: 'acme', reason: 'x' })) }, 502, 'NET-01'],
    [{ keyOf: () => Promise.reject(new Error('away')) }, 503, 'PRX-12'],
    [{ keyOf: () => Promise.resolve(null) }, 401, 'PRX-14'],
  ] as const) {
    await using harness = await openKeyed(change);
    const answer = await send(harness, 'GET', `${v}/limits`);
    assert.deepEqual([answer.status, answer.headers.get('lockstep-error')], [status, code]);
    assert.equal(harness.org.seen.length + harness.org.questions, 0);
  }
});
