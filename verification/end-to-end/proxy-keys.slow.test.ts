/** Programs that have no token of Salesforce use the proxy with a key of Lockstep's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { openRunningSync } from '@lockstep/harness/running-sync';
import { sessionStore } from 'lockstep/control';

const { harness, api, cli } = await openRunningSync();
const keys = '/api/v1/syncs/harness/proxy-keys';
const makeKey = async (name: string, scope: 'read' | 'write'): Promise<string> => {
  const { status, body } = await api.ask('POST', keys, { name, scope });
  assert.equal(status, 201, JSON.stringify(body));
  return String(body.key);
};
async function call(key: string, method: string, path: string, body?: object, headers = {}) {
  const answer = await fetch(`${harness.base}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    error: answer.headers.get('lockstep-error'),
    applied: answer.headers.get('lockstep-applied'),
    headers: JSON.stringify([...answer.headers]),
    json: (text === '' ? null : JSON.parse(text)) as Record<string, unknown>,
    text,
  };
}
const nameOf = (id: unknown) =>
  harness.reader.query(sql`SELECT name FROM salesforce.account WHERE id = ${String(id)}`);

test('a key that writes has its records in SQL before the answer, alone and in a composite request', async () => {
  const key = await makeKey('writer', 'write');
  const made = await call(key, 'POST', `${dataPath}/sobjects/Account`, { Name: 'by key' });
  assert.deepEqual([made.status, made.applied], [201, 'yes'], made.text);
  assert.deepEqual(await nameOf(made.json.id), [{ name: 'by key' }]);
  const composite = await call(key, 'POST', `${dataPath}/composite`, {
    compositeRequest: [
      { method: 'POST', url: `${dataPath}/sobjects/Account`, referenceId: 'made', body: { Name: 'first' } },
      {
        method: 'PATCH',
        url: `${dataPath}/sobjects/Account/@{made.id}`,
        referenceId: 'changed',
        body: { Name: 'second' },
      },
    ],
  });
  assert.deepEqual([composite.status, composite.applied], [200, 'yes'], composite.text);
  const found = await harness.reader.query(sql`SELECT name FROM salesforce.account WHERE name = 'second'`);
  assert.equal(found.length, 1);
});

test('a key that reads reads what the sync’s user sees, and changes nothing', async () => {
  const key = await makeKey('reader', 'read');
  const read = await call(
    key,
    'GET',
    `${dataPath}/query?q=${encodeURIComponent('SELECT count() FROM Lead')}`,
  );
  assert.equal(read.status, 200, read.text);
  assert.ok(Number(read.json.totalSize) > 0, 'also of objects that are not mirrored');
  for (const [method, path] of [
    ['POST', `${dataPath}/sobjects/Account`],
    ['GET', `${dataPath}/tooling/query?q=SELECT+Id+FROM+ApexClass`],
    ['GET', '/services/oauth2/userinfo'],
  ] as const) {
    const refused = await call(key, method, path, method === 'POST' ? { Name: 'no' } : undefined);
    assert.deepEqual([refused.status, refused.error], [403, 'PRX-15'], path);
  }
});

test('a composite request with a key reaches no further than its parts alone', async () => {
  const key = await makeKey('composite', 'write');
  const inside = { method: 'GET', url: `${dataPath}/tooling/query?q=x`, referenceId: 'a' };
  const refused = await call(key, 'POST', `${dataPath}/composite`, { compositeRequest: [inside] });
  assert.deepEqual([refused.status, refused.error], [403, 'PRX-15'], refused.text);
});

test('a session that Salesforce has ended is renewed, and the request sent again', async () => {
  const key = await makeKey('renewing', 'write');
  await harness.org.control('/signIn/expireTokens', {});
  const made = await call(key, 'POST', `${dataPath}/sobjects/Account`, { Name: 'in another session' });
  assert.deepEqual([made.status, made.applied], [201, 'yes'], made.text);
  assert.deepEqual(await nameOf(made.json.id), [{ name: 'in another session' }]);
});

test('a key is refused when it is revoked, expired, of another sync, of the management API, or beside a token', async () => {
  const key = await makeKey('revoked', 'read');
  const path = `${dataPath}/limits`;
  assert.equal((await call(key, 'GET', path)).status, 200);
  const other = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
  const ofApi = String((await api.ask('POST', '/api/v1/api-keys', { name: 'api', scope: 'write' })).body.key);
  for (const wrong of [other, ofApi]) {
    const refused = await call(wrong, 'GET', path);
    assert.deepEqual([refused.status, refused.error], [401, 'PRX-14'], wrong.slice(0, 4));
  }
  const both = await call(key, 'GET', path, undefined, { 'x-sfdc-session': key });
  assert.deepEqual([both.status, both.error], [401, 'PRX-03']);

  const { db } = harness.control.control;
  await db.query(sql`UPDATE lockstep.api_key SET expires_at = clock_timestamp() WHERE name = 'reader'`);
  const listed = (await api.ask('GET', keys)).body.items as { name: string; is_expired: boolean }[];
  assert.equal(listed.find(({ name }) => name === 'reader')?.is_expired, true);
  const revoked = await cli.run(['proxy-key', 'revoke', 'revoked']);
  assert.equal(revoked.code, 0, revoked.stderr);
  const until = Date.now() + 5_000;
  let last = await call(key, 'GET', path);
  while (last.status === 200 && Date.now() < until) last = await call(key, 'GET', path);
  assert.deepEqual([last.status, last.error], [401, 'PRX-14']);
});

test('a key is made by command and shown once; one that writes is not made with a key of the API', async () => {
  const made = await cli.run(['proxy-key', 'create', 'by command']);
  assert.match(made.stdout, /^lsp_[0-9a-f]{12}_[\w-]{43}\n$/);
  assert.equal((await call(made.stdout.trim(), 'GET', `${dataPath}/limits`)).status, 200);
  const listed = await cli.run(['proxy-key', 'list']);
  assert.match(listed.stdout, /^by command +read +never/m);
  assert.ok(!listed.stdout.includes(made.stdout.trim()));
  const deploy = await api.ask('POST', '/api/v1/api-keys', { name: 'deploy', scope: 'write' });
  const asKey = { authorization: `Bearer ${String(deploy.body.key)}` };
  const refused = await api.ask('POST', keys, { name: 'no', scope: 'write' }, asKey);
  assert.deepEqual([refused.status, refused.body.code], [403, 'API-17']);
  assert.equal((await api.ask('POST', keys, { name: 'yes', scope: 'read' }, asKey)).status, 201);
});

test('neither the key nor the session that takes its place is answered, stored or logged', async () => {
  const key = await makeKey('secret', 'read');
  const answer = await call(key, 'GET', `${dataPath}/limits`);
  assert.equal(answer.status, 200);
  const [stored] = await harness.control.control.db.query<{ rows: string }>(
    sql`SELECT string_agg(k::text, ' ') AS rows FROM lockstep.api_key k`,
  );
  const { token } = (await sessionStore(harness.control.control, harness.sync.id).read()).session ?? {};
  assert.ok(token);
  for (const secret of [key.slice('lsp_'.length + 13), token])
    for (const place of [harness.control.log.text(), stored?.rows ?? '', answer.text, answer.headers])
      assert.ok(!place.includes(secret));
});
