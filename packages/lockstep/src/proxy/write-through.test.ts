import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ManualClock } from '@lockstep/foundation/clock';
import {
  openProxyHarness,
  type ProxyHarness,
  requestText,
  syncId,
  through,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';
const id = '001D000000IqhSLIAZ';
const row = `${rows}/${id}`;
const patch = (harness: ProxyHarness, path = row) =>
  through(harness, 'PATCH', path, { body: '{"Name":"New"}' });
const applied = { pending: [], applyMs: 0 };
const created = JSON.stringify({ id, success: true, errors: [] });

test('an update is recorded, sent, read back and recorded again before its answer returns', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => {
    harness.calls.push('sent');
    response.writeHead(204).end();
  };
  const answer = await patch(harness);
  assert.equal(answer.status, 204);
  assert.equal(answer.header('Lockstep-Applied'), 'yes');
  assert.deepEqual(harness.calls, [
    `intent PATCH account ${id}`,
    'sent',
    `readBack account/${id}`,
    'outcome 7 applied',
  ]);
});

test('the answer to a create is held until its record is stored, and is then passed on unchanged', async () => {
  await using harness = await openProxyHarness();
  const zipped = gzipSync(created);
  harness.org.answer = (_, response) => response.writeHead(201, { 'Content-Encoding': 'gzip' }).end(zipped);
  const stored = Promise.withResolvers<typeof applied>();
  const asked = Promise.withResolvers<void>();
  harness.sync.readBack = () => {
    asked.resolve();
    return stored.promise;
  };
  let isAnswered = false;
  const answering = through(harness, 'POST', rows, { body: '{}' }).finally(() => (isAnswered = true));
  await asked.promise;
  assert.equal(isAnswered, false);
  stored.resolve(applied);
  const answer = await answering;
  assert.equal(answer.header('Lockstep-Applied'), 'yes');
  assert.deepEqual(answer.body, zipped);
});

test('a delete is read back as deleted, and an upsert answered without a body by its external id', async () => {
  await using harness = await openProxyHarness();
  await through(harness, 'DELETE', row);
  await patch(harness, '/services/data/v64.0/sobjects/Contact/Key__c/a%20b');
  const reads = harness.calls.filter((call) => call.startsWith('readBack'));
  assert.deepEqual(reads, [`readBack account/${id} deleted`, 'readBack contact/Key__c=a b']);
});

test('the read-back knows the time of the write and has three seconds', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const seen: unknown[] = [];
  harness.org.answer = (_, response) => {
    clock.advance(1_500);
    response.writeHead(204, { Date: 'Tue, 24 Nov 2026 08:00:10 GMT' }).end();
  };
  harness.sync.readBack = async (_, options) => {
    seen.push(options);
    return applied;
  };
  await patch(harness);
  const notBefore = Date.UTC(2026, 10, 24, 8, 0, 10) / 1000 - 2 - 2;
  assert.deepEqual(seen, [{ notBefore, deadlineAt: clock.now() + 3_000 }]);
});

test('a write that cannot be read back in time is answered as pending and read again with priority', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const unanswered = Promise.withResolvers<typeof applied>();
  harness.sync.readBack = () => {
    setImmediate(() => clock.advance(3_250));
    return unanswered.promise;
  };
  const answer = await patch(harness);
  assert.equal(answer.status, 204);
  assert.equal(answer.header('Lockstep-Applied'), 'pending');
  assert.deepEqual(harness.calls.slice(1), [`dirty account ${id}`, 'outcome 7 pending']);
});

test('a failure after the answer of Salesforce makes the write pending, never an error', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(201).end(created);
  harness.sync.readBack = async () => Promise.reject(new Error('the database is away'));
  harness.sync.markDirty = async () => Promise.reject(new Error('the database is away'));
  const answer = await through(harness, 'POST', rows, { body: '{}' });
  assert.equal(answer.status, 201);
  assert.equal(answer.header('Lockstep-Applied'), 'pending');
  assert.equal(answer.body.toString(), created);
});

test('a created record that cannot be read back is marked by the Id of its answer', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(201).end(created);
  harness.sync.readBack = async (pending) => ({ pending, applyMs: 0 });
  await through(harness, 'POST', rows, { body: '{}' });
  assert.deepEqual(harness.calls.slice(1), [`dirty account ${id}`, 'outcome 7 pending']);
});

test('a write is not sent while the database is away', async () => {
  await using harness = await openProxyHarness();
  harness.sync.recordIntent = async () => Promise.reject(new Error('the database is away'));
  const answer = await patch(harness);
  assert.equal(answer.status, 503);
  assert.equal(answer.header('Lockstep-Error'), 'PRX-12');
  assert.equal(harness.org.seen.length, 0);
});

test('if the sync forwards writes without the database, a write is sent, is pending at once, and is read later', async () => {
  await using harness = await openProxyHarness();
  harness.sync.withoutDatabase = 'forward';
  harness.sync.recordIntent = async () => Promise.reject(new Error('the database is away'));
  harness.sync.markDirty = (sobject, ids) => {
    harness.calls.push(`dirty ${sobject} ${ids.join(' ')}`);
    return new Promise(() => undefined);
  };
  const answer = await patch(harness);
  assert.equal(answer.status, 204);
  assert.equal(answer.header('Lockstep-Applied'), 'pending');
  assert.deepEqual(harness.calls, [`dirty account ${id}`]);
});

test('a database that does not answer counts as away after five seconds', async () => {
  const clock = new ManualClock();
  await using harness = await openProxyHarness({ clock });
  const recording = Promise.withResolvers<readonly number[]>();
  const ended = Promise.withResolvers<string>();
  harness.sync.recordIntent = () => {
    setImmediate(() => clock.advance(5_000));
    return recording.promise;
  };
  harness.sync.recordOutcome = async (intents, outcome) => ended.resolve(`${intents.join()} ${outcome}`);
  const answer = await patch(harness);
  assert.equal(answer.status, 503);
  assert.equal(harness.org.seen.length, 0);
  recording.resolve([8]);
  assert.equal(await ended.promise, '8 refused');
});

test('a refused write changes nothing, and the refusal is passed on', async () => {
  await using harness = await openProxyHarness();
  const body = '[{"message":"m","errorCode":"STRING_TOO_LONG","fields":["Name"]}]';
  harness.org.answer = (_, response) => response.writeHead(400).end(body);
  const answer = await patch(harness);
  assert.equal(answer.status, 400);
  assert.equal(answer.header('Lockstep-Applied'), 'no');
  assert.equal(answer.body.toString(), body);
  assert.deepEqual(harness.calls, [`intent PATCH account ${id}`, 'outcome 7 refused']);
});

test('a record that Salesforce does not find is read again', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(404).end('[]');
  assert.equal((await through(harness, 'DELETE', row)).header('Lockstep-Applied'), 'no');
  assert.deepEqual(harness.calls.slice(1), [`dirty account ${id}`, 'outcome 7 refused']);
});

test('an answer that names no record passes through, and its table is polled', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(201).end('{');
  assert.equal((await through(harness, 'POST', rows, { body: '{}' })).header('Lockstep-Applied'), 'poll');
  assert.deepEqual(harness.calls.slice(1), ['poll since account', 'outcome 7 pending']);
});

test('an answer too long to buffer passes through whole, and its table is polled', async () => {
  await using harness = await openProxyHarness();
  const body = Buffer.alloc(9 * 1024 * 1024, 'x');
  harness.org.answer = (_, response) => response.writeHead(201).end(body);
  const answer = await through(harness, 'POST', rows, { body: '{}' });
  assert.equal(answer.header('Lockstep-Applied'), 'poll');
  assert(answer.body.equals(body));
  assert.deepEqual(harness.calls.slice(1), ['poll since account', 'outcome 7 pending']);
});

test('a server error may follow a commit, so the records of its write are read again', async () => {
  await using harness = await openProxyHarness();
  for (const status of [500, 502, 503, 504]) {
    harness.calls.length = 0;
    harness.org.answer = (_, response) =>
      response.writeHead(status).end('[{"errorCode":"UNKNOWN_EXCEPTION"}]');
    const answers = [
      await patch(harness),
      await through(harness, 'POST', rows, { body: '{}' }),
      await through(harness, 'POST', `/services/data/v64.0/composite/sobjects`, {
        body: '{"records":[{"attributes":{"type":"Account"},"Name":"a"}]}',
      }),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, status);
      assert.equal(answer.header('Lockstep-Applied'), 'poll');
      assert.equal(answer.header('Lockstep-Outcome'), 'unknown');
    }
    assert.deepEqual(harness.calls, [
      `intent PATCH account ${id}`, `dirty account ${id}`, 'poll since account', 'outcome 7 pending',
      'intent POST account null', 'poll since account', 'outcome 7 pending',
      'intent POST account null', 'poll since account', 'outcome 7 pending',
    ]); // biome-ignore format: three writes
  }
});

test('an answer that is lost makes the outcome unknown, and nothing is sent twice', async () => {
  await using harness = await openProxyHarness();
  const losses: ((response: ServerResponse) => unknown)[] = [
    (response) => response.destroy(),
    (response) => response.writeHead(201, { 'Content-Length': 100 }).write('{"id"', () => response.destroy()),
  ];
  for (const lose of losses) {
    harness.calls.length = 0;
    harness.org.seen.length = 0;
    harness.org.answer = (_, response) => lose(response);
    const updated = await patch(harness);
    assert.equal(updated.status, 504);
    assert.equal(updated.header('Lockstep-Error'), 'PRX-04');
    assert.equal(updated.header('Lockstep-Outcome'), 'unknown');
    const inserted = await through(harness, 'POST', rows, { body: '{}' });
    assert.equal(inserted.header('Lockstep-Outcome'), 'unknown');
    assert.deepEqual(harness.calls, [
      `intent PATCH account ${id}`, `dirty account ${id}`, 'outcome 7 unknown',
      'intent POST account null', 'poll since account', 'outcome 7 unknown',
    ]); // biome-ignore format: two writes
    assert.equal(harness.org.seen.length, 2);
  }
});

test('an answer that does not come in time makes the outcome unknown', async () => {
  await using harness = await openProxyHarness({ answerTimeoutMs: 50 });
  harness.org.answer = () => undefined;
  assert.equal((await patch(harness)).header('Lockstep-Outcome'), 'unknown');
  assert.equal(harness.org.seen.length, 1);
});

test('a write that never reached Salesforce is answered as not sent', async () => {
  await using harness = await openProxyHarness();
  await patch(harness);
  harness.calls.length = 0;
  await harness.org.stop();
  const answer = await patch(harness);
  assert.equal(answer.status, 502);
  assert.equal(answer.header('Lockstep-Outcome'), undefined);
  assert.match(answer.body.toString(), /"errorCode":"LOCKSTEP_NET_01"/);
  assert.deepEqual(harness.calls, [`intent PATCH account ${id}`, 'outcome 7 refused']);
});

test('a read whose answer is lost is an error without an outcome', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.destroy();
  const answer = await through(harness, 'GET', row);
  assert.equal(answer.status, 502);
  assert.equal(answer.header('Lockstep-Outcome'), undefined);
  assert.equal(harness.org.seen.length, 1);
});

test('a write whose caller leaves is finished and applied', async () => {
  await using harness = await openProxyHarness();
  const reached = Promise.withResolvers<ServerResponse>();
  harness.org.answer = (_, response) => reached.resolve(response);
  const recorded = Promise.withResolvers<string>();
  harness.sync.recordOutcome = async (_, outcome) => recorded.resolve(outcome);
  const socket = connect(harness.proxy.port, '127.0.0.1');
  socket.write(requestText('POST', `/${syncId}${rows}`, { body: '{}' }));
  const response = await reached.promise;
  const left = new Promise((resolve) => socket.once('close', resolve));
  socket.destroy();
  await left;
  response.writeHead(201).end(created);
  assert.equal(await recorded.promise, 'applied');
  assert.deepEqual(harness.calls, ['intent POST account null', `readBack account/${id}`]);
});

test('a write whose caller leaves during its upload has an unknown outcome', async () => {
  await using harness = await openProxyHarness();
  const recorded = Promise.withResolvers<string>();
  harness.sync.recordOutcome = async (_, outcome) => recorded.resolve(outcome);
  const socket = connect(harness.proxy.port, '127.0.0.1');
  const whole = requestText('PATCH', `/${syncId}${row}`, { body: '{"Name":"New"}' });
  socket.write(whole.slice(0, -5));
  while (harness.org.arrived === 0) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  assert.equal(await recorded.promise, 'unknown');
  assert.deepEqual(harness.calls, [`intent PATCH account ${id}`, `dirty account ${id}`]);
  assert.equal(harness.org.seen.length, 0);
});

test('writes that are not of one record pass through, and all tables are polled', async () => {
  await using harness = await openProxyHarness();
  for (const path of [
    '/services/data/v64.0/actions/standard/x',
    '/services/apexrest/x',
    '/services/Soap/u/64.0',
  ]) {
    harness.calls.length = 0;
    assert.equal((await through(harness, 'POST', path, { body: '{}' })).header('Lockstep-Applied'), 'poll');
    assert.deepEqual(harness.calls, ['poll all']);
  }
  harness.calls.length = 0;
  harness.org.answer = (_, response) => response.writeHead(400).end('[]');
  const refused = await through(harness, 'POST', '/services/data/v64.0/graphql', { body: '{}' });
  assert.equal(refused.header('Lockstep-Applied'), 'no');
  assert.deepEqual(harness.calls, []);
});

test('if the answer to an unidentified write is lost, its outcome is unknown and all tables are polled', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.destroy();
  const answer = await through(harness, 'POST', '/services/data/v64.0/graphql', { body: '{}' });
  assert.equal(answer.header('Lockstep-Outcome'), 'unknown');
  assert.deepEqual(harness.calls, ['poll all']);
});

test('reads, and writes to an object that is not mirrored, are not recorded', async () => {
  await using harness = await openProxyHarness();
  harness.sync.recordIntent = async () => Promise.reject(new Error('the database is away'));
  const write = await patch(harness, `/services/data/v64.0/sobjects/Task/${id}`);
  assert.equal(write.header('Lockstep-Applied'), 'no');
  const read = await through(harness, 'GET', row);
  assert.equal(read.header('Lockstep-Applied'), undefined);
  assert.deepEqual(harness.calls, []);
  assert.equal(harness.org.seen.length, 2);
});

test('closing the proxy waits for the writes under way', async () => {
  await using harness = await openProxyHarness();
  const reached = Promise.withResolvers<ServerResponse>();
  harness.org.answer = (_, response) => reached.resolve(response);
  const answering = patch(harness);
  const response = await reached.promise;
  const closing = harness.proxy.close();
  response.writeHead(204).end();
  assert.equal((await answering).header('Lockstep-Applied'), 'yes');
  await closing;
  await assert.rejects(patch(harness), /no answer came/);
});
