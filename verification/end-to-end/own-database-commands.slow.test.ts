/** A database of a person's own by the command line: prepared with the SQL that it prints, then tested. */
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApi } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { startOrg } from '@lockstep/harness/org';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { openSshServer } from '@lockstep/harness/ssh-server';

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

test('sync create makes the mirror in the database that the file names, and sync delete removes it', async () => {
  await using own = await openOwnDatabase();
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  await using cli = await openCli(api.environment);
  const { clientId, clientSecret } = org.credentials.integration;
  const [secret, file] = [join(cli.folder, 'secret'), join(cli.folder, 'urls')];
  await writeFile(secret, clientSecret);
  await writeFile(file, `# of crm\n${own.url}\n${own.readerUrl}\n`);
  const given = ['--org', org.url, '--client-id', clientId, '--client-secret-file', secret, '--name', 'acme'];
  const create = ['sync', 'create', ...given, '--objects', 'Account', '--database-url-file', file];
  const refused = await cli.run([...create, '--schema', 'none']);
  assert.equal(refused.code, 7, refused.stderr);
  assert.match(refused.stderr, /DB-06.*there is no schema none/);
  assert.match(refused.stderr, /run: CREATE SCHEMA "none" AUTHORIZATION/);

  const made = await cli.run(create);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, new RegExp(`/${own.name}\\?sslmode=disable`));
  assert.ok(!made.stdout.includes(new URL(own.readerUrl).password));
  const asked = await cli.run(['sql', 'SELECT count(*) FROM salesforce.account']);
  assert.match(asked.stdout, /0/);
  await using ssh = await openSshServer();
  const key = join(cli.folder, 'key');
  await writeFile(key, ssh.form.key);
  const through = ['--tunnel', `${ssh.form.user}@127.0.0.1:${ssh.form.port}`, '--tunnel-key-file', key];
  const set = ['db', 'set', '--url-file', file, ...through];
  const unconfirmed = await cli.run(set);
  assert.equal(unconfirmed.code, 7);
  assert.ok(unconfirmed.stderr.includes(`DB-26`) && unconfirmed.stderr.includes(ssh.form.host_key));
  const moved = await cli.run([...set, '--tunnel-host-key', ssh.form.host_key, '--json']);
  assert.equal(moved.code, 0, moved.stderr);
  const { mirror } = JSON.parse(moved.stdout) as { mirror: { tunnel: string } };
  assert.equal(mirror.tunnel, `tunnel@127.0.0.1:${ssh.form.port}`);
  const keyless = await cli.run(['db', 'set', '--url-file', file, '--tunnel', 'tunnel@127.0.0.1']);
  assert.deepEqual([keyless.code, /needs a key: --tunnel-key-file/.test(keyless.stderr)], [2, true]);

  const dropped = await cli.run(['sync', 'delete', '--yes']);
  assert.equal(dropped.code, 0, dropped.stderr);
  assert.match(dropped.stderr, /the database own_\w+ at .* itself, with all other tables/);
  await own.owner.script(own.undo);
});
