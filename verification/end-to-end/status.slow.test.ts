/** What `status` and the commands about objects say of a sync whose mirror reports problems. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { openApiOn } from '@lockstep/harness/api-harness';
import { type Cli, type ExitResult, openCli } from '@lockstep/harness/cli-process';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import {
  type SyncRequestServer,
  startSyncRequestServer,
  untilLeased,
} from '@lockstep/harness/sync-request-server';
import { openCredential, recordSyncProblem } from 'lockstep/control';
import { Fault } from 'lockstep/core/faults';

interface Setup extends AsyncDisposable {
  harness: EndToEndHarness;
  cli: Cli;
  server: SyncRequestServer;
}

/** A backfilled and polled sync whose only worker is the test's, so that nothing undoes what the test writes there. */
async function openSetup(): Promise<Setup> {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(
    await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account', 'Contact', 'Lead'] }),
  );
  const worker = harness.startWorker();
  await harness.until(
    sql`SELECT bool_and(coalesce(read_until, '-infinity') > now() - interval '20 s') FROM _lockstep.status`,
    'every object has been polled since its backfill',
  );
  await worker.stop();
  const { control } = harness.control;
  const server = undo.use(
    startSyncRequestServer(await harness.control.openAnother(), () => Promise.resolve()),
  );
  await untilLeased(control, harness.sync);
  const api = undo.use(await openApiOn(harness.control));
  const cli = undo.use(await openCli(api.environment));
  const ends = undo.move();
  return { harness, cli, server, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const problem = (sobject: string, kind: string): Sql => sql`
  INSERT INTO _lockstep.problem (stream_no, kind, code, explanation, next, since, tries, retry_at)
  SELECT stream_no, ${kind}, 'DB-15', 'A table refuses its rows.', 'See lockstep objects list', now() - interval '5 min', 7,
         now() + interval '30 s'
    FROM _lockstep.checkpoint WHERE sobject = ${sobject}`;

const setAside = (sobject: string, column: string | null, code: string, from: number, to: number): Sql => sql`
  INSERT INTO _lockstep.quarantine (stream_no, id, column_name, code, record, first_seen_at, tries, retry_at)
  SELECT stream_no, '003000000000' || lpad(n::text, 3, '0') || 'AAA', ${column}, ${code}, '{"Name":"canary"}',
         now() - interval '2 h', 3, now() + interval '1 h'
    FROM _lockstep.checkpoint, generate_series(${from}::integer, ${to}::integer) AS n WHERE sobject = ${sobject}`;

const json = ({ stdout }: ExitResult): unknown => JSON.parse(stdout);

type Objects = { items: { headline?: string; objects?: Record<string, unknown>[] }[] };

test('the headline, the check and the JSON of status show what the mirror reports of its objects', async (t) => {
  await using setup = await openSetup();
  const { harness, cli, server } = setup;
  const well = await cli.run(['status', '--check']);
  assert.equal(well.code, 0, well.stderr + well.stdout);

  await t.test('a check that cannot be made is reported as unproven, and counts as healthy', async () => {
    await harness.admin.query(problem('Lead', 'counts'));
    const { code, stdout, stderr } = await cli.run(['status', '--check']);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^harness {2}Live\. .*\. Lead: its counts have not been compared since .*\(7 tries, next in \d+ s\)\n +DB-15: A table refuses its rows\.\n +next: See \.\/lockstep objects list$/m,
    );
    assert.match(stdout, /^Lead +Current /m);
    assert.match(stderr, /^unproven: harness: Lead: its counts have not been compared/m);
  });

  await t.test('records that are set aside are gaps, and the check exits with code 3', async () => {
    await harness.admin.query(setAside('Contact', 'birthdate', 'misfit', 1, 120));
    await harness.admin.query(setAside('Contact', null, '23505', 121, 121));
    await harness.admin.query(setAside('Account', 'name', 'XX000', 200, 200));
    const { code, stdout, stderr } = await cli.run(['status', '--check']);
    assert.equal(code, 3);
    assert.match(
      stdout,
      /^harness {2}Live, with 122 records set aside in Account and Contact\. Every object is/m,
    );
    assert.match(stdout, /^Contact +With gaps /m);
    assert.match(stderr, /^not healthy: harness: 121 records of Contact are set aside\./m);
  });

  await t.test('a problem that keeps an object from being read comes first', async () => {
    await harness.admin.query(problem('Account', 'poll'));
    await harness.admin.query(sql`
      UPDATE _lockstep.column SET hidden_since = now() - interval '1 day'
       WHERE field = 'Phone' AND stream_no = (SELECT stream_no FROM _lockstep.checkpoint WHERE sobject = 'Lead')`);
    const { code, stdout, stderr } = await cli.run(['status', '--check', '--json']);
    assert.equal(code, 3);
    assert.match(
      stderr,
      /^not healthy: harness: Account: changes have not been read since .* DB-15: A table refuses/m,
    );
    const [item] = (json({ code, stdout, stderr }) as Objects).items;
    assert.match(item?.headline ?? '', /^Catching up: Account: changes have not been read/);
    assert.match((await cli.run(['sync', 'list'])).stdout, /^harness .* Catching up {2,}/m);
    const [listed] = (json(await cli.run(['sync', 'list', '--json'])) as Objects).items;
    assert.match(listed?.headline ?? '', /^Catching up: Account: changes have not been read/);
    const [account, contact, lead] = item?.objects ?? [];
    assert.deepEqual([account?.set_aside_rows, contact?.set_aside_rows, lead?.set_aside_rows], [1, 121, 0]);
    const [reported] = (account?.problems ?? []) as Record<string, unknown>[];
    const { since, retry_at: retryAt, ...facts } = reported ?? {};
    assert.deepEqual(facts, {
      kind: 'poll',
      code: 'DB-15',
      says: 'A table refuses its rows.',
      next: 'See ./lockstep objects list',
      tries: 7,
    });
    for (const time of [since, retryAt]) assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const [hidden] = (lead?.hidden_fields ?? []) as Record<string, unknown>[];
    assert.deepEqual([hidden?.field, hidden?.column_name], ['Phone', 'phone']);
  });

  await t.test(
    'objects list counts what is set aside, and shows problems and hidden fields with their time',
    async () => {
      const { stdout } = await cli.run(['objects', 'list']);
      assert.match(stdout, /^Contact +salesforce\.contact +With gaps .* 121$/m);
      assert.match(stdout, /^Account: changes have not been read since \S+ UTC/m);
      assert.match(
        stdout,
        /^1 field of Lead is hidden from the sync's user\n +Not updated: Phone since \d{4}-\d\d-\d\d [\d:]+ UTC/m,
      );
    },
  );

  await t.test(
    'objects set-aside groups the records, lists the first hundred, and says how many more there are',
    async () => {
      const { code, stdout } = await cli.run(['objects', 'set-aside']);
      assert.equal(code, 0);
      assert.match(stdout, /^Contact +birthdate +120 +the value does not fit the column's type$/m);
      assert.match(stdout, /^Contact +whole record +1 +a unique index on the table refuses it$/m);
      assert.match(stdout, /^Account +name +1 +PostgreSQL refuses it \(SQLSTATE XX000\)$/m);
      assert.match(
        stdout,
        /^Contact +003000000000001AAA +birthdate +2 h ago +3 +in \d+ min +the value does not fit/m,
      );
      assert.match(stdout, /^22 more; list them with --limit 122\.$/m);
      assert.match(
        stdout,
        /^next: Correct the value in Salesforce; then \.\/lockstep objects set-aside --retry --sync harness Account$/m,
      );
      assert.doesNotMatch(stdout, /canary/);

      const some = await cli.run(['objects', 'set-aside', 'contact', '--json', '--limit', '2']);
      const reported = json(some) as { rows: number; groups: unknown[]; items: Record<string, unknown>[] };
      assert.deepEqual([reported.rows, reported.groups.length, reported.items.length], [121, 2, 2]);
      assert.deepEqual(reported.groups[0], {
        sobject: 'Contact',
        column_name: 'birthdate',
        code: 'misfit',
        rows: 120,
        reason: "the value does not fit the column's type",
      });
      assert.equal(
        (await cli.run(['objects', 'set-aside', 'lead'])).stdout,
        'harness: no records are set aside.\n',
      );
    },
  );

  await t.test('objects set-aside --retry requests another try of these records by Id', async () => {
    const one = await cli.run(['objects', 'set-aside', '--retry', 'Contact']);
    assert.equal(one.stdout, 'harness: retry of 121 records of Contact requested.\n', one.stderr);
    assert.match(one.stderr, /To see what is still refused afterwards: .*objects set-aside --sync harness$/m);
    const all = json(await cli.run(['objects', 'set-aside', '--retry', '--json'])) as {
      items: { sobject: string; rows: number }[];
    };
    assert.deepEqual(
      all.items.map(({ sobject, rows }) => [sobject, rows]),
      [
        ['Account', 1],
        ['Contact', 121],
      ],
    );
    while (server.seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    const asked = server.seen.map(({ kind, objects, ids }) => [kind, objects, ids?.length]);
    assert.deepEqual(asked, [
      ['refetch', ['Contact'], 121],
      ['refetch', ['Account'], 1],
      ['refetch', ['Contact'], 121],
    ]);
    const none = await cli.run(['objects', 'set-aside', '--retry', 'Lead']);
    assert.equal(none.code, 4);
    assert.match(none.stderr, /harness has no records set aside of Lead/);
  });

  await t.test('a mirror made by an older version is reported as such', async () => {
    await harness.admin.script('ALTER VIEW _lockstep.problems RENAME TO problems_of_later');
    const { code, stdout, stderr } = await cli.run(['status', '--check']);
    assert.deepEqual(
      [code, stderr],
      [3, 'not healthy: harness: Its mirror cannot be read from here: SYS-16\n'],
    );
    assert.match(stdout, /SYS-16: The mirror is of an older version\./);
    await harness.admin.script('ALTER VIEW _lockstep.problems_of_later RENAME TO problems');
  });

  await t.test('a locked sync is reported with its reason, although its mirror cannot be read', async () => {
    const { control, database } = harness.control;
    await database.db.query(
      sql`UPDATE lockstep.sync SET sealed_data_key = overlay(sealed_data_key PLACING 'AAAA' FROM 45)`,
    );
    const fault = await openCredential(control, harness.sync.id).catch((error: unknown) => error);
    assert.ok(fault instanceof Fault);
    await recordSyncProblem(control, harness.sync.id, fault, 3_600_000);
    const { code, stdout, stderr } = await cli.run(['status', '--check']);
    assert.equal(code, 3);
    assert.match(
      stdout,
      /^harness {2}Locked: KEY-03 Sealed value was moved or altered\..*\n +next: Find out who changed/m,
    );
    assert.equal(stderr, `not healthy: harness: Locked: KEY-03 ${fault.message}\n`);
  });
});
