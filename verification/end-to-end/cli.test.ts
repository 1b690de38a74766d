import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { shellWord } from '@lockstep/foundation/shell-words';
import { openCli } from '@lockstep/harness/cli-process';
import { root } from '@lockstep/harness/source-files';
import {
  commands,
  configHelp,
  findCommand,
  helpOf,
  pasteable,
  readConfig,
  table,
} from 'lockstep/cli/testing';
import { Fault } from 'lockstep/core/faults';
import { claimRunFile, eraseDirectory, prepareDirectory, readRunFile } from 'lockstep/server/testing';

const nowhere = join(tmpdir(), 'there-is-no-such-folder');

async function openFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lockstep-cli-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('without any option Lockstep stays on this machine and in its own folder', () => {
  const config = readConfig({ HOME: '/home/ann', XDG_CONFIG_HOME: '/home/ann/conf' }, nowhere);
  assert.equal(config.dataDir, '.lockstep');
  assert.equal(config.databaseUrl, undefined);
  assert.equal(config.proxyHost, '127.0.0.1');
  assert.deepEqual([config.proxyPort, config.orgPort, config.postgresPort], [8401, 8402, 54_320]);
  assert.deepEqual(config.allowHosts, []);
  assert.equal(config.key.defaultKeyFile, '/home/ann/conf/lockstep/key');
});

test('a wrong configuration is refused with all its problems at once, with similar names and without any value', () => {
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
      assert.match(error.message, /There is no option LOCKSTEP_DTA. Near: LOCKSTEP_DATA\./);
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

test('half a mail configuration is refused, because no e-mail would ever be sent', () => {
  const half = { LOCKSTEP_SMTP_URL: 'smtp://mail.example.com', LOCKSTEP_MAIL_FROM: 'a@example.com' };
  assert.throws(() => readConfig(half, nowhere), /LOCKSTEP_SMTP_URL also needs LOCKSTEP_MAIL_TO/);
  const whole = readConfig({ ...half, LOCKSTEP_MAIL_TO: 'b@example.com' }, nowhere);
  assert.equal(whole.mail.to, 'b@example.com');
});

test('a .env file sets options, and the environment overrides it', async () => {
  await using folder = await openFolder();
  await writeFile(join(folder.path, '.env'), 'LOCKSTEP_DATA=from-file\nLOCKSTEP_ALLOW_HOST="a:1, b"\n');
  const config = readConfig({ LOCKSTEP_DATA: 'from-environment' }, folder.path);
  assert.equal(config.dataDir, 'from-environment');
  assert.deepEqual(config.allowHosts, ['a:1', 'b']);
  await writeFile(join(folder.path, '.env'), 'LOCKSTEP_NO_SUCH=1\n');
  assert.throws(() => readConfig({}, folder.path), /There is no option LOCKSTEP_NO_SUCH/);
});

test('help config names every option with its form, its default and its reason', async () => {
  const text = await helpOf('config', commands);
  const known =
    'DATA CLOSE_DATABASE KEY_FILE KEY SMTP_URL MAIL_FROM MAIL_TO ALLOW_HOST PROXY_HOST PROXY_PORT PROXY_TLS_CERT PROXY_TLS_KEY PROXY_PUBLIC_HOST PROXY_CORS_ORIGIN TRUSTED_PROXIES API_HOST API_PORT API_TLS_CERT API_TLS_KEY API_PUBLIC_HOST ADMIN_PASSWORD_FILE URL API_KEY METRICS_HOST METRICS_PORT ORG_PORT POSTGRES_PORT POSTGRES_HOST LOG_LEVEL';
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
  const explanationOf = new Map(configHelp().map(({ name, why }) => [name, why]));
  assert.match(explanationOf.get('LOCKSTEP_PROXY_PUBLIC_HOST') ?? '', /What may follow \{sync_id\}/);
  assert.match(explanationOf.get('LOCKSTEP_API_PUBLIC_HOST') ?? '', /What requests to it may have/);
});

test('every command has its own help, which names its flags', async () => {
  for (const { name, summary, load } of commands) {
    assert.match(await helpOf('', commands), new RegExp(`^  ${name} `, 'm'));
    const text = await helpOf(name, commands);
    assert.ok(text.includes(summary));
    for (const flag of Object.keys((await load()).flags ?? {}))
      assert.match(text, new RegExp(`--${flag}\\b`));
  }
});

test('a reader that is slow gets all of a long output', async () => {
  await using cli = await openCli();
  const lockstep = join(root, 'lockstep');
  const { code, stdout } = await cli.shell(`${shellWord(lockstep)} openapi | (sleep 1; cat)`);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), JSON.parse(await readFile(join(root, 'docs/openapi.json'), 'utf8')));
});

test('no command takes a secret as a flag', async () => {
  const loaded = await Promise.all(commands.map(({ load }) => load()));
  const flags = loaded.flatMap(({ flags }) => Object.keys(flags ?? {}));
  assert.deepEqual(
    flags.filter((flag) => /secret|password|token|\bkey\b/.test(flag) && !flag.endsWith('-file')),
    // The name of one that the server has, and a fingerprint.
    flags.filter((flag) => ['jwt-key', 'tunnel-host-key'].includes(flag)),
  );
});

test('an unknown command is refused with similar ones', () => {
  assert.throws(() => findCommand(['statsu']), /There is no command "statsu". Near: status\./);
  assert.throws(() => findCommand(['sync', 'creat']), /Near: sync create/);
});

test('wrong usage exits with code 2 and says what is wrong, on standard error only', async () => {
  await using cli = await openCli();
  for (const [args, says] of [
    [['no-such'], /There is no command/],
    [['status', 'my sync'], /does not take "my sync"\n.*lockstep status --sync 'my sync'/],
    [['status', '--chek'], /Unknown option '--chek'\. Near: --check/],
    [['sql'], /sql needs "SELECT …"/],
    [['sql', ''], /sql needs "SELECT …"/],
    [['sql', 'demo', 'SELECT 1'], /does not take "SELECT 1" .*--sync demo/],
    [['sql', 'SELECT', '1', 'FROM', 'x'], /put the whole query in quotes/],
    [['demo', '--activity', '-1'], /--activity takes a number from 0 to 1000/],
    [['demo', '--records'], /--records needs a value: N/],
    [['demo', '--check', '--fresh'], /leave --fresh out/],
    [['budget', 'set', '--every', '3'], /write 3s/],
    [['status', '--max-age', '60s'], /belongs to --check/],
    [['status', '--check', '--max-age', '60'], /takes a time such as 60s/],
    [['sync', 'create', '--org', 'x.example.com', '--objects', ' , '], /--objects names no object/],
    [
      ['sync', 'create', '--org', 'x.example.com', '--client-id', 'x', '--name', 'x/y'],
      /\n {2}name: up to 60 letters/,
    ],
    [['sync', 'create', '--client-id', 'x'], /needs --org, or login_url in its file/],
    [['demo', '--records', 'many'], /--records takes a whole number from 100/],
    [['sync', 'create', '--org', 'x.example.com'], /--client-id is missing/],
    [['budget', 'set'], /needs --every or --stop-at/],
  ] as const) {
    const { code, stdout, stderr } = await cli.run(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, says);
    assert.match(stderr, /\nnext: \.\/lockstep (?:help|status --sync)/);
  }
});

test('a budget of 0 or of text is refused with the allowed range, before any server is contacted', async () => {
  await using cli = await openCli();
  for (const every of ['0', 'fast', '-1s']) {
    const { code, stderr } = await cli.run(['budget', 'set', `--every=${every}`]);
    assert.equal(code, 2, every);
    assert.match(stderr, /error LIM-05: .*\nnext: .*0\.2 s to 300 s/);
  }
});

test('for a database that does not answer, a command prints one line with host and reason, and no stack', async () => {
  await using cli = await openCli();
  const ask = (url: string, ...args: string[]) => cli.run(args, { DATABASE_URL: url });
  const closed = await ask('postgres://ann:hidden@127.0.0.1:1/x', 'start', '--json');
  assert.equal(closed.code, 7);
  const [line = '', next = '', ...rest] = closed.stderr.trim().split('\n');
  assert.match(line, /^error DB-02: .*127\.0\.0\.1:1.*ECONNREFUSED/);
  assert.match(next, /^next: /);
  assert.deepEqual(rest, []);
  const { error } = JSON.parse(closed.stdout) as { error: Record<string, string> };
  assert.equal(error.code, 'DB-02');
  assert.ok(error.title && error.explanation && error.next);
  const unknown = await ask('postgres://ann:hidden@no-such-host.invalid/x', 'demo');
  assert.match(unknown.stderr, /error DB-0[12]: .*no-such-host\.invalid/);
  for (const { stdout, stderr } of [closed, unknown]) {
    assert.doesNotMatch(stdout + stderr, /hidden|\n {4}at /);
  }
});

test('a command without a running server names the folder, says how to start one, and creates nothing', async () => {
  await using cli = await openCli();
  const { code, stderr } = await cli.run(['status', '--data', cli.dataDir]);
  assert.equal(code, 4);
  assert.ok(
    stderr.startsWith('error SYS-11: ') && stderr.includes(`data directory ${cli.dataDir}\n`),
    stderr,
  );
  const start = `npm run demo -- --data ${cli.dataDir}, or ./lockstep start --data ${cli.dataDir}`;
  assert.ok(stderr.includes(`next: Start one: ${start}. For one elsewhere: ./lockstep login`), stderr);
  await assert.rejects(stat(cli.dataDir));
});

test('a key is never sent to another machine over plain http, by a command or by login', async () => {
  await using cli = await openCli({ LOCKSTEP_API_KEY: 'lsk_canary' });
  const there = { LOCKSTEP_URL: 'http://lockstep.example.com:8400' };
  for (const args of [['status'], ['login', there.LOCKSTEP_URL, '--key-file', '/proc/self/cmdline']]) {
    const { code, stderr } = await cli.run(args, there);
    assert.equal(code, 5, stderr);
    assert.match(stderr, /^error SYS-22: .*lockstep\.example\.com.*\nnext: .*https/);
    assert.doesNotMatch(stderr, /canary/);
  }
});

test('a server that does not answer, or is no Lockstep, is named with the reason', async () => {
  await using cli = await openCli({ LOCKSTEP_API_KEY: 'lsk_canary' });
  const nobody = await cli.run(['status', '--json'], { LOCKSTEP_URL: 'http://127.0.0.1:1' });
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /^error SYS-20: .*http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)/);
  assert.equal((JSON.parse(nobody.stdout) as { error: { code: string } }).error.code, 'SYS-20');
  await using other = await startOther((response) => response.writeHead(200).end('<html>'));
  const html = await cli.run(['status'], { LOCKSTEP_URL: other.url });
  assert.match(html.stderr, /^error SYS-21: .*server unknown, command \d/);
  await using away = await startOther((response) => response.writeHead(302, { location: '/' }).end());
  const redirect = await cli.run(['status'], { LOCKSTEP_URL: away.url });
  assert.match(redirect.stderr, /answers 302, in a form/);
  await using proxy = await startOther((response) => response.writeHead(502).end());
  const unanswered = await cli.run(['status'], { LOCKSTEP_URL: proxy.url });
  assert.match(unanswered.stderr, /^error SYS-20: .*status 502 from something in between/);
});

/** Something that listens and is no Lockstep. */
async function startOther(
  answer: (response: ServerResponse) => unknown,
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((_, response) => void answer(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

test('without a key for the server that is named, a command says how to give it one', async () => {
  await using cli = await openCli();
  const { code, stderr } = await cli.run(['status'], { LOCKSTEP_URL: 'https://lockstep.example.com' });
  assert.equal(code, 2);
  assert.match(
    stderr,
    /There is no key for https:.*\nnext: Set LOCKSTEP_API_KEY, or store one: \.\/lockstep login/,
  );
});

test('a data directory of a newer version is refused and left unchanged', async () => {
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

test('a second server on one data directory is refused; a dead one does not block it', async () => {
  await using folder = await openFolder();
  const claim = await claimRunFile(folder.path);
  await claim.publish({ controlUrl: 'postgres://x' });
  assert.equal((await stat(join(folder.path, 'run.json'))).mode & 0o777, 0o600);
  await assert.rejects(claimRunFile(folder.path), /is already running on the data directory/);
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
  await assert.rejects(eraseDirectory(folder.path), /is not a Lockstep data directory; nothing was erased/);
  assert.equal(await readFile(join(folder.path, 'thesis.txt'), 'utf8'), 'ten years');
  await writeFile(join(folder.path, 'format'), '1\n');
  assert.equal(await eraseDirectory(folder.path), true);
  await assert.rejects(stat(join(folder.path, 'thesis.txt')));
  assert.ok((await stat(folder.path)).isDirectory());
});

test('a folder with other things in it never becomes a data directory', async () => {
  await using folder = await openFolder();
  await mkdir(join(folder.path, 'lost+found'));
  await writeFile(join(folder.path, 'thesis.txt'), 'ten years');
  await assert.rejects(prepareDirectory(folder.path), /is not empty, and not a Lockstep data directory/);
  await rm(join(folder.path, 'thesis.txt'));
  await prepareDirectory(folder.path);
  await writeFile(join(folder.path, 'more'), '');
  await prepareDirectory(folder.path);
});

test('if a data directory cannot be made, a command prints one plain line and exits with code 2', async () => {
  await using cli = await openCli();
  const file = join(cli.folder, 'file');
  await writeFile(file, '');
  for (const [path, reason] of [
    [file, 'EEXIST'],
    [join(file, 'below'), 'ENOTDIR'],
  ] as const) {
    const { code, stderr } = await cli.run(['start', '--data', path]);
    assert.equal(code, 2);
    assert.equal(
      stderr.split('\n')[0],
      `error: The data directory ${path} cannot be made or used (${reason})`,
    );
  }
});

test('a command named in a text works when pasted in a clone', () => {
  const text = 'Go on: lockstep sync resume x, or npm run demo -- --fresh. See lockstep help config';
  assert.equal(
    pasteable(text),
    'Go on: ./lockstep sync resume x, or npm run demo -- --fresh. See ./lockstep help config',
  );
  assert.equal(
    pasteable(text, 'my data'),
    "Go on: ./lockstep sync resume --data 'my data' x, or npm run demo -- --data 'my data' --fresh. See ./lockstep help config",
  );
  assert.equal(pasteable('lockstep 0.1.0; database lockstep_s1'), 'lockstep 0.1.0; database lockstep_s1');
});

test('a record’s value cannot send control characters to the terminal', () => {
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
