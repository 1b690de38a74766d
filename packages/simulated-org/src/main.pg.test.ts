import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openTestDatabase } from '@lockstep/harness/database';

/** Runs the program with one line of configuration; `end` closes its standard input. */
function runOrg(line: string) {
  const program = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')]);
  const errors: string[] = [];
  const lines = createInterface({ input: program.stdout });
  createInterface({ input: program.stderr }).on('line', (text) => errors.push(text));
  program.stdin.write(`${line}\n`);
  const closed = once(program, 'close') as Promise<[number | null]>;
  return {
    program,
    errors,
    firstLine: async () =>
      JSON.parse(((await once(lines, 'line')) as [string])[0]) as Record<string, unknown>,
    exitCode: async () => (await closed)[0],
  };
}

test('a wrong configuration ends the program with one line that says what is wrong', async () => {
  const cases: [line: string, says: RegExp][] = [
    ['not json', /must be the configuration as JSON/],
    ['{"databaseUrl":"postgres://h/d","credentialsFile":"x","records":5}', /^records: /],
    ['{"databaseUrl":"http://h/d","credentialsFile":"x"}', /^databaseUrl: /],
    ['{"databaseUrl":"postgres://h/d","credentialsFile":"x","recrods":500}', /recrods/],
  ];
  for (const [line, says] of cases) {
    const run = runOrg(line);
    assert.equal(await run.exitCode(), 2);
    assert.equal(run.errors.length, 1);
    assert.match(run.errors[0] ?? '', says);
  }
});

test('a database that cannot be reached is named without its password', async () => {
  const run = runOrg(
    '{"databaseUrl":"postgres://u:secret@127.0.0.1:1/nowhere","credentialsFile":"/tmp/unused"}',
  );
  assert.equal(await run.exitCode(), 1);
  assert.deepEqual(run.errors, ['cannot use the database nowhere at 127.0.0.1:1: ECONNREFUSED']);
});

test('the program creates its org once, reports when it is ready, and stops when asked to', async () => {
  await using database = await openTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-org-'));
  const credentialsFile = join(folder, 'deep', 'org-credentials.json');
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  const configuration = { databaseUrl: database.url, port, records: 200, credentialsFile };

  const first = runOrg(JSON.stringify(configuration));
  const ready = await first.firstLine();
  assert.match(String(ready.orgId), /^00D\w{15}$/);
  assert.equal(ready.records, 200);
  assert.notEqual(new URL(String(ready.url)).port, String(port));
  assert.ok(first.errors.some((line) => line.startsWith(`port ${port} is taken, using `)));
  assert.ok(first.errors.some((line) => /^\{"seeded":(\d{3,}),"of":\1\}$/.test(line)));
  assert.equal((await stat(credentialsFile)).mode & 0o777, 0o600);
  const credentials = await readFile(credentialsFile, 'utf8');
  first.program.kill('SIGTERM');
  assert.equal(await first.exitCode(), 0);

  const second = runOrg(JSON.stringify(configuration));
  assert.equal((await second.firstLine()).orgId, ready.orgId);
  assert.ok(!second.errors.some((line) => line.includes('seeded')));
  assert.equal(await readFile(credentialsFile, 'utf8'), credentials);
  second.program.stdin.end();
  assert.equal(await second.exitCode(), 0);

  const rulesFile = join(folder, 'rules.json');
  const withRules = async (rules: string) => {
    await writeFile(rulesFile, rules);
    const run = runOrg(JSON.stringify({ ...configuration, rulesFile }));
    assert.equal(await run.exitCode(), 2);
    return run.errors;
  };
  const rule = { sobject: 'Account', name: 'R', condition: 'Foo', message: 'm' };
  assert.deepEqual(await withRules(JSON.stringify({ validationRules: [rule] })), [
    `the rules in ${rulesFile} do not fit the org:`,
    '  validationRules[0].condition: Error: Field Foo does not exist. Check spelling. (character 1)',
  ]);
  assert.match((await withRules('{'))[0] ?? '', /rules\.json is not JSON: /);

  blocker.close();
  await rm(folder, { recursive: true });
});
