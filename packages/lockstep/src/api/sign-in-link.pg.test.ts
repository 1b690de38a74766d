/** Signing in by the link that the demo shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { openApi } from '@lockstep/harness/api-harness';
import { makeSetupToken } from '../control/index.ts';
import { makeSignInLink } from '../operations/sign-in-link.ts';

const nobody = { authorization: '' };

/** With a link as the demo shows one. */
async function withLink(clock: ManualClock) {
  await using undo = new AsyncDisposableStack();
  const signInLink = makeSignInLink(clock);
  const api = undo.use(await openApi([], { signInLink, trustedProxies: ['127.0.0.1'] }));
  const ends = undo.move();
  const follow = (secret: string, headers: Record<string, string> = {}) =>
    api.ask('POST', '/api/v1/session/by-link', { secret }, { ...nobody, ...headers });
  return { api, secret: signInLink.secret, follow, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

test('the link of the demo signs in without a password, once, also when it is followed twice at the same time', async () => {
  await using linked = await withLink(new ManualClock());
  const { api, secret, follow } = linked;
  const signedOut = async () => {
    const answer = await fetch(`${api.url}/api/v1/session`);
    return [answer.status, ((await answer.json()) as { code: string }).code];
  };
  assert.deepEqual(await signedOut(), [401, 'API-20']);
  const wrong = await follow(`${secret.slice(0, -1)}!`);
  assert.deepEqual([wrong.status, wrong.body.code], [403, 'API-18']);
  const both = await Promise.all([follow(secret), follow(secret)]);
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [201, 403],
  );
  const opened = both.find(({ status }) => status === 201);
  const [cookie = ''] = (opened?.headers.get('set-cookie') ?? '').split(';');
  const csrf = { 'x-lockstep-csrf': String(opened?.body.csrf_token) };
  const visit = (method: string, path: string, body?: object) =>
    fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: { cookie, ...csrf, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  assert.equal((await visit('GET', '/syncs')).status, 200);
  assert.equal((await visit('POST', '/api-keys', { name: 'a', scope: 'read' })).status, 201);
  assert.equal((await follow(secret)).status, 403);

  assert.ok(!api.control.log.text().includes(secret), 'the secret is in no log');
  const made = await makeSetupToken(api.control.control);
  const setUp = { token: made?.token, password: 'a long phrase is fine' };
  assert.equal((await api.ask('POST', '/api/v1/setup', setUp, nobody)).status, 201);
  assert.equal((await visit('GET', '/syncs')).status, 401, 'the administrator signs in from now on');
  assert.deepEqual(await signedOut(), [401, 'API-02']);
});

test('the link of the demo signs in only for 15 minutes, and nobody on another machine', async () => {
  const clock = new ManualClock();
  await using linked = await withLink(clock);
  const { api, secret, follow } = linked;
  const elsewhere = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' };
  const far = await follow(secret, elsewhere);
  assert.deepEqual([far.status, far.body.code], [403, 'API-18']);
  const plain = await follow(secret, { 'x-forwarded-for': '192.0.2.7' });
  assert.deepEqual([plain.status, plain.body.code], [403, 'API-16']);
  clock.advance(15 * 60_000);
  assert.equal((await follow(secret)).body.code, 'API-18');
  await using ordinary = await openApi();
  const none = await ordinary.ask('POST', '/api/v1/session/by-link', { secret }, nobody);
  assert.deepEqual([none.status, none.body.code], [403, 'API-18']);
  assert.equal((await api.ask('GET', '/api/v1/system')).body.is_demo, true);
});
