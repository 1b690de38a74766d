/** Setting up, signing in and out: one administrator, its password and its sessions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { type ApiHarness, openApi, openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { openTestControl } from '@lockstep/harness/control';
import { createAdministrator, makeSetupToken } from '../control/index.ts';

const password = 'a long phrase is fine';
const nobody = { authorization: '' };

interface Browser {
  cookie: string;
  'x-lockstep-csrf': string;
}

const tokenOf = async (api: ApiHarness): Promise<string> => {
  const made = await makeSetupToken(api.control.control);
  assert.ok(made);
  return made.token;
};
const setUp = (api: ApiHarness, token: string, more: object = {}) =>
  api.ask('POST', '/api/v1/setup', { token, password, ...more }, nobody);
const signIn = (api: ApiHarness, given = password, headers: Record<string, string> = {}) =>
  api.ask('POST', '/api/v1/session', { password: given }, { ...nobody, ...headers });

/** A browser that has signed in. */
async function browser(api: ApiHarness): Promise<Browser> {
  const { status, body, headers } = await signIn(api);
  assert.equal(status, 201, JSON.stringify(body));
  const [cookie = ''] = (headers.get('set-cookie') ?? '').split(';');
  return { cookie, 'x-lockstep-csrf': String(body.csrf_token) };
}
/** As a page of it sends a request; no Authorization header is sent at all. */
async function visit(api: ApiHarness, headers: object, method: string, path: string, body?: object) {
  const answer = await fetch(`${api.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  return { status: answer.status, headers: answer.headers, body: json };
}

async function withAdministrator(): Promise<ApiHarness> {
  const api = await openApi();
  await createAdministrator(api.control.control, password);
  return api;
}
const age = (api: ApiHarness, change: Sql) => api.control.control.db.query(change);

test('a browser is told whether to set up or to sign in, and a program with a wrong key neither', async () => {
  await using api = await openApi();
  const codeOf = async (headers: object) => {
    const { status, body } = await visit(api, headers, 'GET', '/session');
    assert.equal(status, 401);
    return body.code;
  };
  assert.equal(await codeOf({}), 'API-19');
  assert.equal(await codeOf({ cookie: 'lockstep=of-an-earlier-server' }), 'API-19');
  assert.equal(await codeOf({ authorization: 'Bearer wrong' }), 'API-02');
  assert.equal((await setUp(api, await tokenOf(api))).status, 201);
  assert.equal(await codeOf({}), 'API-02');
});

test('the set-up token makes its bearer the administrator and signs it in, once', async () => {
  await using api = await openApi();
  const token = await tokenOf(api);
  const wrong = await setUp(api, `${token.slice(0, -1)}!`);
  assert.deepEqual([wrong.status, wrong.body.code], [403, 'API-11']);
  const short = await setUp(api, token, { password: 'elevenchars' });
  assert.deepEqual([short.status, short.body.code], [400, 'API-01']);
  assert.doesNotMatch(JSON.stringify(short.body), /elevenchars/);

  const made = await setUp(api, token, { email: 'ops@example.com' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const [cookie = ''] = (made.headers.get('set-cookie') ?? '').split(';');
  assert.equal((await visit(api, { cookie }, 'GET', '/syncs')).status, 200);
  const again = await setUp(api, token);
  assert.deepEqual([again.status, again.body.code], [404, 'API-12']);
  assert.equal(await makeSetupToken(api.control.control), null);
  assert.equal((await signIn(api)).status, 201);
});

test('of two who set up at once with the same token one becomes the administrator, and the other is told', async () => {
  await using api = await openApi();
  const token = await tokenOf(api);
  const both = await Promise.all(
    ['first phrase of them', 'second phrase of them'].map((chosen) =>
      setUp(api, token, { password: chosen }),
    ),
  );
  const statuses = both.map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([201, 404]));
  const loser = both.find(({ status }) => status === 404);
  assert.equal(loser?.body.code, 'API-12');
  assert.match(String(loser?.body.detail), /somebody else was faster/);
  const chosen = statuses[0] === 201 ? 'first phrase of them' : 'second phrase of them';
  assert.equal((await signIn(api, chosen)).status, 201);
});

test('a set-up token of an earlier start, and one that is a day old, are refused', async () => {
  await using api = await openApi();
  const earlier = await tokenOf(api);
  const newest = await tokenOf(api);
  assert.equal((await setUp(api, earlier)).body.code, 'API-11');
  await age(api, sql`UPDATE lockstep.setup_token SET expires_at = clock_timestamp()`);
  assert.equal((await setUp(api, newest)).body.code, 'API-11');
  assert.equal((await setUp(api, await tokenOf(api))).status, 201);
});

test('a wrong password and a server without an administrator get the same answer after the same work', async () => {
  await using api = await openApi();
  const none = await signIn(api);
  await createAdministrator(api.control.control, password);
  const wrong = await signIn(api, 'another long phrase');
  for (const { status, body } of [none, wrong]) assert.deepEqual([status, body.code], [403, 'API-13']);
  const plain = ({ request_id: _, ...rest }: Record<string, unknown>) => rest;
  assert.deepEqual(plain(none.body), plain(wrong.body));
  const took = async (given: string) => {
    const began = performance.now();
    await signIn(api, given);
    return performance.now() - began;
  };
  assert.ok((await took('x')) > 20, 'a password is hashed even if it cannot be right');
});

test('the cookie of a session is for this machine over http, and for this host alone over https', async () => {
  await using control = await openTestControl();
  await createAdministrator(control.control, password);
  await using api = await openApiOn(control);
  const local = (await signIn(api)).headers.get('set-cookie') ?? '';
  assert.match(local, /^lockstep=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);

  await using behind = await openApiOn(control, [], { trustedProxies: ['127.0.0.1'] });
  const https = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.7' };
  const answer = await signIn(behind, password, https);
  const secure = answer.headers.get('set-cookie') ?? '';
  assert.match(
    secure,
    /^__Host-lockstep=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure$/,
  );
  assert.equal(answer.body.address, '198.51.100.7');
  const [cookie = ''] = secure.split(';');
  assert.equal((await visit(behind, { cookie, ...https }, 'GET', '/syncs')).status, 200);
  const overHttp = cookie.replace('__Host-', '');
  for (const wrong of [overHttp, `${cookie}; ${cookie}`, '__Host-lockstep=', `${cookie}x`])
    assert.equal((await visit(behind, { cookie: wrong, ...https }, 'GET', '/syncs')).status, 401, wrong);
});

test('over plain http nobody signs in from elsewhere, whatever an unknown terminator says', async () => {
  await using control = await openTestControl();
  await createAdministrator(control.control, password);
  await using api = await openApiOn(control);
  await using behind = await openApiOn(control, [], { trustedProxies: ['127.0.0.1'] });
  for (const [server, headers] of [
    [api, { host: 'lockstep.example.com', 'x-forwarded-proto': 'https' }],
    [behind, { 'x-forwarded-proto': 'http', 'x-forwarded-for': '198.51.100.7' }],
    [behind, { 'x-forwarded-proto': 'https, http', 'x-forwarded-for': '198.51.100.7' }],
    [behind, { 'x-forwarded-for': '198.51.100.7' }],
  ] as const) {
    const answer = await server.post('/api/v1/session', { password }, headers);
    assert.deepEqual([answer.status, answer.body.code], [403, 'API-16'], JSON.stringify(headers));
  }
});

test('a change with the cookie alone, or with what another session sends, is refused', async () => {
  await using api = await withAdministrator();
  const own = await browser(api);
  const other = await browser(api);
  const name = { name: 'made', scope: 'read' };
  const { cookie } = own;
  for (const headers of [
    { cookie },
    { cookie, 'x-lockstep-csrf': '' },
    { cookie, 'x-lockstep-csrf': other['x-lockstep-csrf'] },
  ]) {
    const refused = await visit(api, headers, 'POST', '/api-keys', name);
    assert.deepEqual([refused.status, refused.body.code], [403, 'API-15']);
  }
  const foreign = await visit(api, { ...own, origin: 'https://evil.example' }, 'POST', '/api-keys', name);
  assert.deepEqual([foreign.status, foreign.body.code], [421, 'API-03']);
  assert.equal((await visit(api, { cookie }, 'GET', '/session')).body.csrf_token, own['x-lockstep-csrf']);
  const page = { ...own, origin: api.url, 'sec-fetch-site': 'same-origin' };
  assert.equal((await visit(api, page, 'POST', '/api-keys', name)).status, 201);
});

test('a session ends 12 hours after its last request, and 7 days after its begin in any case', async () => {
  await using api = await withAdministrator();
  const isValid = async (one: Browser) => (await visit(api, one, 'GET', '/session')).status === 200;
  const idle = await browser(api);
  await age(
    api,
    sql`UPDATE lockstep.session SET last_seen_at = last_seen_at - interval '11 hours 59 minutes'`,
  );
  assert.ok(await isValid(idle), 'and now it was seen');
  await age(
    api,
    sql`UPDATE lockstep.session SET last_seen_at = last_seen_at - interval '11 hours 59 minutes'`,
  );
  assert.ok(await isValid(idle));
  await age(api, sql`UPDATE lockstep.session SET last_seen_at = last_seen_at - interval '12 hours'`);
  assert.ok(!(await isValid(idle)));

  const old = await browser(api);
  await age(api, sql`UPDATE lockstep.session SET created_at = created_at - interval '7 days'`);
  assert.ok(!(await isValid(old)));
  await browser(api);
  const rows = await age(
    api,
    sql`SELECT ending, hash IS NULL AS is_forgotten, ended_at <= clock_timestamp() AS is_past
          FROM lockstep.session ORDER BY ending`,
  );
  const expired = { ending: 'expired', is_forgotten: true, is_past: true };
  assert.deepEqual(rows, [expired, expired, { ending: null, is_forgotten: false, is_past: null }]);
});

test('a session that signs out, and one that another revokes, are over', async () => {
  await using api = await withAdministrator();
  const [one, other] = [await browser(api), await browser(api)];
  const list = async (from: Browser) =>
    (await visit(api, from, 'GET', '/sessions')).body.items as {
      id: string;
      is_own: boolean;
      user_agent: string;
    }[];
  const shown = await list(one);
  assert.deepEqual([shown.length, shown.filter(({ is_own }) => is_own).length], [2, 1]);
  assert.doesNotMatch(JSON.stringify(shown), new RegExp(other.cookie.split('=').at(1) ?? ''));
  const revoked = shown.find(({ is_own }) => !is_own);
  assert.equal((await visit(api, one, 'DELETE', `/sessions/${revoked?.id}`)).status, 204);
  assert.equal((await visit(api, one, 'DELETE', `/sessions/${revoked?.id}`)).status, 404);
  assert.equal((await visit(api, other, 'GET', '/session')).status, 401);

  const out = await visit(api, one, 'DELETE', '/session');
  assert.deepEqual([out.status, out.headers.get('set-cookie')?.split(';')[0]], [204, 'lockstep=']);
  assert.equal((await visit(api, one, 'GET', '/session')).status, 401);
});

interface Listed {
  id: string;
  ending: string | null;
  ended_at: string | null;
}
async function listed(api: ApiHarness, query = '?ended=true'): Promise<Listed[]> {
  const { status, body } = await api.ask('GET', `/api/v1/sessions${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.items as Listed[];
}

test('a session that has ended is shown for 30 days with why, and what opened it is kept nowhere', async () => {
  await using api = await withAdministrator();
  const [out, again, revoked, expired, other] = [
    await browser(api),
    await browser(api),
    await browser(api),
    await browser(api),
    await browser(api),
  ];
  const idOf = async (one: Browser) => String((await visit(api, one, 'GET', '/session')).body.id);
  const [outId, againId, revokedId, expiredId, otherId] = await Promise.all(
    [out, again, revoked, expired, other].map(idOf),
  );
  await visit(api, out, 'DELETE', '/session');
  const { body } = await signIn(api, password, { cookie: again.cookie });
  await api.ask('DELETE', `/api/v1/sessions/${revokedId}`);
  await age(
    api,
    sql`UPDATE lockstep.session SET last_seen_at = last_seen_at - interval '13 hours'
         WHERE session_id = ${expiredId}`,
  );
  const own = await browser(api);
  await visit(api, own, 'POST', '/password', { current: password, new: 'quite another phrase' });
  const all = await listed(api);
  const endings = new Map(all.map(({ id, ending }) => [id, ending]));
  assert.deepEqual(
    [outId, againId, revokedId, expiredId, otherId, String(body.id)].map((id) => endings.get(id ?? '')),
    ['signed out', 'signed in again', 'ended by a person', 'expired', 'password changed', 'password changed'],
  );
  assert.ok(all.every(({ ending, ended_at: at }) => (ending === null) === (at === null)));
  assert.deepEqual(
    (await listed(api, '')).map(({ id }) => id),
    [await idOf(own)],
  );
  for (const one of [out, again, revoked, expired, other])
    assert.equal((await visit(api, one, 'GET', '/session')).status, 401);
  assert.equal((await api.ask('DELETE', `/api/v1/sessions/${outId}`)).status, 404, 'it has ended already');
  assert.deepEqual(
    await age(api, sql`SELECT count(*) AS kept FROM lockstep.session WHERE hash IS NOT NULL`),
    [{ kept: 1 }],
  );

  await age(
    api,
    sql`UPDATE lockstep.session SET ended_at = ended_at - CASE session_id WHEN ${outId} THEN interval '29 days'
          ELSE interval '31 days' END WHERE ended_at IS NOT NULL`,
  );
  assert.deepEqual(new Set((await listed(api)).map(({ id }) => id)), new Set([outId, await idOf(own)]));
  assert.deepEqual(await age(api, sql`SELECT count(*) AS kept FROM lockstep.session`), [{ kept: 2 }]);
});

test('session list shows who is signed in, and session end ends one of them', async () => {
  await using api = await withAdministrator();
  await using cli = await openCli(api.environment);
  assert.match((await cli.run(['session', 'list'])).stderr, /Nobody is signed in/);
  const one = await browser(api);
  const { id, user_agent: agent } = (await visit(api, one, 'GET', '/session')).body;
  const { stdout } = await cli.run(['session', 'list']);
  assert.match(
    stdout,
    new RegExp(`^${String(id)} +\\d+ s ago +\\d+ s ago +127.0.0.1 +${String(agent)} +in 1[12] h$`, 'm'),
  );
  const ended = await cli.run(['session', 'end', String(id), '--json']);
  assert.deepEqual(JSON.parse(ended.stdout), { schema: 1, id, ended: true });
  assert.equal((await visit(api, one, 'GET', '/session')).status, 401);
  const again = await cli.run(['session', 'end', String(id)]);
  assert.equal(again.code, 4);
  assert.match(again.stderr, /no such session, or it has ended\n.*lockstep session list/);
  assert.deepEqual(JSON.parse((await cli.run(['session', 'list', '--json'])).stdout), {
    schema: 1,
    items: [],
  });
  assert.match((await cli.run(['session', 'list', '--all'])).stdout, /\d+ s ago, ended by a person$/m);
});

test('signing in again ends the session that the browser had', async () => {
  await using api = await withAdministrator();
  const before = await browser(api);
  assert.equal((await signIn(api, password, { cookie: before.cookie })).status, 201);
  assert.equal((await visit(api, before, 'GET', '/session')).status, 401);
});

test('a new password ends the other sessions, and the former one opens nothing any more', async () => {
  await using api = await withAdministrator();
  const [own, other] = [await browser(api), await browser(api)];
  const change = (current: string) =>
    visit(api, own, 'POST', '/password', { current, new: 'quite another phrase' });
  const wrong = await change('not the password');
  assert.deepEqual([wrong.status, wrong.body.code], [403, 'API-13']);
  assert.equal((await change(password)).status, 204);
  assert.equal((await visit(api, own, 'GET', '/session')).status, 200);
  assert.equal((await visit(api, other, 'GET', '/session')).status, 401);
  assert.equal((await signIn(api)).status, 403);
  assert.equal((await signIn(api, 'quite another phrase')).status, 201);
});

test('after five wrong passwords the next try is possible in 30 s, then in twice as long, up to 15 min', async () => {
  const clock = new ManualClock();
  await using control = await openTestControl(clock);
  await createAdministrator(control.control, password);
  await using api = await openApiOn(control, [], { trustedProxies: ['127.0.0.1'] });
  const from = (address: string, given = 'wrong') =>
    signIn(api, given, { 'x-forwarded-proto': 'https', 'x-forwarded-for': address });
  const stranger = '2001:db8:0:1::7';
  for (let turn = 0; turn < 5; turn++) assert.equal((await from(stranger)).status, 403);
  for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
    const refused = await from('2001:db8:0:1:9::', password);
    assert.deepEqual([refused.status, refused.body.code], [429, 'API-14'], 'the right one is not even tried');
    assert.match(String(refused.body.detail), new RegExp(`Next try in ${seconds} s`));
    assert.equal(refused.headers.get('retry-after'), String(seconds));
    clock.advance(seconds * 1_000);
    assert.equal((await from(stranger)).status, 403);
  }
  assert.equal((await from('198.51.100.7', password)).status, 201, 'others are not concerned');
});

test('many addresses together are slowed down like one, but not whoever is on the server itself', async () => {
  const clock = new ManualClock();
  await using control = await openTestControl(clock);
  await createAdministrator(control.control, password);
  await using api = await openApiOn(control, [], { trustedProxies: ['127.0.0.1'] });
  const from = (address: string) =>
    signIn(api, 'wrong', { 'x-forwarded-proto': 'https', 'x-forwarded-for': address });
  const tried = await Promise.all(Array.from({ length: 60 }, (_, place) => from(`198.51.100.${place}`)));
  assert.equal(tried.filter(({ status }) => status === 403).length, 50);
  assert.equal((await signIn(api)).status, 201);
});
