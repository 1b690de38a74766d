/** A database of a person's own by the command line: prepared with the SQL that it prints, then tested. */
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApi } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { openOwnDatabase } from '@lockstep/harness/own-database';

test('db sql prints what the owner runs and keeps the passwords in a file, and db test then passes', async () => {
  await using own = await openOwnDatabase({ prepared: false });
  await using api = await openApi();
  await using cli = await openCli(api.environment);
  const { hostname, port } = new URL(own.url);
  const file = join(cli.folder, 'urls');
  const names = ['--database', own.name, '--schema', 'crm', '--host', hostname, '--port', port];
  const made = await cli.run(['db', 'sql', ...names, '--url-file', file]);
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const [url = ''] = (await readFile(file, 'utf8')).split('\n');
  assert.ok(!made.stdout.includes(new URL(url).password));

  const before = await cli.run(['db', 'test', '--url-file', file, '--schema', 'crm']);
  assert.equal(before.code, 3);
  assert.match(before.stdout, /^FAIL {4}sign-in {7}DB-03 Database password or user is wrong\./m);
  assert.match(before.stdout, /^skipped schema/m);
  await own.owner.script(made.stdout);
  const tested = await cli.run(['db', 'test', '--url-file', file, '--schema', 'crm']);
  assert.equal(tested.code, 0, tested.stdout);
  assert.doesNotMatch(tested.stdout, /FAIL/);
  assert.ok(!tested.stdout.includes(new URL(url).password));

  const again = await cli.run(['db', 'sql', ...names, '--url-file', file]);
  assert.match(again.stderr, /cannot be made \(EEXIST\)/);
  await writeFile(file, url);
  const half = await cli.run(['db', 'test', '--url-file', file]);
  assert.deepEqual([half.code, half.stdout], [2, '']);
  assert.match(half.stderr, /must have two lines/);
  const undo = await cli.run(['db', 'sql', ...names, '--undo']);
  await own.owner.script(undo.stdout);
});
