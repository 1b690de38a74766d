import assert from 'node:assert/strict';
import { statfs } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { localKey, openApi, withSyncs } from '@lockstep/harness/api-harness';
import { changeSettings, countRequest, listSyncs, recordOrgUsage } from '../control/index.ts';

/** `fetch` sets Host and Origin by itself. */
const raw = (port: number, path: string, headers: Record<string, string>) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once('error', reject).end();
  });

test('a request without a key, or with a wrong one, is refused with what to send', async () => {
  await using api = await openApi();
  for (const authorization of ['', 'Bearer wrong', `Basic ${localKey}`, `Bearer ${localKey}x`]) {
    const { status, headers, body } = await api.ask('GET', '/api/v1/syncs', undefined, { authorization });
    assert.equal(status, 401, authorization);
    assert.equal(headers.get('www-authenticate'), 'Bearer');
    assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(body.code, 'API-02');
    assert.match(String(body.next), /Authorization: Bearer KEY/);
    assert.equal(body.request_id, headers.get('x-request-id'));
  }
});

test('a name that is not this server’s own, and a web page of another origin, get no answer even with the key', async () => {
  await using api = await openApi();
  const authorization = `Bearer ${localKey}`;
  const own = `127.0.0.1:${api.port}`;
  const list = '/api/v1/syncs';
  for (const headers of [
    { host: 'evil.example' },
    { host: `evil.example:${api.port}` },
    { host: own, origin: 'https://evil.example' },
    { host: own, origin: 'null' },
    { host: own, 'sec-fetch-site': 'cross-site' },
    { host: own, 'sec-fetch-site': 'same-site' },
  ])
    assert.equal(
      (await raw(api.port, list, { authorization, ...headers })).status,
      421,
      JSON.stringify(headers),
    );
  for (const headers of [
    { host: `localhost:${api.port}` },
    { host: 'LOCKSTEP.example.com' },
    { host: own, origin: `http://${own}`, 'sec-fetch-site': 'same-origin' },
  ])
    assert.equal(
      (await raw(api.port, list, { authorization, ...headers })).status,
      200,
      JSON.stringify(headers),
    );
});

test('syncs are listed by name, page by page, and one is found by its name or its id', async () => {
  await using api = await withSyncs(['delta', 'alpha', 'Beta', 'echo']);
  const names: unknown[] = [];
  let next: string | null = '';
  while (next !== null) {
    const page = (await api.ask('GET', `/api/v1/syncs?limit=3${next && `&after=${next}`}`)).body;
    names.push(...(page.items as { name: string }[]).map(({ name }) => name));
    next = page.next as string | null;
  }
  assert.deepEqual(names, ['Beta', 'alpha', 'delta', 'echo']);

  const { body, headers } = await api.ask('GET', '/api/v1/syncs/alpha');
  assert.match(headers.get('etag') ?? '', /^"[\w-]{22}"$/);
  assert.equal(body.base_url, `http://127.0.0.1:8401/${String(body.id)}`);
  assert.equal(body.state, 'not_running');
  assert.deepEqual((await api.ask('GET', `/api/v1/syncs/${String(body.id)}`)).body, body);

  const missing = await api.ask('GET', '/api/v1/syncs/gamma');
  assert.equal(missing.status, 404);
  assert.equal(missing.body.detail, 'There is no sync "gamma"');
});

test('settings that are given are changed, and the others stay', async () => {
  await using api = await withSyncs(['acme']);
  const before = (await api.ask('GET', '/api/v1/syncs/acme')).body;
  const { status, body } = await api.ask('PATCH', '/api/v1/syncs/acme', { interval_ms: 1500, paused: true });
  assert.equal(status, 200);
  assert.deepEqual([body.interval_ms, body.paused, body.state], [1500, true, 'paused']);
  assert.deepEqual(
    [body.stop_at_percent, body.on_database_down, body.foreign_keys],
    [before.stop_at_percent, before.on_database_down, before.foreign_keys],
  );
});

test('of two people who change the settings that both have read, the second is told', async () => {
  await using api = await withSyncs(['acme']);
  const tag = (await api.ask('GET', '/api/v1/syncs/acme')).headers.get('etag') ?? '';
  const change = (interval_ms: number) =>
    api.ask('PATCH', '/api/v1/syncs/acme', { interval_ms }, { 'if-match': tag });
  const both = await Promise.all([change(1000), change(2000)]);
  assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([200, 412]));
  const [kept] = both.filter(({ status }) => status === 200);
  const refused = both.find(({ status }) => status === 412);
  assert.equal(refused?.body.code, 'API-04');
  const now = await api.ask('GET', '/api/v1/syncs/acme');
  assert.equal(now.body.interval_ms, kept?.body.interval_ms);
  assert.equal(now.headers.get('etag'), kept?.headers.get('etag'));
  assert.notEqual(now.headers.get('etag'), tag);
  // What the worker changes about a sync is no setting.
  await changeSettings(api.control.control, String(now.body.id) as never, {});
  assert.equal((await api.ask('GET', '/api/v1/syncs/acme')).headers.get('etag'), now.headers.get('etag'));
});

test('a dry run says what a change would be refused for, and changes nothing', async () => {
  await using api = await withSyncs(['acme']);
  const before = (await api.ask('GET', '/api/v1/syncs/acme')).body;
  const fine = await api.ask('PATCH', '/api/v1/syncs/acme?dry_run=true', { interval_ms: 900 });
  assert.deepEqual([fine.status, fine.body], [200, { ...before, interval_ms: 900 }]);
  const wrong = await api.ask('PATCH', '/api/v1/syncs/acme?dry_run=true', { interval_ms: 100 });
  assert.equal(wrong.status, 400);
  assert.deepEqual((await api.ask('GET', '/api/v1/syncs/acme')).body, before);
});

test('the usage of a sync says what its requests were for, and how near the org is to its line', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const before = await api.ask('GET', '/api/v1/syncs/acme/usage');
  assert.deepEqual([before.status, before.body.org, before.body.requests], [200, null, []]);
  const [sync] = await listSyncs(control);
  assert.ok(sync);
  countRequest(control, sync.id, 'poll');
  recordOrgUsage(control, sync.id, { used: 1_500, max: 15_000 });
  const { requests, org } = (await api.ask('GET', '/api/v1/syncs/acme/usage')).body as {
    requests: unknown;
    org: { percent: number };
  };
  assert.deepEqual(requests, [{ purpose: 'poll', last_hour: 1, last_day: 1 }]);
  assert.equal(org.percent, 10);
});

test('a sync is deleted after a dry run has said what is erased and what stays', async () => {
  await using api = await withSyncs(['acme', 'other']);
  const said = await api.ask('DELETE', '/api/v1/syncs/acme?dry_run=true');
  assert.equal(said.status, 200);
  assert.match(JSON.stringify(said.body.erases), /the database lockstep_s/);
  assert.match(JSON.stringify(said.body.keeps), /nothing in Salesforce/);
  assert.equal((await api.ask('GET', '/api/v1/syncs/acme')).status, 200);

  const deleted = await api.ask('DELETE', '/api/v1/syncs/acme');
  assert.deepEqual([deleted.status, deleted.body], [200, said.body]);
  assert.equal((await api.ask('GET', '/api/v1/syncs/acme')).status, 404);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/acme')).status, 404);
  assert.equal((await api.ask('GET', '/api/v1/syncs/other')).status, 200);
});

test('the free disk space is that of the database server that comes with Lockstep, of no other', async () => {
  await using other = await openApi();
  assert.equal((await other.ask('GET', '/api/v1/system')).body.free_disk_bytes, null);
  await using own = await openApi([], { databaseFolder: import.meta.dirname });
  const { free_disk_bytes: free } = (await own.ask('GET', '/api/v1/system')).body;
  const { bavail, bsize } = await statfs(import.meta.dirname);
  assert.ok(Math.abs(Number(free) - bavail * bsize) < 1e9, String(free));
});

test('what is wrong with a request is named field by field', async () => {
  await using api = await withSyncs(['acme']);
  for (const [body, fields] of [
    [{ interval_ms: 199 }, ['interval_ms']],
    [{ interval_ms: '3s', stop_at_percent: 101 }, ['interval_ms', 'stop_at_percent']],
    [{ on_database_down: 'wait' }, ['on_database_down']],
    [{ every: 3 }, ['']],
    ['{"paused": tru', ['body']],
    [[], ['']],
  ] as const) {
    const answer = await api.ask('PATCH', '/api/v1/syncs/acme', body);
    const { code, errors } = answer.body as { code: string; errors: { field: string; reason: string }[] };
    assert.deepEqual([answer.status, code], [400, 'API-01'], JSON.stringify(body));
    assert.deepEqual(
      errors.map(({ field }) => field),
      fields,
      JSON.stringify(errors),
    );
    for (const { reason } of errors) assert.notEqual(reason, '');
  }
  const tooLong = await api.ask('PATCH', '/api/v1/syncs/acme', `{"paused":${' '.repeat(1_100_000)}true}`);
  assert.equal(tooLong.status, 413);
  const page = await api.ask('GET', '/api/v1/syncs?limit=0');
  assert.deepEqual([page.status, page.body.code], [400, 'API-01']);
});

test('a path that is not there is a problem like any other, and a code of a problem can be looked up by everybody', async () => {
  await using api = await openApi();
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['GET', '/api/v1/sync'],
    ['DELETE', '/api/v1/syncs'],
    ['GET', '/api/v1/errors/XYZ-99'],
    ['GET', `/api/v1/syncs/${'x'.repeat(2_000)}`],
    ['GET', '/api/v1/syncs/%E0%A4%A'],
  ] as const) {
    const { status, body } = await api.ask(method, path);
    assert.deepEqual([status, body.code], [404, 'API-05'], path);
  }
  const { status, body } = await api.ask('GET', '/api/v1/errors/DB-20', undefined, { authorization: '' });
  assert.equal(status, 200);
  assert.equal(body.title, 'A connection pooler is in the way');
  const all = await api.ask('GET', '/api/v1/errors', undefined, { authorization: '' });
  assert.deepEqual(
    (all.body.items as { code: string }[]).find(({ code }) => code === 'DB-20'),
    body,
  );
});

test('a request whose address is too long, or that is no HTTP, is refused as a problem too', async () => {
  await using api = await withSyncs([]);
  const long = await api.ask('GET', `/api/v1/syncs?after=${'x'.repeat(20_000)}`);
  assert.deepEqual([long.status, long.body.code, long.body.status], [431, 'API-01', 431]);
  const socket = connect(api.port, '127.0.0.1');
  socket.end('what is this\r\n\r\n');
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n.*"code":"API-01"/s);
});
