import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { openProxyHarness, requestText, syncId, through } from '@lockstep/harness/proxy-harness';

const id = '001D000000IqhSLIAZ';
const composite = '/services/data/v64.0/composite';
const compositeOf = (...sobjects: string[]) =>
  JSON.stringify({
    compositeRequest: sobjects.map((sobject, place) => ({
      referenceId: `r${place}`,
      method: 'POST',
      url: `/services/data/v64.0/sobjects/${sobject}`,
      body: {},
    })),
  });
const compositeAnswer = JSON.stringify({
  compositeResponse: [
    { referenceId: 'r0', httpStatusCode: 201, body: { id } },
    { referenceId: 'r1', httpStatusCode: 201, body: { id: '00TD000000QYV5QIAX' } },
  ],
});

test('a composite request is recorded by the objects it names, and its mirrored records are read back', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(200).end(compositeAnswer);
  const body = compositeOf('Account', 'Task');
  const answer = await through(harness, 'POST', composite, { body });
  assert.equal(answer.header('Lockstep-Applied'), 'yes');
  assert.equal(harness.org.seen[0]?.body.toString(), body);
  assert.deepEqual(harness.calls, [
    'intent POST account null',
    `readBack account/${id}`,
    'outcome 7 applied',
  ]);
});

test('a composite request that writes no mirrored objects, or only reads, is not recorded', async () => {
  await using harness = await openProxyHarness();
  const foreign = await through(harness, 'POST', composite, { body: compositeOf('Task') });
  assert.equal(foreign.header('Lockstep-Applied'), 'no');
  const read = await through(harness, 'POST', composite, { body: '{"compositeRequest":[]}' });
  assert.equal(read.header('Lockstep-Applied'), undefined);
  assert.deepEqual(harness.calls, []);
});

test('while the database is away a composite request that only reads passes through, and one that writes is not sent', async () => {
  await using harness = await openProxyHarness();
  const isAway = async () => Promise.reject(new Error('the database is away'));
  Object.assign(harness.sync, { keyPrefixes: isAway, recordIntent: isAway });
  const read = await through(harness, 'POST', composite, { body: '{"compositeRequest":[]}' });
  assert.equal(read.status, 204);
  const write = await through(harness, 'POST', composite, { body: compositeOf('Account') });
  assert.equal(write.header('Lockstep-Error'), 'PRX-12');
  assert.equal(harness.org.seen.length, 1);
});

test('a composite request whose answer does not name all of its records is followed by a poll', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(200).end('{}');
  const answer = await through(harness, 'POST', composite, { body: compositeOf('Account', 'Contact') });
  assert.equal(answer.header('Lockstep-Applied'), 'poll');
  assert.deepEqual(harness.calls, [
    'intent POST account null, contact null',
    'poll since account contact',
    'outcome 7 pending',
  ]);
});

test('a composite request too long to buffer passes through whole, and is followed by a poll', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => response.writeHead(200).end('{}');
  const body = compositeOf('Account').padEnd(9 * 1024 * 1024);
  const answer = await through(harness, 'POST', composite, { body });
  assert.equal(answer.header('Lockstep-Applied'), 'poll');
  assert.equal(harness.org.seen[0]?.body.toString(), body);
  assert.deepEqual(harness.calls[0], 'intent POST account null, contact null');
});

test('a composite request whose caller leaves during the upload is not sent', async () => {
  await using harness = await openProxyHarness();
  const socket = connect(harness.proxy.port, '127.0.0.1');
  socket.write(requestText('POST', `/${syncId}${composite}`, { headers: ['Content-Length: 100'] }));
  socket.write('{"compositeRequest":', () => socket.destroy());
  await new Promise((resolve) => socket.once('close', resolve));
  await harness.proxy.close();
  assert.deepEqual(harness.calls, []);
  assert.equal(harness.org.seen.length, 0);
});
