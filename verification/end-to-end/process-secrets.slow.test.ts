/**
 * A server as a person runs it, with secrets of every kind: none reaches what it prints, logs, writes beside the
 * database server's own files, streams, mails, tells commands, or passes to a process that it starts.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { newSyncOf } from '@lockstep/harness/api-harness';
import { openTestLog } from '@lockstep/harness/control';
import { dumpControl, linesWith } from '@lockstep/harness/control-dump';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { openMailServer } from '@lockstep/harness/mail-server';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { dataFiles, openServerWithOrg, type ServerWithOrg } from '@lockstep/harness/server-with-org';
import { pastedToken } from '@lockstep/harness/sign-in';
import { openSshServer } from '@lockstep/harness/ssh-server';
import { findSync, openControl, openJwtKey, openReaderUrl, openWriterUrl } from 'lockstep/control';
import { keyFromBytes, newKeyBytes } from 'lockstep/control/testing';
import { readRunFile } from 'lockstep/operations/run-file';

const canary = 'CANARY9b41f7c2';
type Secrets = Map<string, string>;

/** Files of the data directory that are there to hold a secret; only their owner can read them. */
const secretFiles: Record<string, readonly string[]> = {
  'run.json': ['key of this machine', 'password of the database server'],
  'postgres-password': ['password of the database server'],
};

/** The longest line of a key: its others are common to all keys. */
const lineOf = (pem: string): string => pem.split('\n')[2] ?? assert.fail('a key has lines');

/** The administrator, a session and a program. Returns the cookie. */
async function usePeople({ server }: ServerWithOrg, secrets: Secrets): Promise<string> {
  const line = await readFile(join(server.cli.dataDir, 'setup-token'), 'utf8');
  const token = /token=(\S+)/.exec(line)?.[1] ?? '';
  secrets.set('set-up token', token);
  const password = `${canary} is a long phrase`;
  const nobody = { authorization: '' };
  const setUp = await server.ask('POST', '/api/v1/setup', { token, password }, nobody);
  assert.equal(setUp.status, 201, JSON.stringify(setUp.body));
  const [, cookie = ''] = /=([^;]+)/.exec(setUp.headers.get('set-cookie') ?? '') ?? [];
  secrets.set('cookie', cookie);
  await server.ask('POST', '/api/v1/session', { password: `${canary} wrong` }, nobody);
  return String(setUp.headers.get('set-cookie')).split(';')[0] ?? '';
}

/** Credentials of each flow that are given, tried, refused and used. */
async function useCredentials({ org, server, accepted }: ServerWithOrg, secrets: Secrets): Promise<void> {
  const { key } = await accepted('POST', '/api/v1/api-keys', { name: 'program', scope: 'write' });
  secrets.set('key of a program', String(key));
  await accepted('POST', '/api/v1/jwt-keys', { name: 'pair' });
  const pem = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
  secrets.set('pasted private key', lineOf(pem));
  const client_id = org.credentials.web.clientId;
  for (const credential of [
    { flow: 'jwt bearer', client_id, username: 'nobody@example.com', private_key: pem },
    { flow: 'jwt bearer', client_id, username: 'nobody@example.com', key: 'pair' },
    { flow: 'client credentials', client_id, client_secret: canary },
  ]) {
    await server.ask('POST', '/api/v1/org-checks', { login_url: org.url, credential });
    const refused = await server.ask('PUT', '/api/v1/syncs/acme/credential', { credential });
    assert.ok(refused.status >= 400);
  }
  const pasted = await pastedToken(org);
  secrets.set('refresh token', pasted.refresh_token ?? '');
  secrets.set('client secret', org.credentials.integration.clientSecret);
  secrets.set('client secret of the web app', pasted.client_secret);
  await accepted('PUT', '/api/v1/syncs/acme/credential', { credential: pasted });
}

/** A sync in a database of a person behind a tunnel, that is tried with wrong passwords too. */
async function useTunnel({ org, server, accepted }: ServerWithOrg, secrets: Secrets): Promise<void> {
  await using own = await openOwnDatabase();
  await using ssh = await openSshServer();
  secrets.set('key of the tunnel', lineOf(ssh.form.key));
  secrets.set('own writer', new URL(own.url).password);
  secrets.set('own reader', new URL(own.readerUrl).password);
  const destination = own.form({ tunnel: ssh.form });
  const wrong = new URL(own.url);
  wrong.password = canary;
  await server.ask('POST', '/api/v1/destinations/check', { ...destination, url: wrong.href });
  await accepted('POST', '/api/v1/syncs', newSyncOf(org, { name: 'owned', destination }));
  await accepted('PUT', '/api/v1/syncs/owned/destination', destination);
  await accepted('DELETE', '/api/v1/syncs/owned');
}

/** Records with the canary: written, set aside, queried, tried; requests that are refused for it. */
async function useRecords(own: ServerWithOrg, id: string, secrets: Secrets): Promise<void> {
  const path = '/api/v1/syncs/acme';
  const reader = await own.accepted('POST', `${path}/readers`, { name: 'app' });
  secrets.set('password of a reader', new URL(String(reader.mirror_url)).password);
  secrets.set('token of a caller', await own.org.token('demo'));
  const accounts = `${dataPath}/sobjects/Account`;
  const created = await own.call(id, 'POST', accounts, { Name: canary });
  const record = ((await created.json()) as { id: string }).id;
  await own.call(id, 'PATCH', `${accounts}/${record}`, { NumberOfEmployees: canary });
  await own.call(id, 'GET', `${dataPath}/query?q=SELECT+Id+FROM+Account+WHERE+Name='${canary}`);
  await own.accepted('POST', `${path}/trial`, {
    object: 'Account',
    id: record,
    token: await own.org.token('demo'),
  });
  await own.server.ask('POST', `${path}/trial`, { object: 'Account', id: record, token: canary });
  for (const query of [`SELECT '${canary}'`, `SELECT '${canary}'::int`])
    await own.server.ask('POST', `${path}/query`, { query });
  const mirror = own.admin(`lockstep_${id}`);
  await mirror.script(
    'ALTER TABLE salesforce.account ADD CONSTRAINT short_names CHECK (length(name) < 5) NOT VALID',
  );
  await own.call(id, 'POST', accounts, { Name: `${canary} again` });
  for (let tries = 0; tries < 200; tries++) {
    const { items } = await own.accepted('GET', `${path}/set-aside`);
    if ((items as unknown[]).length > 0) break;
    await systemClock.sleep(100);
  }
  const begun = { 'idempotency-key': randomUUID() };
  await own.server.ask('POST', `${path}/operations`, { kind: 'verify', level: 'content' }, begun);
}

/** Commands that succeed and fail, in words and in JSON. */
async function useCommands({ org, server: { cli } }: ServerWithOrg): Promise<string> {
  const secretFile = join(cli.folder, 'secret');
  await writeFile(secretFile, canary);
  const urls = join(cli.folder, 'urls');
  await writeFile(urls, `postgres://w:${canary}@localhost:1/crm\npostgres://r:${canary}@localhost:1/crm\n`);
  const given = ['--client-id-file', secretFile, '--client-secret-file', secretFile];
  const json = '--json';
  const results = await Promise.all(
    [
      ['status'],
      ['status', json],
      ['activity', json],
      ['audit', json],
      ['sync', 'list'],
      ['api-key', 'list'],
      ['jwt-key', 'list'],
      ['objects', 'set-aside', 'Account', json],
      ['sync', 'reauth', ...given],
      ['sync', 'reauth', ...given, json],
      ['sync', 'create', '--org', org.url, '--name', 'refused', ...given, '--objects', 'Account', json],
      ['db', 'test', '--url-file', urls],
      ['db', 'test', '--url-file', urls, json],
    ].map((args) => cli.run(args)),
  );
  for (const { stdout, stderr } of results) assert.notEqual(stdout + stderr, '');
  return JSON.stringify(results);
}

/** Arguments and environments of the database server and its processes. */
async function childProcesses(dataDir: string): Promise<string> {
  const [postmaster = ''] = (await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n');
  const parents = new Map<string, string>();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    parents.set(pid, stat.split(') ').at(-1)?.split(' ')[1] ?? '');
  }
  const pids = [postmaster, ...[...parents.keys()].filter((pid) => parents.get(pid) === postmaster)];
  assert.ok(pids.length > 3, 'the database server has processes');
  const read = (pid: string, what: string) => readFile(`/proc/${pid}/${what}`, 'utf8').catch(() => '');
  const texts = await Promise.all(pids.flatMap((pid) => [read(pid, 'cmdline'), read(pid, 'environ')]));
  assert.match(texts.join('\n'), /postgres.*LD_LIBRARY_PATH/s);
  return texts.join('\n').replaceAll('\0', '\n');
}

/** What an event stream says, until it is closed. */
async function listen({ server }: ServerWithOrg, path: string, headers: Record<string, string>) {
  const { apiUrl = '' } = (await readRunFile(server.cli.dataDir)) ?? {};
  const leave = new AbortController();
  const answer = await fetch(`${apiUrl}${path}`, { headers, signal: leave.signal });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  let heard = '';
  const reading = (async () => {
    for await (const chunk of answer.body ?? []) heard += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  return async () => {
    leave.abort();
    await reading;
    return heard;
  };
}

async function serversOwn(own: ServerWithOrg, key: Buffer, secrets: Secrets): Promise<void> {
  const { apiKey = '' } = (await readRunFile(own.server.cli.dataDir)) ?? {};
  secrets.set('key of this machine', apiKey);
  secrets.set('password of the database server', new URL(own.controlUrl).password);
  secrets.set('key that seals', key.toString('base64'));
  const { log } = openTestLog();
  const url = own.controlUrl;
  const opened = { url, key: keyFromBytes(key), applicationName: 'test', clock: systemClock, log };
  const control = await openControl(opened);
  const sync = await findSync(control, 'acme');
  assert.ok(sync);
  secrets.set('password that writes', new URL(await openWriterUrl(control, sync)).password);
  secrets.set('password that reads', new URL(await openReaderUrl(control, sync)).password);
  secrets.set('private key made here', lineOf((await openJwtKey(control, 'pair')) ?? ''));
  await control.end();
}

test('no secret and no value of a record leaves a server by any way but those that are made for it', async () => {
  const secrets: Secrets = new Map([['canary', canary]]);
  const key = newKeyBytes();
  const smtpPassword = 'mail-password-3f1a';
  secrets.set('password of the mail server', smtpPassword);
  await using mail = await openMailServer({ user: 'mailer', password: smtpPassword });
  const environment = {
    LOCKSTEP_SMTP_URL: mail.options.smtpUrl,
    LOCKSTEP_MAIL_FROM: mail.options.from,
    LOCKSTEP_MAIL_TO: mail.options.to,
    LOCKSTEP_LOG_LEVEL: 'debug',
  };
  await using own = await openServerWithOrg({ org: { records: 300 }, key, environment });
  const cookie = await usePeople(own, secrets);
  const made = await own.accepted('POST', '/api/v1/syncs', newSyncOf(own.org, { interval_ms: 250 }));
  const hear = await listen(own, '/api/v1/syncs/acme/events', { cookie });
  await own.untilCurrent('acme');
  await useCredentials(own, secrets);
  await useTunnel(own, secrets);
  await useRecords(own, String(made.id), secrets);
  await serversOwn(own, key, secrets);
  const commands = await useCommands(own);
  while (mail.mails.length === 0) await systemClock.sleep(50);

  const sinks: Record<string, string> = {
    'what it prints': own.server.printed(),
    'event stream': await hear(),
    commands,
    mails: mail.mails.join('\n'),
    'processes of the database server': await childProcesses(own.server.cli.dataDir),
    'control database': (await dumpControl(own.admin())).text,
    metrics: await (await fetch(own.server.metricsUrl ?? '')).text(),
  };
  const files = await dataFiles(own.server.cli.dataDir);
  assert.ok([...files.keys()].some((path) => path.startsWith('logs/')));
  for (const [sink, text] of Object.entries(sinks)) assert.ok(text.length > 100, `${sink}: ${text}`);
  for (const [name, secret] of secrets) {
    assert.ok(secret.length >= 8, name);
    for (const [sink, text] of Object.entries(sinks))
      assert.deepEqual(linesWith(text, secret), [], `${name} in ${sink}`);
    for (const [path, text] of files)
      if (!secretFiles[path]?.includes(name))
        assert.deepEqual(linesWith(text, secret), [], `${name} in ${path}`);
  }
});
