/** `sync create --file`: what stands in the file, what flags change of it, and how a wrong file is refused. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { startOrg } from '@lockstep/harness/org';

test('a file holds all that a sync is made of, its secrets are files beside it, and flags win over it', async () => {
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  await using cli = await openCli(api.environment);
  const folder = join(cli.folder, 'syncs');
  await mkdir(folder);
  const { clientId, clientSecret } = org.credentials.integration;
  await writeFile(join(folder, 'secret'), `${clientSecret}\n`);
  const file = join(folder, 'sync.json');
  const credential = { flow: 'client credentials', client_id: clientId, client_secret_file: 'secret' };
  const whole = { ...newSyncOf(org), credential, interval_ms: 1_500, fields_left_out: ['*.Description'] };
  await writeFile(file, JSON.stringify(whole));

  const dry = await cli.run(['sync', 'create', '-f', file, '--dry-run', '--json']);
  assert.equal(dry.code, 0, dry.stderr);
  const found = JSON.parse(dry.stdout) as { name: string; org_id: string; skipped: unknown };
  assert.deepEqual([found.name, found.org_id, found.skipped], ['acme', org.orgId, []]);
  assert.deepEqual((await api.ask('GET', '/api/v1/syncs')).body.items, []);

  const made = await cli.run(['sync', 'create', '--file', file, '--objects', 'Lead', '--every', '2s']);
  assert.equal(made.code, 0, made.stderr);
  const { body } = await api.ask('GET', '/api/v1/syncs/acme');
  assert.deepEqual(
    [body.objects, body.interval_ms, body.fields_left_out],
    [['Lead'], 2_000, ['*.Description']],
  );

  const { objects: _, ...withoutObjects } = whole;
  await writeFile(file, JSON.stringify(withoutObjects));
  await org.control('/users/rights', { user: 'integration', objects: { Lead: { read: false } } });
  const usual = await cli.run(['sync', 'create', '--file', file, '--name', 'usual']);
  assert.equal(usual.code, 0, usual.stderr);
  assert.match(usual.stderr, /usual ones are taken: Account, Contact, Opportunity, User, Product2\.\n/);
  assert.match(usual.stderr, /left out: Lead, because the org does not have it/);

  const other = ['--name', 'other', '--client-secret-file', join(cli.folder, 'none')];
  const flagged = await cli.run(['sync', 'create', '--file', file, ...other]);
  assert.equal(flagged.code, 2);
  assert.match(flagged.stderr, /\/none cannot be read \(ENOENT\)/);
  for (const name of ['acme', 'usual']) await api.ask('DELETE', `/api/v1/syncs/${name}`);
});

test('a file that cannot be used is refused with its wrong fields before a server is contacted', async () => {
  await using cli = await openCli();
  const file = join(cli.folder, 'sync.json');
  const app = { flow: 'client credentials', client_id: 'x' };
  const good = { login_url: 'https://acme.my.salesforce.com', credential: app };
  const jwt = { flow: 'jwt bearer', client_id: 'x', key: 'k' };
  for (const [content, says] of [
    [null, /sync\.json cannot be read \(ENOENT\)/],
    ['{"name": "CANARY" "x"}', /sync\.json is not JSON \(line 1 column 19\)/],
    ['CANARY', /sync\.json is not JSON\n/],
    [[good], /sync\.json holds no JSON object/],
    [{ ...good, interval: 3 }, /sync\.json cannot be used\n {2}interval: there is no such field/],
    [{ ...good, interval_ms: 5 }, /\n {2}interval_ms: Too small/],
    [{ ...good, objects: 'Account' }, /\n {2}objects: .*expected array/],
    [{ ...good, fields_left_out: ['x'] }, /\n {2}fields_left_out\.0: "x" is not OBJECT\.FIELD/],
    [{ ...good, credential: 'x' }, /\n {2}credential: .*expected record/],
    [{ ...good, credential: { flow: 'soap' } }, /\n {2}credential\.flow: .*'jwt bearer'/],
    [{ ...good, credential: jwt }, /\n {2}credential\.username: is missing/],
    [{ ...good, credential: { ...app, key: 'k' } }, /\n {2}credential\.key: there is no such field/],
    [{ ...good, credential: { ...app, client_secret_file: 'no' } }, /\/no cannot be read/],
    [
      { ...good, credential: { ...app, client_secret: 's', client_secret_file: 'no' } },
      /Either client_secret or client_secret_file can be given/,
    ],
    [{ ...good, destination: { schema: 'x' } }, /\n {2}destination\.url: is missing/],
    [{ credential: app }, /needs --org, or login_url in its file/],
    [{ ...good, login_url: 'acme' }, /\n {2}login_url: Invalid URL/],
  ] as const) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    if (content !== null) await writeFile(file, text);
    const { code, stdout, stderr } = await cli.run(['sync', 'create', '-f', file]);
    assert.deepEqual([code, stdout], [2, ''], text);
    assert.match(stderr, says);
    assert.match(stderr, /\nnext: \.\/lockstep help sync create/);
    assert.doesNotMatch(stderr, /CANARY/);
  }
});
