import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCli } from '@lockstep/harness/cli-process';
import { readRunFile } from 'lockstep/operations/run-file';

test('a link of the demo signs a browser in, once, without a password, while the copy is made', async () => {
  await using cli = await openCli();
  const demo = await cli.start(['demo', '--records', '300', '--activity', '0'], 'A link that signs in');
  const { apiUrl = '' } = (await readRunFile(cli.dataDir)) ?? {};
  const file = join(cli.dataDir, 'sign-in-link');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const secret = /^Open http:\/\/localhost:\d+\/sign-in#link=([\w-]{22})\n$/.exec(
    await readFile(file, 'utf8'),
  )?.[1];
  assert.ok(secret);
  assert.match(demo.stderr(), /A link that signs in, once, is in .*sign-in-link\n/);
  assert.ok(!demo.stderr().includes(secret), 'what is printed may be kept');
  const follow = () =>
    fetch(`${apiUrl}/api/v1/session/by-link`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secret }),
    });
  const answer = await follow();
  assert.equal(answer.status, 201);
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  assert.equal((await fetch(`${apiUrl}/api/v1/syncs`, { headers: { cookie } })).status, 200);
  assert.equal((await follow()).status, 403);
  await assert.rejects(stat(file), { code: 'ENOENT' });
  for (const log of await readdir(join(cli.dataDir, 'logs')))
    assert.ok(!(await readFile(join(cli.dataDir, 'logs', log), 'utf8')).includes(secret), log);
  await demo.says('The console, to which the link above signs you in: http://localhost:');
  await demo.end('SIGTERM');
});
