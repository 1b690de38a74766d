/** How the one who runs the server becomes its administrator, and who reads what has been changed. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withSyncs } from '@lockstep/harness/api-harness';
import { type Cli, openCli, type Running } from '@lockstep/harness/cli-process';
import { openTestControl, type TestControl } from '@lockstep/harness/control';

const password = 'a long phrase is fine';
const otherPassword = 'quite another long phrase';

interface Setup extends AsyncDisposable {
  control: TestControl;
  cli: Cli;
}

async function openSetup(environment: Record<string, string> = {}): Promise<Setup> {
  await using undo = new AsyncDisposableStack();
  const control = undo.use(await openTestControl());
  const own = { DATABASE_URL: control.database.url, LOCKSTEP_KEY: control.keyBytes.toString('base64') };
  const cli = undo.use(await openCli({ ...own, ...environment }));
  const ends = undo.move();
  return { control, cli, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const start = (cli: Cli) => cli.start(['start', '--json'], 'Ctrl-C stops it');
const apiOf = (running: Running) => (JSON.parse(running.stdout()) as { api_url: string }).api_url;
const post = async (url: string, path: string, body: object): Promise<number> => {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) }))
    .status;
};
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
async function logsOf({ dataDir }: Cli): Promise<string> {
  const folder = join(dataDir, 'logs');
  const texts = (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8'));
  return (await Promise.all(texts)).join('');
}

test('without a terminal the set-up token is written to a file, another one at each start, until it is used', async () => {
  await using setup = await openSetup();
  const { cli } = setup;
  const file = join(cli.dataDir, 'setup-token');
  const tokenIn = async () => {
    const line = await readFile(file, 'utf8');
    assert.match(line, /^Open http:\/\/localhost:\d+\/setup#token=[\w-]{22}\n$/);
    return line.trim().split('=').at(1) ?? '';
  };
  const first = await start(cli);
  assert.match(first.stderr(), /The set-up token is in .*setup-token\n/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const earlier = await tokenIn();
  await first.end('SIGKILL');

  const second = await start(cli);
  const token = await tokenIn();
  for (const text of [first.stderr(), second.stderr(), await logsOf(cli)])
    assert.ok(!text.includes(earlier) && !text.includes(token));
  assert.equal(await post(apiOf(second), '/setup', { token: earlier, password }), 403);
  assert.equal(await post(apiOf(second), '/setup', { token, password }), 201);
  assert.ok(!(await exists(file)), 'the file is gone');
  await second.end('SIGTERM');

  const third = await start(cli);
  assert.doesNotMatch(third.stderr(), /set-up token/);
  assert.ok(!(await exists(file)));
  assert.equal(await post(apiOf(third), '/session', { password }), 201);
});

test('LOCKSTEP_ADMIN_PASSWORD_FILE makes the administrator at a start, and changes no password later', async () => {
  await using setup = await openSetup();
  const { cli } = setup;
  const file = join(cli.folder, 'password');
  const environment = { LOCKSTEP_ADMIN_PASSWORD_FILE: file };
  await writeFile(file, 'too short\n');
  const short = await cli.run(['start'], environment);
  assert.equal(short.code, 2);
  assert.match(short.stderr, /LOCKSTEP_ADMIN_PASSWORD_FILE names .*fewer than 12 characters/);
  assert.doesNotMatch(short.stderr, /too short/);

  await writeFile(file, `${password}\n`);
  const begin = () => cli.start(['start', '--json'], 'Ctrl-C stops it', environment);
  const first = await begin();
  assert.doesNotMatch(first.stderr(), /set-up token/);
  assert.equal(await post(apiOf(first), '/session', { password }), 201);
  await first.end('SIGTERM');
  await writeFile(file, otherPassword);
  const second = await begin();
  assert.equal(await post(apiOf(second), '/session', { password: otherPassword }), 403);
  assert.equal(await post(apiOf(second), '/session', { password }), 201);
});

test('on the server a set-up token is made and a password reset without the API, which ends all sessions', async () => {
  await using setup = await openSetup();
  const { cli } = setup;
  const running = await start(cli);
  const url = apiOf(running);
  const made = await cli.run(['admin', 'setup-token']);
  assert.equal(made.code, 0, made.stderr);
  const token = /^Open http:\/\/localhost:\d+\/setup#token=([\w-]{22})\n$/.exec(made.stdout)?.[1];
  assert.ok(!(await exists(join(cli.dataDir, 'setup-token'))), 'that one is replaced');
  const answer = await fetch(`${url}/api/v1/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, password }),
  });
  assert.equal(answer.status, 201);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const isSignedIn = async () => (await fetch(`${url}/api/v1/session`, { headers: { cookie } })).ok;
  assert.ok(await isSignedIn());

  const late = await cli.run(['admin', 'setup-token', '--json']);
  assert.equal(late.code, 4);
  assert.match(late.stderr, /^error API-12/);
  const unasked = await cli.run(['admin', 'reset-password']);
  assert.deepEqual([unasked.code, /--password-file is needed/.test(unasked.stderr)], [2, true]);
  const file = join(cli.folder, 'password');
  await writeFile(file, `${otherPassword}\n`);
  const reset = await cli.run(['admin', 'reset-password', '--password-file', file]);
  assert.equal(reset.code, 0, reset.stderr);
  assert.ok(!(await isSignedIn()));
  assert.equal(await post(url, '/session', { password }), 403);
  assert.equal(await post(url, '/session', { password: otherPassword }), 201);

  const shown = await cli.run(['audit', '--json']);
  const { items } = JSON.parse(shown.stdout) as {
    items: { who: string; operation: string; refusal: string | null }[];
  };
  assert.deepEqual(
    items.map(({ who, operation, refusal }) => [who, operation, refusal]),
    [
      ['administrator', 'signIn', null],
      ['nobody', 'signIn', 'API-13'],
      ['this machine', 'resetPassword', null],
      ['administrator', 'setUp', null],
      ['this machine', 'makeSetupToken', null],
    ],
  );
});

test('lockstep audit shows who has changed what, of one sync and from a time on', async () => {
  await using api = await withSyncs(['acme', 'other']);
  await using cli = await openCli(api.environment);
  assert.match((await cli.run(['audit'])).stderr, /No entry/);
  assert.equal((await cli.run(['budget', 'set', '--sync', 'acme', '--every', '1s'])).code, 0);
  assert.equal((await cli.run(['sync', 'pause', '--sync', 'other'])).code, 0);
  await api.ask('POST', '/api/v1/session', { password: 'wrong' }, { authorization: '' });
  const all = await cli.run(['audit']);
  assert.match(all.stdout, /^WHEN +WHO +FROM +WHAT +SYNC +DETAILS$/m);
  assert.match(all.stdout, /this machine +127\.0\.0\.1 +changeSync +acme +interval_ms 3000 → 1000$/m);
  assert.match(all.stdout, /this machine +127\.0\.0\.1 +changeSync +other +paused false → true$/m);
  assert.match(all.stdout, /nobody +127\.0\.0\.1 +signIn refused \(API-13\)$/m);
  const own = await cli.run(['audit', '--sync', 'acme', '--since', '1h']);
  assert.deepEqual(own.stdout.match(/changeSync +\w+/g), ['changeSync  acme']);
  assert.match((await cli.run(['audit', '--since', '2100-01-01'])).stderr, /No entry/);
  assert.match((await cli.run(['audit', '--limit', '1'])).stderr, /There are older ones/);
  const wrong = await cli.run(['audit', '--since', 'yesterday']);
  assert.deepEqual([wrong.code, /--since takes 30m/.test(wrong.stderr)], [2, true]);
});
