import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 400 });
after(() => org[Symbol.asyncDispose]());
// Sign in before any fault: otherwise the first request would.
await org.token('demo');
afterEach(() => org.control('/faults/delete', {}));

const data = '/services/data/v62.0';
const manyRows = `${data}/query?q=${encodeURIComponent('SELECT Id, Name FROM Account')}`;

async function arm(effect: object, more: object = {}): Promise<string> {
  return (await org.control<{ id: string }>('/faults', { effect, ...more })).id;
}

const firings = async (): Promise<number[]> =>
  (await org.control<{ faults: { fired: number }[] }>('/faults')).faults.map(({ fired }) => fired);

/** Waits until the only fault has fired. */
async function hasFired(): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) if ((await firings())[0] === 1) return;
  throw new Error('the request did not arrive');
}

/** What the connection sends until it ends, and how it ends. */
async function raw(
  path: string,
  headers: string[] = [],
): Promise<{ head: string; body: Buffer; end: string }> {
  const { hostname, port } = new URL(org.url);
  const socket = connect(Number(port), hostname);
  const token = await org.token('demo');
  const lines = [`GET ${path} HTTP/1.1`, 'Host: org', `Authorization: Bearer ${token}`, 'Connection: close'];
  socket.write(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const end = await once(socket, 'end').then(
    () => 'end',
    (error: { code: string }) => error.code,
  );
  socket.destroy();
  const all = Buffer.concat(chunks);
  const at = all.indexOf('\r\n\r\n');
  return { head: all.subarray(0, at).toString(), body: all.subarray(at + 4), end };
}

/** The bytes of a body, still compressed. */
async function compressed(path: string): Promise<Buffer> {
  const headers = { Authorization: `Bearer ${await org.token('demo')}`, 'Accept-Encoding': 'gzip' };
  const [answer] = (await once(get(`${org.url}${path}`, { headers }), 'response')) as [IncomingMessage];
  return buffer(answer);
}

const lengthIn = (head: string) => Number(/^content-length: (\d+)$/im.exec(head)?.[1]);

async function create(): Promise<string> {
  const created = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'Before' } });
  return (created.json as { id: string }).id;
}
const nameOf = async (id: string) =>
  ((await org.request('GET', `${data}/sobjects/Account/${id}`)).json as { Name: string }).Name;
const patch = (id: string, name: string) =>
  org.request('PATCH', `${data}/sobjects/Account/${id}`, { body: { Name: name } });

test('a connection reset before the work leaves nothing done; one reset after it only loses the answer', async () => {
  const account = await create();
  await arm({ reset: 'before' });
  await assert.rejects(patch(account, 'Never'));
  assert.equal(await nameOf(account), 'Before');
  await arm({ reset: 'after' }, { match: { method: 'PATCH' } });
  await assert.rejects(patch(account, 'Lost answer'));
  assert.equal(await nameOf(account), 'Lost answer');
});

test('a request hangs before or after the work, until it is released', async () => {
  const account = await create();
  for (const [hang, seen] of [
    ['before', 'Before'],
    ['after', 'after'],
  ] as const) {
    const id = await arm({ hang }, { match: { method: 'PATCH' } });
    const written = patch(account, hang);
    await hasFired();
    if (hang === 'after') while ((await nameOf(account)) !== seen);
    assert.equal(await nameOf(account), seen);
    await org.control('/faults/release', { id });
    assert.equal((await written).status, 204);
    assert.equal(await nameOf(account), hang);
    await org.control('/faults/delete', { id });
  }
});

test('deleting a fault releases hanging requests, inside an all-or-none composite too', async () => {
  await arm({ hang: 'before' }, { match: { inside: 'only' } });
  const written = org.request('POST', `${data}/composite`, {
    body: {
      allOrNone: true,
      compositeRequest: [
        { method: 'POST', url: `${data}/sobjects/Account`, referenceId: 'a', body: { Name: 'Held' } },
      ],
    },
  });
  await hasFired();
  await org.control('/faults/delete', {});
  assert.match((await written).text, /"httpStatusCode":201/);
});

test('an answer is delayed before and after the work', async () => {
  await arm({ delayMs: 60, delayAnswerMs: 60 });
  const began = performance.now();
  assert.equal((await org.request('GET', manyRows)).status, 200);
  assert.ok(performance.now() - began >= 115);
});

test('headers are changed, left out, or garbage; the limit shrinks with each answer', async () => {
  const limits = `${data}/limits`;
  const limitInfo = async () => (await org.request('GET', limits)).headers.get('sforce-limit-info');
  await arm({
    headers: { Date: 'Tue, 01 Jan 2030 00:00:00 GMT', 'Content-Type': 'text/plain', 'X-New': '1' },
  });
  const { headers } = await org.request('GET', limits);
  assert.equal(headers.get('date'), 'Tue, 01 Jan 2030 00:00:00 GMT');
  assert.deepEqual([headers.get('content-type'), headers.get('x-new')], ['text/plain', '1']);
  await arm({ headers: { date: null } });
  assert.equal((await org.request('GET', limits)).headers.get('date'), null);
  await arm({ limitInfo: 'absent' });
  assert.equal(await limitInfo(), null);
  await arm({ limitInfo: 'garbage' });
  assert.doesNotMatch((await limitInfo()) ?? '', /\d/);
  await arm({ limitInfo: 'shrinking' }, { times: 2 });
  const maxima = [await limitInfo(), await limitInfo()].map((text) => Number(text?.split('/')[1]));
  assert.deepEqual(maxima, [50_000, 33_333]);
});

test('the Date of some answers is hours off while the org’s own time is unaffected', async () => {
  const offset = async () => {
    const { headers } = await org.request('POST', `${data}/composite`, { body: { compositeRequest: [] } });
    const { now } = await org.control<{ now: string }>('/clock');
    return Math.round((Date.parse(headers.get('date') ?? '') - Date.parse(now)) / 3_600_000) || 0;
  };
  await arm({ dateOffsetMs: -2 * 3_600_000 }, { match: { path: '*/composite' }, times: 2 });
  assert.deepEqual([await offset(), await offset(), await offset()], [-2, -2, 0]);
});

test('an empty body has the status and headers of the real one', async () => {
  await arm({ emptyBody: true });
  const answer = await org.request('GET', manyRows);
  assert.deepEqual([answer.status, answer.text], [200, '']);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
});

test('a body is cut after some bytes: by a reset, by a close before its full length, or as a complete answer', async () => {
  const whole = await raw(manyRows);
  assert.equal(lengthIn(whole.head), whole.body.length);
  for (const end of ['reset', 'close', 'complete'] as const) {
    await arm({ truncate: { bytes: 100, end } });
    const cut = await raw(manyRows);
    if (end === 'reset') {
      assert.equal(cut.end, 'ECONNRESET');
      continue; // bytes in transit may be lost with the connection
    }
    assert.equal(cut.end, 'end');
    assert.equal(lengthIn(cut.head), end === 'close' ? whole.body.length : 100);
    assert.deepEqual(cut.body, whole.body.subarray(0, 100));
  }
});

test('a compressed body is cut in its compressed bytes', async () => {
  const gzip = ['Accept-Encoding: gzip'];
  const whole = await raw(manyRows, gzip);
  assert.match(gunzipSync(whole.body).toString(), /^\{"totalSize"/);
  await arm({ truncate: { bytes: 40, end: 'close' } });
  const cut = await raw(manyRows, gzip);
  assert.deepEqual(cut.body, whole.body.subarray(0, 40));
});

test('a wrong Content-Length is sent as given', async () => {
  await arm({ headers: { 'Content-Length': '1000000' }, truncate: { bytes: 50, end: 'close' } });
  const cut = await raw(manyRows);
  assert.deepEqual([lengthIn(cut.head), cut.body.length], [1_000_000, 50]);
});

test('a body that is sent slowly arrives complete', async () => {
  const whole = (await org.request('GET', manyRows)).text;
  await arm({ bytesPerSecond: whole.length * 10 });
  const began = performance.now();
  assert.equal(
    (await org.request('GET', manyRows, { headers: { 'Accept-Encoding': 'identity' } })).text,
    whole,
  );
  assert.ok(performance.now() - began >= 90);
});

test('the streamed results of a bulk job can be cut and trickle as well', async () => {
  const job = await org.request('POST', `${data}/jobs/query`, {
    body: { operation: 'query', query: 'SELECT Id, Name FROM Account ORDER BY Id' },
  });
  const path = `${data}/jobs/query/${(job.json as { id: string }).id}`;
  const state = async () => ((await org.request('GET', path)).json as { state: string }).state;
  for (let tries = 0; (await state()) !== 'JobComplete'; tries++) assert.ok(tries < 10_000);
  const headers = { Accept: 'text/csv', 'Accept-Encoding': 'identity' };
  const results = () => org.request('GET', `${path}/results`, { headers });
  const whole = (await results()).text;
  assert.ok(whole.length > 200);

  const all = await compressed(`${path}/results`);
  await arm({ truncate: { bytes: 100, end: 'complete' } }, { times: 2 });
  assert.equal((await results()).text, whole.slice(0, 100));
  assert.deepEqual(await compressed(`${path}/results`), all.subarray(0, 100));
  await arm({ truncate: { bytes: 20, end: 'close' } });
  await assert.rejects(results());
  await arm({ bytesPerSecond: whole.length * 20 });
  assert.equal((await results()).text, whole);
});

test('an org that stops releases requests that hang or trickle', async () => {
  await arm({ hang: 'before' }, { match: { path: '*/limits' } });
  await arm({ bytesPerSecond: 1 }, { match: { path: '*/query' } });
  const hangs = org.request('GET', `${data}/limits`);
  const trickles = org.request('GET', manyRows);
  while ((await firings()).some((fired) => fired === 0));
  await org.restart();
  assert.equal((await hangs).status, 200);
  assert.match((await trickles).text, /\}$/);
  assert.deepEqual(await org.control('/faults'), { faults: [] });
});
