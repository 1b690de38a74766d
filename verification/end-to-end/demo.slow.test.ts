import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, literal, sql } from '@lockstep/foundation/sql';
import { type Cli, type ExitResult, openCli } from '@lockstep/harness/cli-process';
import { testServerUrl } from '@lockstep/harness/database';
import { findEmbedded } from 'lockstep/postgres';

/** The lines that the demo prints use curl. */
const noCurl = spawnSync('curl', ['--version']).error ? 'there is no curl on this machine' : false;

const small = ['--records', '300', '--activity', '0'];

/** Asserts that the check printed a report of success. */
function assertHeld({ code, stdout, stderr }: ExitResult): void {
  assert.equal(code, 0, stderr);
  const [line = '', ...more] = stdout.trim().split('\n');
  assert.deepEqual(more, []);
  const report = JSON.parse(line) as Record<string, unknown>;
  const { seconds, seconds_to_first_row: first, rows, rows_expected: expected, ...held } = report;
  assert.deepEqual(held, { ok: true, read_your_writes: { create: true, update: true, delete: true } });
  assert.ok(typeof rows === 'number' && rows > 100 && rows === expected, line);
  assert.ok(typeof seconds === 'number' && typeof first === 'number' && first > 0 && first < seconds, line);
}

test('the check passes twice in a row, and leaves nothing behind', async () => {
  await using cli = await openCli();
  for (let round = 0; round < 2; round++) {
    assertHeld(await cli.run(['demo', '--check', ...small]));
    assert.deepEqual(await readdir(cli.folder), []);
  }
});

test('an interrupted check leaves nothing behind and says so by its exit code', async () => {
  await using cli = await openCli();
  const running = await cli.start(['demo', '--check', ...small], 'A simulated Salesforce org');
  const { code, stdout } = await running.end('SIGTERM');
  assert.equal(code, 130);
  assert.equal((JSON.parse(stdout) as { ok: unknown }).ok, false);
  assert.deepEqual(await readdir(cli.folder), []);
});

test('on the user’s own server the check makes databases with random names, and removes them and their roles', async () => {
  await using login = await openLogin();
  await using cli = await openCli({ DATABASE_URL: login.url });
  for (let round = 0; round < 2; round++) {
    assertHeld(await cli.run(['demo', '--check', ...small]));
    assert.deepEqual(await login.left(), []);
    assert.deepEqual(await readdir(cli.folder), []);
  }
});

test('a check that fails says why, and leaves nothing behind', async () => {
  await using login = await openLogin();
  await using cli = await openCli({ DATABASE_URL: login.url });
  await login.forbidRoles();
  const { code, stdout, stderr } = await cli.run(['demo', '--check', ...small]);
  assert.equal(code, 7);
  assert.match(stderr, /error DB-06: /);
  assert.equal((JSON.parse(stdout) as { ok: unknown }).ok, false);
  assert.deepEqual(await login.left(), []);
  assert.deepEqual(await readdir(cli.folder), []);
});

test('the demo is a server that people and commands can use', async (t) => {
  await using cli = await openCli();
  const demo = await cli.start(['demo', ...small], 'Ctrl-C stops everything');

  await t.test(
    'the lines that the demo prints work as printed, from another terminal',
    { skip: noCurl },
    async () => {
      assert.ok(!demo.stderr().includes('\x1b'), 'no escape codes without a terminal');

      const screen = demo.stdout();
      const updates = [...screen.matchAll(/^ {2}(curl (?:.*\\\n)*.*)\n/gm)].map(([, line]) => line ?? '');
      const queries = [...screen.matchAll(/^ {2}\.\/lockstep (sql ".*")$/gm)].map(
        ([, line]) => `lockstep ${line}`,
      );
      const sourcing = /^ {2}(\. .*demo\.env)$/m.exec(screen)?.[1] ?? '';
      assert.deepEqual([updates.length, queries.length], [2, 2], 'with the variables, and without');
      for (const [place, before] of [sourcing, ':'].entries()) {
        const { stdout: answer, stderr } = await cli.shell(`${before}\n${updates[place]}`);
        assert.match(answer, /^HTTP\/1\.1 204 /, stderr);
        assert.match(answer, /^Lockstep-Applied: yes\r$/m);
        const shown = await cli.shell(`${before}\n${queries[place]}`);
        assert.match(shown.stdout, /Written at \d\d:\d\d:\d\d/, shown.stderr);
      }
      assert.equal((await stat(join(cli.dataDir, 'demo.env'))).mode & 0o777, 0o600);
      assert.match(screen, /[1-9]\d+ live records \(\d+ more are in the recycle bin\), and follows the org/);
    },
  );

  await t.test('commands reach the running demo, and none of them writes to the mirror', async () => {
    const second = await cli.run(['demo']);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /Lockstep is already running on the data directory/);
    const org = await cli.run(['simulated-org']);
    assert.equal(org.code, 1);
    assert.match(org.stderr, /simulated org .* is already running/);

    const status = await cli.run(['status', '--check', '--json']);
    assert.equal(status.code, 0, status.stderr);
    const { items } = JSON.parse(status.stdout) as {
      items: { objects: { sobject: string; rows: number }[] }[];
    };
    const rows = Object.fromEntries((items[0]?.objects ?? []).map((object) => [object.sobject, object.rows]));
    assert.equal(Object.keys(rows).length, 8);
    const counted = await cli.run(['sql', 'SELECT count(*) FROM salesforce.invoice_line__c', '--json']);
    assert.deepEqual(JSON.parse(counted.stdout), {
      schema: 1,
      items: [{ count: String(rows.Invoice_Line__c) }],
      is_cut: false,
    });

    for (const write of [
      'DELETE FROM salesforce.account',
      'SET default_transaction_read_only = off; DELETE FROM salesforce.account',
    ]) {
      const { code, stdout, stderr } = await cli.run(['sql', write]);
      assert.deepEqual([code, stdout], [7, ''], write);
      assert.match(stderr, /^error (25006|42601): /);
    }
    const allowed = await cli.run([
      'sql',
      `SELECT has_table_privilege('salesforce.account', 'INSERT, UPDATE, DELETE') AS may`,
    ]);
    assert.match(allowed.stdout, /^may\nf$/m);
    const twice = `SELECT 'a' AS name, 'b' AS name, NULL AS name`;
    const shown = (await cli.run(['sql', twice])).stdout;
    assert.match(shown, /^ *name +name +name *\n *a +b +– *\n/);
    const twiceAsJson = JSON.parse((await cli.run(['sql', twice, '--json'])).stdout) as { items: unknown };
    assert.deepEqual(twiceAsJson.items, [{ name: 'a', name_2: 'b', name_3: null }]);
    assert.match((await cli.run(['sql', 'SELECT id FROM account WHERE false'])).stdout, /^id\n/);
    const misspelt = await cli.run(['sql', 'SELEC 1', '--json']);
    assert.match(misspelt.stdout, /"code":"42601","title":"syntax error at or near \\"SELEC\\""/);
    const column = await cli.run(['sql', 'SELECT 1,\n nam FROM account']);
    assert.match(column.stderr, /\nline 2: {2}nam FROM account\n {9}\^\nhint: .*account\.name/);
    assert.match(
      (await cli.run(['sql', 'SELECT 1; SELECT 2'])).stderr,
      /42601: sql runs one query at a time/,
    );

    const budget = await cli.run(['budget', 'set', '--every', '1.5s', '--sync', 'demo']);
    assert.match(
      budget.stdout,
      /^demo: one request every 1\.5 s = at most 57,600 requests a day.*; stops when the org has used 90 %\.\n$/,
    );
    assert.equal((await cli.run(['sync', 'pause'])).code, 0);
    const paused = await cli.run(['status', '--check']);
    assert.equal(paused.code, 3);
    assert.match(paused.stdout, /^demo {2}Paused/);
    assert.match(paused.stderr, /^not healthy: demo: Paused/);
    assert.equal((await cli.run(['sync', 'resume', '--sync', 'demo'])).code, 0);
    assert.equal((await cli.run(['sync', 'resume', '--sync', 'nobody'])).code, 4);
  });

  await t.test('commands show the state of each object, and where the requests went', async () => {
    const listed = await cli.run(['objects', 'list', '--json']);
    const { items } = JSON.parse(listed.stdout) as { items: Record<string, unknown>[] };
    assert.equal(items.length, 8);
    const account = items.find(({ sobject }) => sobject === 'Account');
    assert.match(String(account?.read_until), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const { table_name, state, missing_rows, stopped } = account ?? {};
    assert.deepEqual([table_name, state, missing_rows, stopped], ['account', 'current', 0, null]);
    const shown = await cli.run(['objects', 'list']);
    assert.match(shown.stdout, /^Account +salesforce\.account +Current +[\d,]+ +\d+ s ago/m);

    assert.equal((await cli.run(['objects', 'missing'])).stdout, 'demo: no rows are missing.\n');
    assert.deepEqual(JSON.parse((await cli.run(['objects', 'missing', '--json'])).stdout), {
      schema: 1,
      name: 'demo',
      items: [],
    });
    for (const decision of ['--keep', '--remove']) {
      const { code, stderr } = await cli.run(['objects', 'missing', decision, 'account']);
      assert.equal(code, 4);
      assert.match(stderr, /demo has no missing rows of account\nnext: .*objects missing/);
    }

    const usage = JSON.parse((await cli.run(['usage', '--json'])).stdout) as {
      requests: { purpose: string; last_day: number }[];
    };
    const polls = usage.requests.find(({ purpose }) => purpose === 'poll');
    assert.ok((polls?.last_day ?? 0) > 0);
  });

  await t.test(
    'sync create refuses an unknown object with similar names, and a host that is not allowed, and creates nothing',
    async () => {
      const orgUrl = /(http:\/\/127\.0\.0\.1:\d+)$/m.exec(demo.stderr())?.[1] ?? '';
      const secrets = JSON.parse(await readFile(join(cli.dataDir, 'org-credentials.json'), 'utf8')) as {
        integration: { clientId: string; clientSecret: string };
      };
      const { clientId, clientSecret } = secrets.integration;
      const secretFile = join(cli.folder, 'client-secret');
      await cli.shell(`printf '%s\n' '${clientSecret}' > ${secretFile}`);
      const create = (objects: string, org = orgUrl) =>
        cli.run([
          'sync',
          'create',
          '--org',
          org,
          '--client-id',
          clientId,
          '--client-secret-file',
          secretFile,
          '--objects',
          objects,
        ]);
      const elsewhere = await create('Account', 'https://salesforce.example.com');
      assert.equal(elsewhere.code, 5);
      assert.match(elsewhere.stderr, /error ORG-04: .*\nnext: .*LOCKSTEP_ALLOW_HOST/);
      const unknown = await create('Acount');
      assert.equal(unknown.code, 4);
      assert.match(unknown.stderr, /error SCH-09: .*Near: Account\./);
      const list = async () =>
        (
          JSON.parse((await cli.run(['sync', 'list', '--json'])).stdout) as { items: { name: string }[] }
        ).items.map(({ name }) => name);
      assert.deepEqual(await list(), ['demo']);
      const made = await create('account');
      assert.equal(made.code, 0, made.stderr);
      assert.deepEqual(await list(), ['127.0.0.1', 'demo']);
      assert.match(made.stdout, /\n {2}PGPASSWORD='.*' psql 'postgres:\/\/lockstep_\w*_ro_main@.*'\n/);
      assert.match(made.stdout, /\n {2}\.\/lockstep watch --sync 127\.0\.0\.1\n/);
      assert.match(made.stderr, /holds a password/);
      const shown = await cli.run(['sync', 'show', '--sync', '127.0.0.1']);
      assert.match(
        shown.stdout,
        /\n {2}psql 'postgres:\/\/127\.0\.0\.1:.*\n {2}Its readers: main \(lockstep_/,
      );
      assert.doesNotMatch(shown.stdout, /PGPASSWORD/);
      const { base_url: base } = JSON.parse(
        (await cli.run(['sync', 'show', '--sync', 'demo', '--json'])).stdout,
      ) as {
        base_url: string;
      };
      assert.ok(demo.stdout().includes(`${base}\n`), base);
      const again = await create('Account');
      assert.equal(again.code, 2);
      assert.match(again.stderr, /sync named "127\.0\.0\.1" already exists\nnext: Choose another --name/);
    },
  );

  await t.test('a database server that is killed comes back, and the sync goes on', async () => {
    const pidFile = await readFile(join(cli.dataDir, 'postgres', 'postmaster.pid'), 'utf8');
    process.kill(Number(pidFile.split('\n')[0]), 'SIGKILL');
    await demo.says('it was started again on 127.0.0.1:');
    const { BASE, SF_TOKEN, ACCOUNT_ID } = parseEnv(await readFile(join(cli.dataDir, 'demo.env'), 'utf8'));
    const write = () =>
      fetch(`${BASE}/services/data/v62.0/sobjects/Account/${ACCOUNT_ID}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${SF_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ Name: 'After the crash' }),
      });
    let written = await write();
    for (let tries = 0; tries < 100 && written.status !== 204; tries++) written = await write();
    assert.equal(written.status, 204, 'proxy and org find their databases again');
    const since = new Date().toISOString();
    let status = { stdout: '' };
    for (let tries = 0; tries < 60; tries++) {
      status = await cli.run(['status', '--sync', 'demo', '--json']);
      if (readSince(status.stdout, since)) break;
    }
    assert.ok(readSince(status.stdout, since), status.stdout);
  });

  await t.test('the demo ends on Ctrl-C, with its database server', async () => {
    const { code } = await demo.end('SIGINT');
    assert.equal(code, 0);
    await assert.rejects(stat(join(cli.dataDir, 'run.json')));
    await assert.rejects(
      stat(join(cli.dataDir, 'postgres', 'postmaster.pid')),
      'the database server has stopped',
    );
  });
});

test('a second run goes on where the first was killed, and --fresh starts anew', async () => {
  await using cli = await openCli();
  const first = await cli.start(['demo', ...small], 'Ctrl-C stops everything');
  const syncId = await syncIdOf(cli);
  await first.end('SIGKILL');
  const orphaned = await cli.run(['status']);
  assert.match(orphaned.stderr, /^error SYS-11: /, 'a dead server answers nothing');

  const second = await cli.start(['demo', ...small], 'Ctrl-C stops everything');
  assert.match(second.stderr(), /Using the database server that is already running/);
  assert.match(second.stderr(), /Continuing with the sync of the last run/);
  assert.equal(await syncIdOf(cli), syncId);
  const { BASE, SF_TOKEN, ACCOUNT_ID } = parseEnv(await readFile(join(cli.dataDir, 'demo.env'), 'utf8'));
  const written = await fetch(`${BASE}/services/data/v62.0/sobjects/Account/${ACCOUNT_ID}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${SF_TOKEN}` },
  });
  assert.equal(written.headers.get('Lockstep-Applied'), 'yes', 'the proxy finds the org where it is now');
  assert.equal((await second.end('SIGTERM')).code, 0);

  const third = await cli.start(['demo', '--fresh', ...small], 'Ctrl-C stops everything');
  assert.match(third.stderr(), /^Erased what was in /);
  assert.notEqual(await syncIdOf(cli), syncId);
  assert.equal((await third.end('SIGINT')).code, 0);
});

/** Whether every object was read since then, by a running sync. */
function readSince(json: string, since: string): boolean {
  const { items = [] } = JSON.parse(json || '{}') as {
    items?: { has_worker: boolean; objects: { read_until: string | null }[] }[];
  };
  const [sync] = items;
  return sync?.has_worker === true && sync.objects.every(({ read_until: at }) => at !== null && at > since);
}

test('a server on what a killed demo left says what its sync waits for, and --fresh spares what is not the demo’s', async () => {
  await using cli = await openCli();
  const demo = await cli.start(['demo', ...small], 'Ctrl-C stops everything');
  await demo.end('SIGKILL');

  // Only the demo itself allows the host of its org.
  const server = await cli.start(['start'], 'LOCKSTEP_ALLOW_HOST');
  assert.match(server.stderr(), /demo waits: ORG-04 .*\n {2}next: .*LOCKSTEP_ALLOW_HOST/);
  const waiting = await cli.run(['status', '--check']);
  assert.equal(waiting.code, 3);
  assert.match(
    waiting.stdout,
    /^demo {2}Your decision needed since [\d:]{8} UTC, next try in \d+ (?:s|min)\. The tables show .* ago\n +ORG-04: .*\n +next: .*LOCKSTEP_ALLOW_HOST/,
  );
  assert.match(waiting.stderr, /^not healthy: demo: Your decision needed since/);
  assert.equal((await server.end('SIGKILL')).code, null);

  const admin = openDatabase({
    url: databaseUrl((await findEmbedded(cli.dataDir)) ?? '', { database: 'lockstep' }),
    applicationName: 'test',
    connectionsMax: 1,
  });
  await admin.query(sql`UPDATE lockstep.sync SET name = 'acme'`);
  await admin.end();
  const { code, stderr } = await cli.run(['demo', '--fresh', ...small]);
  assert.equal(code, 5);
  assert.match(stderr, /also holds the mirror of acme; nothing was erased/);
  await stat(join(cli.dataDir, 'postgres', 'PG_VERSION'));
});

async function syncIdOf(cli: Cli): Promise<string> {
  return (
    /^BASE='.*\/(s[a-z2-7]{26})'$/m.exec(await readFile(join(cli.dataDir, 'demo.env'), 'utf8'))?.[1] ?? 'none'
  );
}

/** A login without superuser rights, with its own database, on the tests' server. */
interface Login extends AsyncDisposable {
  url: string;
  /** Databases and roles that it made and did not remove. */
  left(): Promise<string[]>;
  forbidRoles(): Promise<void>;
}

async function openLogin(): Promise<Login> {
  const [name, password] = [`test_${randomBytes(6).toString('hex')}`, randomBytes(12).toString('hex')];
  const admin: Database = openDatabase({ url: testServerUrl(), applicationName: 'test', connectionsMax: 1 });
  await admin.query(sql`CREATE ROLE ${ident(name)} LOGIN CREATEDB CREATEROLE PASSWORD ${literal(password)}`);
  await admin.query(sql`CREATE DATABASE ${ident(name)} OWNER ${ident(name)}`);
  return {
    url: databaseUrl(testServerUrl(), { database: name, user: name, password }),
    async left() {
      const rows = await admin.query<{ name: string }>(sql`
        SELECT datname AS name FROM pg_database
         WHERE datdba = ${name}::regrole AND datname <> ${name}
        UNION ALL
        SELECT DISTINCT roleid::regrole::text FROM pg_auth_members WHERE member = ${name}::regrole`);
      return rows.map((row) => row.name);
    },
    forbidRoles: async () => {
      await admin.query(sql`ALTER ROLE ${ident(name)} NOCREATEROLE`);
    },
    async [Symbol.asyncDispose]() {
      await admin.query(sql`DROP DATABASE ${ident(name)}`);
      await admin.query(sql`DROP ROLE ${ident(name)}`);
      await admin.end();
    },
  };
}
