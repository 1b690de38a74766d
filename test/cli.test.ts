import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands, findCommand } from '../src/cli/commands.ts';
import { eraseDirectory } from '../src/cli/directory.ts';
import { helpOf } from '../src/cli/help.ts';
import { table } from '../src/cli/output.ts';
import { claimRunFile, readRunFile } from '../src/cli/run-file.ts';
import { configHelp, readConfig } from '../src/config.ts';
import { Fault } from '../src/core/faults.ts';
import { openCli } from './cli-process.ts';

const nowhere = join(tmpdir(), 'there-is-no-such-folder');

async function openFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lockstep-cli-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('without any option Lockstep keeps to this machine and to its own folder', () => {
  const config = readConfig({ HOME: '/home/ann', XDG_CONFIG_HOME: '/home/ann/conf' }, nowhere);
  assert.equal(config.dataDir, '.lockstep');
  assert.equal(config.databaseUrl, undefined);
  assert.equal(config.proxyHost, '127.0.0.1');
  assert.deepEqual([config.proxyPort, config.orgPort, config.postgresPort], [8401, 8402, 54_320]);
  assert.deepEqual(config.allowHosts, []);
  assert.equal(config.key.defaultKeyFile, '/home/ann/conf/lockstep/key');
});

test('a wrong configuration is refused with every problem at once, with near names and without a value', () => {
  const wrong = {
    LOCKSTEP_DTA: 'x',
    LOCKSTEP_PROXY_PORT: 'secret-port',
    LOCKSTEP_LOG_LEVEL: 'secret-level',
    DATABASE_URL: 'mysql://secret-host/x',
  };
  assert.throws(
    () => readConfig(wrong, nowhere),
    (error: unknown) => {
      assert.ok(error instanceof Fault);
      assert.equal(error.code, 'CFG-01');
      assert.match(error.message, /LOCKSTEP_DTA is no option. Near: LOCKSTEP_DATA\./);
      for (const name of ['LOCKSTEP_PROXY_PORT', 'LOCKSTEP_LOG_LEVEL', 'DATABASE_URL']) {
        assert.match(error.message, new RegExp(`${name} must be `));
      }
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

test('a port over 65535 is refused', () => {
  assert.throws(
    () => readConfig({ LOCKSTEP_PROXY_PORT: '65536' }, nowhere),
    /LOCKSTEP_PROXY_PORT must be a port/,
  );
  assert.equal(readConfig({ LOCKSTEP_PROXY_PORT: '65535' }, nowhere).proxyPort, 65_535);
});

test('a file .env gives options, and the environment counts before it', async () => {
  await using folder = await openFolder();
  await writeFile(join(folder.path, '.env'), 'LOCKSTEP_DATA=from-file\nLOCKSTEP_ALLOW_HOST="a:1, b"\n');
  const config = readConfig({ LOCKSTEP_DATA: 'from-environment' }, folder.path);
  assert.equal(config.dataDir, 'from-environment');
  assert.deepEqual(config.allowHosts, ['a:1', 'b']);
  await writeFile(join(folder.path, '.env'), 'LOCKSTEP_NO_SUCH=1\n');
  assert.throws(() => readConfig({}, folder.path), /LOCKSTEP_NO_SUCH is no option/);
});

test('help config names every option with its form, its default and its reason', () => {
  const text = helpOf('config', commands);
  const known =
    'DATA KEY_FILE KEY SMTP_URL MAIL_FROM MAIL_TO ALLOW_HOST PROXY_HOST PROXY_PORT ORG_PORT POSTGRES_PORT LOG_LEVEL';
  const names = ['DATABASE_URL', ...known.split(' ').map((name) => `LOCKSTEP_${name}`)];
  assert.deepEqual(
    configHelp()
      .map(({ name }) => name)
      .toSorted(),
    names.toSorted(),
  );
  for (const { name, form, unset, why } of configHelp()) {
    for (const part of [form, unset, why]) assert.notEqual(part, '', `${name} has form, default and reason`);
    assert.ok(text.includes(`${name}\n    ${form}\n    default: ${unset}\n    ${why}`), name);
  }
});

test('every command has help of its own that names its flags', () => {
  for (const command of commands) {
    assert.match(helpOf('', commands), new RegExp(`^  ${command.name} `, 'm'));
    const text = helpOf(command.name, commands);
    assert.ok(text.includes(command.summary));
    for (const flag of Object.keys(command.flags ?? {})) assert.match(text, new RegExp(`--${flag}\\b`));
  }
});

test('no command takes a secret as a flag', () => {
  const flags = commands.flatMap(({ flags }) => Object.keys(flags ?? {}));
  assert.deepEqual(
    flags.filter((flag) => /secret|password|token|key/.test(flag) && !flag.endsWith('-file')),
    [],
  );
});

test('a command that does not exist is refused with those that come near', () => {
  assert.throws(() => findCommand(['statsu']), /There is no command "statsu". Near: status\./);
  assert.throws(() => findCommand(['sync', 'creat']), /Near: sync create/);
});

test('wrong use ends with code 2 and names what is wrong, on standard error alone', async () => {
  await using cli = await openCli();
  for (const [args, says] of [
    [['no-such'], /There is no command/],
    [['status', '--chek'], /Unknown option '--chek'\. Near: --check/],
    [['sql'], /sql needs "SELECT …"/],
    [['sql', 'a', 'b'], /does not take "b"/],
    [['demo', '--records', 'many'], /--records takes a whole number from 100/],
    [['sync', 'create', '--org', 'x.example.com'], /needs --objects/],
    [['budget', 'set'], /needs --every/],
  ] as const) {
    const { code, stdout, stderr } = await cli.run(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, says);
    assert.match(stderr, /\nnext: lockstep help/);
  }
});

test('a budget of 0 or of text is refused with the range, before anything is asked of a server', async () => {
  await using cli = await openCli();
  for (const every of ['0', 'fast']) {
    const { code, stderr } = await cli.run(['budget', 'set', `--every=${every}`]);
    assert.equal(code, 2, every);
    assert.match(stderr, /error LIM-05: .*\nnext: .*0\.2 s to 300 s/);
  }
});

test('a database that does not answer gets one line with host and reason, and no stack', async () => {
  await using cli = await openCli();
  const ask = (url: string, ...args: string[]) => cli.run(args, { DATABASE_URL: url });
  const closed = await ask('postgres://ann:hidden@127.0.0.1:1/x', 'status', '--json');
  assert.equal(closed.code, 7);
  const [line = '', next = '', ...rest] = closed.stderr.trim().split('\n');
  assert.match(line, /^error DB-02: .*127\.0\.0\.1:1.*ECONNREFUSED/);
  assert.match(next, /^next: /);
  assert.deepEqual(rest, []);
  const { error } = JSON.parse(closed.stdout) as { error: Record<string, string> };
  assert.equal(error.code, 'DB-02');
  assert.ok(error.title && error.explanation && error.next);
  const started = await ask('postgres://ann:hidden@127.0.0.1:1/x', 'start');
  const unknown = await ask('postgres://ann:hidden@no-such-host.invalid/x', 'demo');
  assert.match(started.stderr, /error DB-02/);
  assert.match(unknown.stderr, /error DB-0[12]: .*no-such-host\.invalid/);
  for (const { stdout, stderr } of [closed, started, unknown]) {
    assert.doesNotMatch(stdout + stderr, /hidden|\n {4}at /);
  }
});

test('a command where nothing runs says how to start, and makes nothing', async () => {
  await using cli = await openCli();
  const { code, stderr } = await cli.run(['status']);
  assert.equal(code, 1);
  assert.match(stderr, /error SYS-11: .*\nnext: Start one: npm run demo, or lockstep start/);
  await assert.rejects(stat(cli.dataDir));
});

test('a data directory of a newer version is refused and stays as it is', async () => {
  await using cli = await openCli();
  await mkdir(cli.dataDir);
  await writeFile(join(cli.dataDir, 'format'), '99\n');
  for (const environment of [{}, { DATABASE_URL: 'postgres://127.0.0.1:1/x' }]) {
    const { code, stderr } = await cli.run(['start'], environment);
    assert.equal(code, 1);
    assert.match(stderr, /error SYS-07: .*format 99/);
  }
  assert.equal(await readFile(join(cli.dataDir, 'format'), 'utf8'), '99\n');
});

test('a second server on one data directory is refused; a dead one counts for nothing', async () => {
  await using folder = await openFolder();
  const claim = await claimRunFile(folder.path);
  await claim.publish({ controlUrl: 'postgres://x' });
  assert.equal((await stat(join(folder.path, 'run.json'))).mode & 0o777, 0o600);
  await assert.rejects(claimRunFile(folder.path), /runs already on the data directory/);
  assert.equal((await readRunFile(folder.path))?.controlUrl, 'postgres://x');

  await writeFile(
    join(folder.path, 'run.json'),
    JSON.stringify({ pid: process.pid, identity: 'of another process' }),
  );
  assert.equal(await readRunFile(folder.path), undefined);
  const second = await claimRunFile(folder.path);
  await second.release();
  await assert.rejects(stat(join(folder.path, 'run.json')));
});

test('only a data directory is ever erased', async () => {
  await using folder = await openFolder();
  await writeFile(join(folder.path, 'thesis.txt'), 'ten years');
  await assert.rejects(
    eraseDirectory(folder.path),
    /is not a data directory of Lockstep; nothing was erased/,
  );
  assert.equal(await readFile(join(folder.path, 'thesis.txt'), 'utf8'), 'ten years');
  await writeFile(join(folder.path, 'format'), '1\n');
  assert.equal(await eraseDirectory(folder.path), true);
  await assert.rejects(stat(join(folder.path, 'thesis.txt')));
  assert.ok((await stat(folder.path)).isDirectory());
});

test('a value of a record cannot act on the terminal', () => {
  const shown = table(
    ['NAME', 'N'],
    [
      ['\x1b[31mred\n\x07\x7f\x9b', '1'],
      ['b', '22'],
    ],
    new Set([1]),
  );
  assert.doesNotMatch(shown.replaceAll('\n', ''), /\p{Cc}/u);
  assert.equal(shown.split('\n').length, 3);
});
