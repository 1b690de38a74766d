import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openApiOn } from '@lockstep/harness/api-harness';
import { type Cli, type ExitResult, openCli } from '@lockstep/harness/cli-process';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import { startSyncRequestServer, untilLeased } from '@lockstep/harness/sync-request-server';
import {
  changeSettings,
  endSyncRequest,
  recordSyncProblem,
  reportSyncRequest,
  type Sync,
  type takeSyncRequests,
} from 'lockstep/control';
import { recordSync } from 'lockstep/control/testing';
import { Fault } from 'lockstep/core/faults';

/** The commands that make sync requests, against the test's own worker, which serves or refuses them. */

interface Setup extends AsyncDisposable {
  harness: TestControl;
  cli: Cli;
  sync: { id: Sync['id']; name: string };
}

async function openSetup(): Promise<Setup> {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openTestControl());
  const sync = newSync({ name: 'acme' });
  await recordSync(harness.control, sync);
  const api = undo.use(await openApiOn(harness));
  const cli = undo.use(await openCli(api.environment));
  const ends = undo.move();
  return { harness, cli, sync, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

type OpenSyncRequest = Awaited<ReturnType<typeof takeSyncRequests>>[number];

/** Leases the sync as another process would, and lets `take` serve each sync request. */
async function hold({ harness, sync }: Setup, take: (syncRequest: OpenSyncRequest) => Promise<void>) {
  const server = startSyncRequestServer(await harness.openAnother(), take);
  await untilLeased(harness.control, sync);
  return server;
}

const json = ({ stdout }: ExitResult): unknown => JSON.parse(stdout);

const openSyncRequests = ({ harness }: Setup) =>
  harness.control.db.query<{ kind: string; objects: string[] | null }>(
    sql`SELECT kind, objects FROM lockstep.sync_request WHERE ended_at IS NULL`,
  );

test('flush ends when the worker says so, and prints what was repaired on the way', async () => {
  await using setup = await openSetup();
  const { harness, cli } = setup;
  const repairs = [{ sobject: 'Contact', kind: 'stale', rows: 1 }];
  await using server = await hold(setup, async ({ id }) => {
    await reportSyncRequest(harness.control, id, {
      done: 1,
      of: 2,
      objects: [{ object: 'Contact', rows: 0, of: 5 }],
    });
    await endSyncRequest(harness.control, id, { result: { objects: 2, skipped: [], repairs } });
  });
  const flushed = await cli.run(['flush']);
  assert.equal(flushed.code, 0, flushed.stderr);
  assert.match(
    flushed.stdout,
    /^acme: 2 objects show everything committed before the call, after \d+\.\d s\.\n$/,
  );
  assert.match(flushed.stderr, /Contact: 1 row was stale; repaired/);

  const asJson = await cli.run(['flush', '--sync', 'acme', '--json']);
  const { took_ms: tookMs, ...rest } = json(asJson) as { took_ms: number };
  assert.deepEqual(rest, { schema: 1, name: 'acme', objects: 2, skipped: [], repairs, set_aside: [] });
  assert.ok(tookMs >= 0 && tookMs < 60_000);
  assert.deepEqual(
    server.seen.map(({ kind, objects }) => ({ kind, objects })),
    [
      { kind: 'flush', objects: null },
      { kind: 'flush', objects: null },
    ],
  );
});

test('flush says which objects were left out, and exits with code 3', async () => {
  await using setup = await openSetup();
  const { harness, cli } = setup;
  await using _server = await hold(setup, ({ id }) =>
    endSyncRequest(harness.control, id, {
      result: {
        objects: 1,
        skipped: [{ object: 'Contact', reason: 'it is stopped (PERM-02)' }],
        repairs: [],
      },
    }),
  );
  const { code, stderr } = await cli.run(['flush']);
  assert.equal(code, 3);
  assert.match(stderr, /left out: Contact, because it is stopped \(PERM-02\)\nnext: .*objects list/);
});

test('flush, like every sync request, names the objects with records set aside and the reason, and exits with code 3', async () => {
  await using setup = await openSetup();
  const { harness, cli } = setup;
  const setAside = [
    { sobject: 'Contact', column: 'birthdate', code: 'misfit', rows: 2 },
    { sobject: 'Account', column: null, code: '23505', rows: 1_200 },
  ];
  await using _server = await hold(setup, ({ id }) =>
    endSyncRequest(harness.control, id, { result: { objects: 2, skipped: [], repairs: [], setAside } }),
  );
  for (const args of [['flush'], ['objects', 'verify', '--level', 'ids']]) {
    const { code, stdout, stderr } = await cli.run(args);
    assert.equal(code, 3, stderr);
    assert.match(
      stdout,
      args[0] === 'flush' ? /committed before the call, except the records set aside,/ : /verify ids of 2/,
    );
    assert.match(
      stderr,
      /^set aside: 2 records of Contact \(birthdate\): the value does not fit the column's type$/m,
    );
    assert.match(
      stderr,
      /^set aside: 1,200 records of Account \(whole record\): a unique index on the table refuses it$/m,
    );
    assert.match(stderr, /^next: .*objects set-aside$/m);
  }
  const asJson = await cli.run(['flush', '--json']);
  assert.equal(asJson.code, 3);
  assert.deepEqual((json(asJson) as { set_aside: unknown }).set_aside, [
    {
      sobject: 'Contact',
      column_name: 'birthdate',
      code: 'misfit',
      rows: 2,
      reason: "the value does not fit the column's type",
    },
    {
      sobject: 'Account',
      column_name: null,
      code: '23505',
      rows: 1_200,
      reason: 'a unique index on the table refuses it',
    },
  ]);
});

test('a flush that times out says what is left and why the sync waits, and withdraws its request', async () => {
  await using setup = await openSetup();
  const { harness, cli, sync } = setup;
  await using _server = await hold(setup, async ({ id }) => {
    const fault = new Fault('LIM-02', { reason: '91 of 100 requests, the line is 90 %' });
    await recordSyncProblem(harness.control, sync.id, fault, 60_000);
    await reportSyncRequest(harness.control, id, {
      done: 1,
      of: 2,
      objects: [{ object: 'Contact', rows: 0, of: 5 }],
    });
  });
  const { code, stderr } = await cli.run(['flush', '--timeout', '500ms']);
  assert.equal(code, 8);
  assert.match(stderr, /error SYS-14: .*1 of 2 objects were done within 0\.5 s\. Left: Contact\./);
  assert.match(stderr, /The sync waits: LIM-02 Stop line reached/);
  assert.match(stderr, /\nnext: .*status --sync acme.*--timeout/);
  assert.deepEqual(await openSyncRequests(setup), []);
});

test('a flush of a sync that is paused or has no worker fails at once and leaves no sync request behind', async () => {
  await using setup = await openSetup();
  const { harness, cli, sync } = setup;
  const unheld = await cli.run(['flush', '--json']);
  assert.equal(unheld.code, 3);
  assert.match(unheld.stderr, /error SYS-13: .*acme.*\nnext: .*start/);
  assert.equal((json(unheld) as { error: { code: string } }).error.code, 'SYS-13');
  await changeSettings(harness.control, sync.id, { paused: true });
  const paused = await cli.run(['flush']);
  assert.equal(paused.code, 3);
  assert.match(paused.stderr, /error SYS-12: .*\nnext: .*sync resume --sync acme/);
  assert.deepEqual(await openSyncRequests(setup), []);
});

test('an interrupted flush withdraws its request', async () => {
  await using setup = await openSetup();
  const { harness, cli } = setup;
  await using _server = await hold(setup, ({ id }) =>
    reportSyncRequest(harness.control, id, { done: 0, of: 1, objects: [] }),
  );
  const running = await cli.start(['flush'], 'flush: 0 of 1 objects');
  const { code } = await running.end('SIGINT');
  assert.equal(code, 130);
  assert.deepEqual(await openSyncRequests(setup), []);
});

test('a fault that ends a sync request is reported with its code and next step', async () => {
  await using setup = await openSetup();
  const { harness, cli } = setup;
  await using _server = await hold(setup, ({ id }) =>
    endSyncRequest(harness.control, id, {
      fault: new Fault('PERM-02', { stream: 'Contact', reason: 'INVALID_TYPE' }),
    }),
  );
  const { code, stderr } = await cli.run(['objects', 'verify', '--level', 'content', 'contact']);
  assert.equal(code, 6);
  assert.match(
    stderr,
    /error PERM-02: The object cannot be read.*Contact.*\nnext: Give the sync's user read access/,
  );
});

test('objects commands use the sync’s spelling of object names, and do not wait if told so', async () => {
  await using setup = await openSetup();
  const { cli } = setup;
  const all = await cli.run(['objects', 'verify', '--no-wait', '--json']);
  const { operation_id: operationId, ...rest } = json(all) as { operation_id: string };
  assert.deepEqual(rest, {
    schema: 1,
    name: 'acme',
    kind: 'verify counts',
    objects: null,
    has_worker: false,
  });
  assert.match(operationId, /^\d+$/);
  const some = await cli.run([
    'objects',
    'verify',
    '--no-wait',
    '--level',
    'ids',
    'CONTACT',
    'account',
    'Contact',
  ]);
  assert.equal(some.code, 0);
  assert.equal(some.stdout, 'acme: verify ids of Contact, Account requested.\n');
  assert.match(some.stderr, /No Lockstep process is running this sync; to start one: /);
  assert.deepEqual(await openSyncRequests(setup), [
    { kind: 'verify counts', objects: null },
    { kind: 'verify ids', objects: ['Contact', 'Account'] },
  ]);
});

test('a sync request is kept when the wait for it times out', async () => {
  await using setup = await openSetup();
  await using _server = await hold(setup, () => Promise.resolve());
  const { code } = await setup.cli.run([
    'objects',
    'verify',
    '--level',
    'content',
    'Account',
    '--timeout',
    '300ms',
  ]);
  assert.equal(code, 8);
  assert.deepEqual(await openSyncRequests(setup), [{ kind: 'verify content', objects: ['Account'] }]);
});

test('records to refetch are named by Ids of 15 or 18 characters, which arrive as 18', async () => {
  await using setup = await openSetup();
  const { harness, cli } = setup;
  await using server = await hold(setup, ({ id }) =>
    endSyncRequest(harness.control, id, { result: { objects: 1, skipped: [], repairs: [] } }),
  );
  const ids = ['001B000000kyA8t', '001B000000kyA8tIAE', '001000000000001AAA'];
  const { code, stdout, stderr } = await cli.run(['objects', 'refetch', 'account', ...ids]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /refetch of 1 object took .*nothing had to be repaired/);
  const [asked] = server.seen;
  assert.deepEqual(asked?.objects, ['Account']);
  assert.deepEqual(asked?.ids, ['001B000000kyA8tIAE', '001000000000001AAA']);
});

test('an invalid object, Id or flag is refused, and no sync request is made', async () => {
  await using setup = await openSetup();
  const refused = [
    [['objects', 'verify', 'Acount'], 4, /acme does not mirror "Acount" \(near: Account\)/],
    [['objects', 'refetch', 'Account', '001'], 2, /Not a record Id: "001"/],
    [['objects', 'verify', '--no-wait', '--timeout', '5m'], 2, /--no-wait cannot be combined/],
    [['objects', 'missing', '--wait'], 2, /--wait belongs to --keep or --remove/],
    [['objects', 'missing', '--keep', 'Account', '--remove', 'Account'], 2, /cannot be combined/],
    [['flush', '--timeout', '60'], 2, /--timeout takes a time such as 60s/],
    [['flush', '--sync', 'nobody'], 4, /There is no sync "nobody"/],
    [['sync', 'set', '--on-database-down', 'drop'], 2, /--on-database-down takes refuse or forward/],
    [['budget', 'set', '--stop-at', '9'], 2, /--stop-at takes a whole number from 10 to 100/],
  ] as const;
  const refuse = async ([args, code, says]: (typeof refused)[number]) => {
    const ended = await setup.cli.run(args);
    assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
    assert.match(ended.stderr, says);
  };
  await Promise.all(refused.map(refuse));
  assert.deepEqual(await openSyncRequests(setup), []);
});
