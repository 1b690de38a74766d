/** How far a request is that makes something, while its answer is awaited and after that. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { newSyncOf } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { armFault } from '@lockstep/harness/injected-fault';
import { openOrgApi } from '@lockstep/harness/org-api';

const { org, api } = await openOrgApi();

const slowDescribes = () =>
  armFault(org, { match: { path: '*/composite' }, times: null, effect: { delayMs: 2_500 } });
const seen = (key: string) => api.ask('GET', `/api/v1/requests/${key}`);

test('a creation says what it is doing and how far it is, and keeps the status of its answer', async () => {
  const key = randomUUID();
  assert.equal((await seen(key)).status, 404);
  const fault = await slowDescribes();
  const creating = api.ask('POST', '/api/v1/syncs', newSyncOf(org), { 'idempotency-key': key });
  let running = await seen(key);
  while (running.body.progress == null) {
    await systemClock.sleep(50);
    running = await seen(key);
  }
  assert.deepEqual(
    [running.body.state, running.body.progress, running.body.status],
    ['running', { step: 'describing objects', done: 0, of: 2 }, null],
  );
  const made = await creating;
  await fault.end();
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const done = await seen(key);
  assert.deepEqual([done.body.state, done.body.status], ['done', 201]);
  assert.deepEqual(done.body.progress, { step: 'making tables', done: 0, of: 2 });
});

test('the commands that wait for it say each step', async () => {
  await using cli = await openCli(api.environment);
  const { clientId, clientSecret } = org.credentials.integration;
  const [id, secret] = [join(cli.folder, 'id'), join(cli.folder, 'secret')];
  await writeFile(id, clientId);
  await writeFile(secret, clientSecret);
  const fault = await slowDescribes();
  const flags = ['--org', org.url, '--client-id-file', id, '--client-secret-file', secret];
  const created = await cli.run(['sync', 'create', ...flags, '--name', 'seen', '--objects', 'Account']);
  assert.equal(created.code, 0, created.stderr);
  assert.match(created.stderr, /^describing objects: 1$/m);
  const added = await cli.run(['objects', 'add', 'Contact', 'Lead', '--sync', 'seen']);
  await fault.end();
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stderr, /^describing objects: 2$/m);
});
