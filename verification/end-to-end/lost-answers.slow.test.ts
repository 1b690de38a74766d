/** Something between the command line and its server answers in the server's place, as balancers do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCli } from '@lockstep/harness/cli-process';
import { openOrgApi } from '@lockstep/harness/org-api';

const { org, api } = await openOrgApi();

/** @param answersItself  the status that it gives in place of the server's answer; null: it passes the answer on */
async function openBalancer(answersItself: (asked: string) => number | 'cut off' | null) {
  const asked: string[] = [];
  const server = createServer((near, answer) => {
    const line = `${near.method} ${near.url}`;
    asked.push(line);
    const instead = answersItself(line);
    const { host: _, ...headers } = near.headers;
    const far = request(`${api.url}${near.url}`, { method: near.method, headers }, (real) => {
      if (instead === null) {
        real.pipe(answer.writeHead(real.statusCode ?? 500, real.headers));
        return;
      }
      real.resume().once('end', () => {
        if (instead !== 'cut off') {
          answer.writeHead(instead, { 'content-type': 'text/html' }).end('<h1>Gateway Time-out</h1>');
          return;
        }
        answer.writeHead(real.statusCode ?? 500, {
          'content-type': 'application/json',
          'content-length': 999,
        });
        answer.write('{"id":', () => answer.destroy());
      });
    });
    near.pipe(far);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const environment = { ...api.environment, LOCKSTEP_URL: `http://127.0.0.1:${port}` };
  return {
    asked,
    environment,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function createThrough(
  environment: Record<string, string>,
  name: string,
  more: readonly string[] = [],
) {
  await using cli = await openCli(environment);
  const { clientId, clientSecret } = org.credentials.integration;
  const secret = join(cli.folder, 'secret');
  await writeFile(secret, clientSecret);
  const credential = ['--client-id', clientId, '--client-secret-file', secret];
  return await cli.run(['sync', 'create', '--org', org.url, '--name', name, ...credential, ...more]);
}

for (const [instead, name] of [
  [504, 'timed-out'],
  [502, 'refused'],
  ['cut off', 'cut'],
] as const)
  test(`a sync is created once, although its answer is lost (${instead})`, async () => {
    let isFirst = true;
    await using balancer = await openBalancer((line) => {
      const isLost = line === 'POST /api/v1/syncs' && isFirst;
      if (isLost) isFirst = false;
      return isLost ? instead : null;
    });
    const { code, stdout, stderr } = await createThrough(balancer.environment, name, [
      '--objects',
      'Account',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(name));
    assert.equal(balancer.asked.filter((line) => line === 'POST /api/v1/syncs').length, 2);
    const { items } = (await api.ask('GET', '/api/v1/syncs')).body as { items: { name: string }[] };
    assert.equal(items.filter((sync) => sync.name === name).length, 1);
  });

test('a command that is answered by something in between says that the outcome is not known', async () => {
  await using balancer = await openBalancer(() => 503);
  await using cli = await openCli(balancer.environment);
  const { code, stderr } = await cli.run(['sync', 'list']);
  assert.notEqual(code, 0);
  assert.match(stderr, /^error SYS-20: .*status 503 from something in between/m);
});

test('a dry run prints everything that is wrong, each with its repair', async () => {
  const objects = ['--objects', 'Acount,Account,Name'];
  const { code, stderr } = await createThrough(api.environment, 'timed-out', [...objects, '--dry-run']);
  assert.equal(code, 2);
  assert.match(stderr, /^error CFG-03: .*A sync named "timed-out" already exists/m);
  assert.match(
    stderr,
    /^ {2}also objects\.0: .*no object Acount .*Near: Account\.\n {4}next: Correct the name/m,
  );
  assert.match(stderr, /^ {2}also objects\.2: .*Name allows no query\.\n {4}next: Leave it out\.$/m);
  const told = await createThrough(api.environment, 'timed-out', [...objects, '--dry-run', '--json']);
  const { error } = JSON.parse(told.stdout) as { error: { errors: { field: string; next: string }[] } };
  assert.deepEqual(
    error.errors.map(({ field }) => field),
    ['name', 'objects.0', 'objects.2'],
  );
});
