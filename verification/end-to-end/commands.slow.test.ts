/** The commands about syncs, keys, readers and servers, against the API of a control database. No worker runs. */
import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { newSyncOf, openApi, withSyncs } from '@lockstep/harness/api-harness';
import { type Cli, type ExitResult, openCli } from '@lockstep/harness/cli-process';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { Browser } from '@lockstep/harness/sign-in';
import {
  type Control,
  countQuery,
  countRequest,
  listSyncs,
  recordOrgUsage,
  type Sync,
} from 'lockstep/control';

interface Setup extends AsyncDisposable {
  control: Control;
  cli: Cli;
  sync: Sync;
}

async function openSetup(): Promise<Setup> {
  await using undo = new AsyncDisposableStack();
  const api = undo.use(await withSyncs(['acme']));
  const { control } = api.control;
  const cli = undo.use(await openCli(api.environment));
  const [sync] = await listSyncs(control);
  assert.ok(sync);
  const ends = undo.move();
  return { control, cli, sync, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const json = ({ stdout }: ExitResult): unknown => JSON.parse(stdout);

test('usage shows where requests went and how many of its daily requests the org has used', async () => {
  await using setup = await openSetup();
  const { control, cli, sync } = setup;
  const before = await cli.run(['usage']);
  assert.match(before.stdout, /Salesforce has not said yet/);
  for (const purpose of ['poll', 'poll', 'setup']) countRequest(control, sync.id, purpose);
  countQuery(control, sync.id, { sobject: 'Account', kind: 'head', rows: 1_200, purpose: 'poll', share: 1 });
  recordOrgUsage(control, sync.id, { used: 13_650, max: 15_000 });
  await control.usage.flush();

  const { stdout } = await cli.run(['usage', '--sync', 'acme']);
  assert.match(stdout, /^poll +2 +2$/m);
  assert.match(stdout, /^all +3 +3$/m);
  const hours = await cli.run(['usage', '--by-hour', '--since', '2h']);
  assert.match(hours.stdout, /^\d{4}-\d\d-\d\d \d\d:00 +poll +Account +1 +1 +1,200$/m);
  assert.match(hours.stdout, / setup +– +1 +0 +0$/m);
  assert.match(stdout, /^Account +head +1 +1,200$/m);
  assert.match(stdout, /13,650 of 15,000 requests of 24 h \(91 %\).*as of \d+ s ago; acme stops at 90 %/);
  assert.match(stdout, /LIM-02: Stop line reached.*\nnext: .*budget set --stop-at/);
  const {
    org,
    as_of: _,
    ...rest
  } = json(await cli.run(['usage', '--json'])) as {
    org: Record<string, unknown>;
    as_of: string;
  };
  const { recorded_at: recordedAt, ...figures } = org;
  assert.deepEqual(figures, { used: 13_650, max: 15_000, percent: 91 });
  assert.match(String(recordedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(rest, {
    schema: 1,
    name: 'acme',
    requests: [
      { purpose: 'poll', last_hour: 2, last_day: 2 },
      { purpose: 'setup', last_hour: 1, last_day: 1 },
    ],
    queries: [{ sobject: 'Account', kind: 'head', queries: 1, rows: 1_200 }],
    shares: {
      objects: [{ sobject: 'Account', requests: 1 }],
      other: 2,
      proxied: 0,
      total: 3,
      other_programs: 13_647,
    },
    stop_at_percent: 90,
  });
});

test('a budget is shown with its share of the day, and its stop percentage can change alone', async () => {
  await using setup = await openSetup();
  const { control, cli, sync } = setup;
  recordOrgUsage(control, sync.id, { used: 1_500, max: 15_000 });
  await control.usage.flush();
  const set = await cli.run(['budget', 'set', '--stop-at', '75', '--json']);
  const budget = {
    schema: 1,
    name: 'acme',
    interval_ms: 3_000,
    requests_per_day: 28_800,
    stop_at_percent: 75,
  };
  assert.deepEqual(json(set), budget);
  const { stdout } = await cli.run(['budget', 'show']);
  assert.match(stdout, /every 3 s = at most 28,800 requests a day, 192 % of the org's; .*has used 75 %/);
  assert.match(stdout, /1,500 of 15,000 requests/);
  const { org, ...shown } = json(await cli.run(['budget', 'show', '--json'])) as { org: { percent: number } };
  assert.deepEqual(shown, { ...budget, requests_last_day: 0 });
  assert.equal(org.percent, 10);
});

test('the setting for writes while the database is down is shown with its consequence, and changed', async () => {
  await using setup = await openSetup();
  const { cli } = setup;
  const shown = await cli.run(['sync', 'set']);
  assert.match(shown.stdout, /^acme: .*refused with 503 and not sent \(refuse\)\.$/m);
  const set = await cli.run(['sync', 'set', '--sync', 'acme', '--on-database-down', 'forward', '--json']);
  const { api_version: version, ...changed } = json(set) as Record<string, unknown>;
  assert.deepEqual(changed, {
    schema: 1,
    name: 'acme',
    on_database_down: 'forward',
    foreign_keys: 'off',
    fields_left_out: [],
  });
  assert.match(shown.stdout, new RegExp(`^acme: it speaks API version ${String(version)}\\.$`, 'm'));
  assert.match((await cli.run(['sync', 'set'])).stdout, /answered as pending.*\(forward\)\.$/m);
});

test('a sync is deleted by its name, only with --yes where there is no terminal to ask on', async () => {
  await using setup = await openSetup();
  const { cli } = setup;
  const unasked = await cli.run(['sync', 'delete']);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /this erases\n {2}- the database lockstep_s.*next: Nothing was erased/s);
  const dry = json(await cli.run(['sync', 'delete', '--dry-run', '--json'])) as { deleted: boolean };
  assert.equal(dry.deleted, false);
  assert.equal((await cli.run(['sync', 'delete', '--sync', 'nobody', '--yes'])).code, 4);
  const deleted = await cli.run(['sync', 'delete', '--yes']);
  assert.equal(deleted.code, 0, deleted.stderr);
  assert.match(deleted.stderr, /\nacme is deleted\.\n$/);
  assert.equal((await cli.run(['sync', 'delete', '--yes'])).code, 4);
});

test('a key of the API is shown once, listed without what makes it valid, and revoked', async () => {
  await using setup = await openSetup();
  const { cli } = setup;
  const made = await cli.run(['api-key', 'create', 'deploy', '--scope', 'write', '--expires-in-days', '30']);
  assert.match(made.stdout, /^lsk_[0-9a-f]{12}_[\w-]{43}\n$/);
  const list = await cli.run(['api-key', 'list']);
  assert.match(list.stdout, /deploy +write +\d{4}-\d\d-\d\dT\S+ +–\n/);
  assert.ok(!list.stdout.includes(made.stdout.trim().slice(-20)));
  const taken = await cli.run(['api-key', 'create', 'deploy']);
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /^error CFG-03: The name is taken.*\nnext: Choose another name\.$/m);
  assert.equal((await cli.run(['api-key', 'revoke', 'deploy'])).code, 0);
  assert.equal((await cli.run(['api-key', 'revoke', 'deploy'])).code, 4);
});

test('a sync is made, read, changed and deleted by commands of another machine that has logged in', async () => {
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  const made = await api.ask('POST', '/api/v1/api-keys', { name: 'ann', scope: 'write' });
  await using cli = await openCli();
  const file = async (name: string, text: string) => {
    const path = join(cli.folder, name);
    await writeFile(path, text);
    return path;
  };
  const wrong = await cli.run(['login', api.url, '--key-file', await file('wrong', 'lsk_wrong')]);
  assert.equal(wrong.code, 5);
  assert.match(
    wrong.stderr,
    /^error API-02: .* revoked\nnext: Log in with another key: \.\/lockstep login http:/,
  );
  const login = await cli.run(['login', api.url, '--key-file', await file('key', String(made.body.key))]);
  assert.equal(login.code, 0, login.stderr);
  const stored = join(cli.folder, '.config', 'lockstep', 'login.json');
  assert.equal((await stat(stored)).mode & 0o777, 0o600);

  const { clientId, clientSecret } = org.credentials.integration;
  const flags = ['--org', org.url, '--name', 'acme', '--objects', 'account,Contact'];
  const credential = ['--client-id', clientId, '--client-secret-file', await file('secret', clientSecret)];
  const create = ['sync', 'create', ...flags, ...credential];
  const dry = await cli.run([...create, '--dry-run']);
  assert.match(dry.stdout, /Nothing was made\.\nOBJECT .*\nAccount +Account +account +\d+ +polled\n/);
  assert.match(dry.stderr, /production org, .* Edition\n.*Signed in as .*\nCHECK +STATE +WHY\n/s);
  const created = json(await cli.run([...create, '--json'])) as { mirror_url: string };
  const mirror = openDatabase({ url: created.mirror_url, applicationName: 'test' });
  assert.deepEqual(await mirror.query(sql`SELECT count(*) FROM salesforce.account`), [{ count: 0 }]);
  await mirror.end();

  const status = await cli.run(['status']);
  assert.match(status.stdout, /^acme {2}Not running/);
  assert.match(status.stderr, new RegExp(`^at ${api.url}$`, 'm'));
  const read = await cli.run(['sql', 'SELECT count(*) FROM contact']);
  assert.equal(read.stdout, 'count\n0\n', read.stderr);
  assert.equal((await cli.run(['budget', 'set', '--every', '10s'])).code, 0);
  assert.equal((await cli.run(['sync', 'pause'])).code, 0);
  assert.match((await cli.run(['sync', 'list'])).stdout, /^acme .* Paused +10 s +Account, Contact$/m);

  const reader = await cli.run(['reader', 'create', 'reports']);
  assert.match(reader.stdout, /^PGPASSWORD='\w+' psql 'postgres:\/\/lockstep_\w+_ro_reports@/);
  assert.match((await cli.run(['reader', 'list'])).stdout, /^main +lockstep_.*\nreports +lockstep_/m);
  assert.equal((await cli.run(['reader', 'drop', 'reports'])).code, 0);
  assert.equal((await cli.run(['reader', 'drop', 'reports'])).code, 4);

  assert.equal((await cli.run(['sync', 'delete', '--yes'])).code, 0);
  assert.match((await cli.run(['status'])).stderr, /There is no sync yet/);
  assert.equal((await cli.run(['logout'])).code, 0);
  assert.match((await cli.run(['status'])).stderr, /^error SYS-11: /);
  await assert.rejects(stat(stored));
});

test('a sync is re-authorised by commands: by a key pair that is made here, then in a browser', async () => {
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  await using cli = await openCli(api.environment);
  assert.equal((await api.ask('POST', '/api/v1/syncs', newSyncOf(org))).status, 201);

  const certificatePem = (await cli.run(['jwt-key', 'create', 'acme'])).stdout;
  const { username } = org.credentials.integration;
  await org.control('/signIn/app', {
    clientId: 'app',
    flows: ['jwt_bearer'],
    scopes: ['api'],
    certificatePem,
    approvedUsers: ['integration'],
  });
  const jwt = ['--flow', 'jwt', '--client-id', 'app', '--jwt-key', 'acme'];
  const dry = await cli.run(['sync', 'reauth', ...jwt, '--username', username, '--dry-run']);
  assert.match(dry.stderr, /Nothing was replaced/);
  const wrong = await cli.run(['sync', 'reauth', ...jwt, '--username', 'nobody@example.com']);
  assert.deepEqual([wrong.code, wrong.stderr.split(':')[0]], [6, 'error SF-04']);
  const done = await cli.run(['sync', 'reauth', ...jwt, '--username', username]);
  assert.match(done.stderr, /^acme signs in with it from now on \(jwt bearer\)/);
  assert.doesNotMatch(done.stderr, /View All/);
  await org.control('/users/rights', { user: 'integration', viewAllData: false });
  const lacking = await cli.run(['sync', 'reauth', ...jwt, '--username', username]);
  assert.match(lacking.stderr, /^(?:advice|must fix), .*View All.*\nnext: .*/m);
  await org.control('/users/rights', { user: 'integration' });

  await org.control('/signIn/app', {
    clientId: 'web-app',
    flows: ['authorization_code'],
    redirectUris: [`http://localhost:${api.port}/oauth/callback`],
  });
  const web = await cli.start(
    ['sync', 'reauth', '--flow', 'web', '--client-id', 'web-app'],
    '/oauth/start?ticket=',
  );
  const start = /^ {2}(http\S+)$/m.exec(web.stderr())?.[1] ?? '';
  await signInByBrowser(org, start);
  const { code, stderr } = await web.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /acme signs in with it from now on \(refresh token\)/);
  await api.ask('DELETE', '/api/v1/syncs/acme');
});

/** Follows the link, signs in as the demo user, allows, and comes back. */
async function signInByBrowser(org: TestOrg, start: string): Promise<void> {
  const here = (url: string) => url.replace('//localhost:', '//127.0.0.1:');
  const started = await fetch(here(start), { redirect: 'manual' });
  const browser = new Browser(org);
  const query = new URL(started.headers.get('location') ?? '').searchParams.toString();
  const { username, password } = org.credentials.demo;
  const consent = await browser.submit(await browser.begin(query), { username, password });
  const { location } = await browser.submit(consent, { decision: 'allow' });
  const cookie = started.headers.get('set-cookie')?.split(';')[0] ?? '';
  const back = await fetch(here(String(location)), { headers: { cookie } });
  assert.equal(back.status, 200);
}

test('flags of another flow, and missing ones, are refused before anything is asked', async () => {
  await using cli = await openCli();
  for (const [flags, says] of [
    [['--flow', 'soap'], /--flow takes client-credentials, jwt, refresh-token, web/],
    [['--flow', 'web'], /--client-id is missing/],
    [['--client-id', 'x', '--username', 'y'], /--username does not belong to --flow client-credentials/],
    [['--client-id', 'x', '--flow', 'jwt'], /needs --username/],
    [['--client-id', 'x', '--flow', 'jwt', '--username', 'y'], /needs either --jwt-key or --key-file/],
  ] as const) {
    const { code, stderr } = await cli.run(['sync', 'reauth', ...flags]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
  }
});
