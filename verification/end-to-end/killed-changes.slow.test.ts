/**
 * A server that is killed in the middle of a request to its API: after the next start the same request finishes what was
 * begun, and nothing is left behind that should not be.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { type ApiAnswer, newSyncOf } from '@lockstep/harness/api-harness';
import { openTestControl, type TestControl } from '@lockstep/harness/control';
import { holdLock } from '@lockstep/harness/held-lock';
import { armFault } from '@lockstep/harness/injected-fault';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { openServerProcess, type ServerProcess } from '@lockstep/harness/server-process';
import { pastedToken, rotateTokens } from '@lockstep/harness/sign-in';
import { findSync } from 'lockstep/control';

const undo = new AsyncDisposableStack();
let org: TestOrg;
let control: TestControl;
let server: ServerProcess;

before(async () => {
  org = undo.use(await startOrg({ records: 300 }));
  control = undo.use(await openTestControl());
  server = undo.use(
    await openServerProcess({
      controlUrl: control.database.url,
      key: control.keyBytes,
      allowHosts: [new URL(org.url).host],
    }),
  );
});
beforeEach(async () => {
  if (server.url === null) await server.start();
});
afterEach(async () => {
  if (server.url !== null) await server.ask('DELETE', path); // of a test that failed
});
after(() => undo.disposeAsync());

const path = '/api/v1/syncs/acme';
type Asked = Parameters<ServerProcess['ask']>;

/** What work waits for while it is killed. */
interface Hold {
  untilReached(): Promise<void>;
  release(): Promise<void>;
}
/** Work waits for a lock on a table of the control database. */
const atLock = (table: string) => async (): Promise<Hold> => {
  const lock = await holdLock(control.database.db, `LOCK TABLE lockstep.${table} IN SHARE MODE`);
  return { untilReached: () => lock.untilSomebodyWaits(), release: () => lock.release() };
};
/** Work waits for the org's answer to a request. */
const atRequest = (match: object) => async (): Promise<Hold> => {
  const fault = await armFault(org, { match, times: null, effect: { hang: 'before' } });
  return { untilReached: () => fault.untilFired(), release: () => fault.end() };
};
/** The change is made, and only its answer is missing. */
const beforeTheAnswer = atLock('audit_entry');
const atDescribe = (sobject: string) => atRequest({ contains: `sobjects/${sobject}/describe` });
const atSignIn = atRequest({ path: '*/oauth2/token' });

/** Kills the server when its work on the request waits there, and starts it again. */
async function killDuring(hold: () => Promise<Hold>, request: () => Promise<unknown>): Promise<void> {
  const held = await hold();
  try {
    const asked = request().then(
      () => 'answered',
      () => 'cut off',
    );
    await Promise.race([held.untilReached(), asked.then((how) => assert.fail(`it was ${how} before`))]);
    await server.end('SIGKILL');
    assert.equal(await asked, 'cut off');
  } finally {
    await held.release();
  }
  await startAgain();
}

async function startAgain(): Promise<void> {
  // The sign-in of a killed process is begun again after 45 seconds (signInMaxMs), in this test at once.
  await control.database.db.query(sql`UPDATE lockstep.credential SET signing_in_until = NULL`);
  await server.start();
}

/** The same request is killed and repeated. */
async function killedAndRepeated(hold: () => Promise<Hold>, ...asked: Asked): Promise<ApiAnswer> {
  await killDuring(hold, () => server.ask(...asked));
  return server.ask(...asked);
}

/** What the server has of any sync of this control database: none when all are deleted. */
async function leftOf(ids: readonly string[]): Promise<string[]> {
  const found = await control.database.db.query<{ name: string }>(sql`
    SELECT datname::text AS name FROM pg_database, unnest(${ids}::text[]) AS id WHERE strpos(datname, id) > 0
     UNION ALL SELECT rolname::text FROM pg_roles, unnest(${ids}::text[]) AS id WHERE strpos(rolname, id) > 0`);
  const rows = await control.database.db.query<{ name: string }>(sql`
    SELECT 'sync' AS name FROM lockstep.sync UNION ALL SELECT 'org' FROM lockstep.org
     UNION ALL SELECT 'credential' FROM lockstep.credential UNION ALL SELECT 'sign_in' FROM lockstep.sign_in`);
  return [...found, ...rows].map(({ name }) => name);
}

async function create(change: object = {}): Promise<string> {
  const { status, body } = await server.ask('POST', '/api/v1/syncs', newSyncOf(org, change));
  assert.equal(status, 201, JSON.stringify(body));
  return String(body.id);
}

async function deleteIt(id: string): Promise<void> {
  assert.equal((await server.ask('DELETE', path)).status, 200);
  assert.deepEqual(await leftOf([id]), []);
}

const untilCurrent = async (objects: readonly string[]) => {
  const current = objects.map((object) => `${object} current`).join();
  for (let tries = 0; tries < 600; tries++) {
    const { items = [] } = (await server.ask('GET', `${path}/objects`)).body as {
      items?: { sobject: string; state: string }[];
    };
    if (
      items
        .map(({ sobject, state }) => `${sobject} ${state}`)
        .toSorted()
        .join() === current
    )
      return;
    await systemClock.sleep(50);
  }
  assert.fail(`never: ${current}`);
};

for (const [when, hold] of [
  ['signs in', atSignIn],
  ['describes the objects', atDescribe('Contact')],
  ['has made the database and not recorded the sync', atLock('org')],
  ['has recorded the sync and not answered', beforeTheAnswer],
] as const)
  test(`a creation that is killed when it ${when} is finished at once by the same call, and makes one sync`, async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const wanted = newSyncOf(org, { interval_ms: 250 });
    const { status, body } = await killedAndRepeated(hold, 'POST', '/api/v1/syncs', wanted, headers);
    assert.equal(status, 201, JSON.stringify(body));
    const [made] = await control.database.db.query<{ ids: string[] }>(sql`
      SELECT array_agg(subject) AS ids FROM lockstep.idempotency_key`);
    assert.ok(made?.ids.includes(String(body.id)));
    await untilCurrent(['Account', 'Contact']);
    assert.equal((await server.ask('DELETE', path)).status, 200);
    assert.deepEqual(await leftOf(made?.ids ?? []), []);
  });

test('a creation that is killed and then refused leaves no database', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  await killDuring(atLock('org'), () => server.ask('POST', '/api/v1/syncs', newSyncOf(org), headers));
  const refusing = await armFault(org, {
    match: { path: '*/oauth2/token' },
    times: null,
    effect: {
      respond: {
        status: 400,
        body: { error: 'invalid_client', error_description: 'invalid client credentials' },
      },
    },
  });
  const { status } = await server.ask('POST', '/api/v1/syncs', newSyncOf(org), headers);
  await refusing.end();
  assert.ok(status >= 400 && status < 500, String(status));
  const [made] = await control.database.db.query<{ ids: string[] }>(sql`
    SELECT array_agg(subject) AS ids FROM lockstep.idempotency_key`);
  assert.deepEqual(await leftOf(made?.ids ?? []), []);
});

test('a creation in a database of a person that is killed is finished by the same call, and goes without a trace', async () => {
  await using own = await openOwnDatabase();
  const headers = { 'idempotency-key': randomUUID() };
  const wanted = newSyncOf(org, { destination: own.form() });
  const { status, body } = await killedAndRepeated(atLock('org'), 'POST', '/api/v1/syncs', wanted, headers);
  assert.equal(status, 201, JSON.stringify(body));
  await deleteIt(String(body.id));
  const left = await own.superuser.query(sql`
    SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('salesforce', '_lockstep')`);
  assert.deepEqual(left, []);
});

test('a deletion that is killed when the mirror is gone and the sync is not is finished by the same call', async () => {
  const id = await create();
  const { status } = await killedAndRepeated(atLock('org'), 'DELETE', path);
  assert.equal(status, 200);
  assert.deepEqual(await leftOf([id]), []);
});

test('a deletion whose answer was lost is told to be done by the same call', async () => {
  const id = await create();
  const { status, body } = await killedAndRepeated(beforeTheAnswer, 'DELETE', path);
  assert.equal(status, 404, JSON.stringify(body));
  assert.deepEqual(await leftOf([id]), []);
});

test('a deletion that is killed while it drops the tables of a person’s database is finished by the same call', async () => {
  await using own = await openOwnDatabase();
  const id = await create({ destination: own.form() });
  const atTable = async (): Promise<Hold> => {
    const lock = await holdLock(own.superuser, 'LOCK TABLE salesforce.contact IN ACCESS SHARE MODE');
    return { untilReached: () => lock.untilSomebodyWaits(), release: () => lock.release() };
  };
  const { status } = await killedAndRepeated(atTable, 'DELETE', path);
  assert.equal(status, 200);
  assert.deepEqual(await leftOf([id]), []);
  const left = await own.superuser.query(sql`
    SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('salesforce', '_lockstep')`);
  assert.deepEqual(left, []);
});

for (const [when, hold] of [
  ['describes them', atDescribe('Lead')],
  ['has made their tables and not chosen them', atLock('stream')],
  ['has not answered', beforeTheAnswer],
] as const)
  test(`adding objects, killed when it ${when}, is finished by the same call`, async () => {
    const id = await create({ interval_ms: 250 });
    const { status, body } = await killedAndRepeated(hold, 'POST', `${path}/objects`, {
      objects: ['Lead', 'Product2'],
    });
    assert.equal(status, 200, JSON.stringify(body));
    await untilCurrent(['Account', 'Contact', 'Lead', 'Product2']);
    await deleteIt(id);
  });

test('an object whose table is dropped leaves, also if the server is killed when the table is gone', async () => {
  const id = await create({ interval_ms: 250 });
  await untilCurrent(['Account', 'Contact']);
  const held = await holdLock(control.database.db, 'SELECT FROM lockstep.stream FOR KEY SHARE');
  assert.equal((await server.ask('DELETE', `${path}/objects/Contact?drop_table=true`)).status, 202);
  await held.untilSomebodyWaits();
  await server.end('SIGKILL');
  await held.release();
  await startAgain();
  for (;;) {
    const { body } = await server.ask('GET', path);
    if ((body.leaving as string[]).length === 0) break;
    await systemClock.sleep(50);
  }
  assert.equal((await server.ask('POST', `${path}/objects`, { objects: ['Contact'] })).status, 200);
  await untilCurrent(['Account', 'Contact']);
  await deleteIt(id);
});

test('an operation whose answer was lost is begun once, and ends', async () => {
  const id = await create({ interval_ms: 250 });
  await untilCurrent(['Account', 'Contact']);
  for (const work of [{ kind: 'flush' }, { kind: 'verify', level: 'content' }]) {
    const headers = { 'idempotency-key': randomUUID() };
    const { status, body } = await killedAndRepeated(
      beforeTheAnswer,
      'POST',
      `${path}/operations`,
      work,
      headers,
    );
    assert.equal(status, 202, JSON.stringify(body));
    const requests = await control.database.db.query(
      sql`SELECT FROM lockstep.sync_request WHERE starts_with(kind, ${work.kind})`,
    );
    assert.equal(requests.length, 1);
    let state = '';
    while (state !== 'done')
      state = String((await server.ask('GET', `/api/v1/operations/${String(body.id)}`)).body.state);
  }
  await deleteIt(id);
});

test('a credential whose tokens Salesforce replaces while it is tried, in a server that is killed, can be given again', async () => {
  const id = await create();
  await using _rotation = await rotateTokens(org);
  const credential = await pastedToken(org);
  const atTrial = atRequest({ contains: '/services/data/v', app: credential.client_id });
  const { status, body } = await killedAndRepeated(atTrial, 'PUT', `${path}/credential`, { credential });
  assert.deepEqual([status, body.flow], [200, 'refresh token'], JSON.stringify(body));
  await deleteIt(id);
});

test('a credential is replaced and taken from where it was held in one step, wherever the server is killed', async () => {
  const id = await create();
  const rotation = await rotateTokens(org);
  const credential = await pastedToken(org);
  const tried = await server.ask('PUT', `${path}/credential?dry_run=true`, { credential });
  assert.equal(tried.status, 200, JSON.stringify(tried.body));
  await rotation[Symbol.asyncDispose]();
  await killDuring(atLock('sign_in'), () => server.ask('PUT', `${path}/credential`, { credential }));
  const { body } = await server.ask('GET', path);
  const held = await control.database.db.query(sql`SELECT FROM lockstep.sign_in`);
  assert.deepEqual([body.flow, held.length], ['client credentials', 1]);
  const again = await server.ask('PUT', `${path}/credential`, { credential });
  assert.deepEqual([again.status, again.body.flow], [200, 'refresh token'], JSON.stringify(again.body));
  await deleteIt(id);
});

for (const [when, hold] of [
  [
    'empties the tables',
    async (): Promise<Hold> => {
      const sync = await findSync(control.control, 'acme');
      const mirror = openDatabase({
        url: databaseUrl(control.database.url, { database: sync?.destination.database ?? '' }),
        applicationName: 'test',
      });
      const lock = await holdLock(mirror, 'LOCK TABLE salesforce.contact IN ACCESS SHARE MODE');
      return {
        untilReached: () => lock.untilSomebodyWaits(),
        async release() {
          await lock.release();
          await mirror.end();
        },
      };
    },
  ],
  ['has emptied them and not recorded the new org', atLock('org')],
] as const)
  test(`a recopy that is killed when it ${when} is finished by the same call, and the sync goes on`, async () => {
    const id = await create({ interval_ms: 250 });
    await untilCurrent(['Account', 'Contact']);
    await org.control('/org/changeId', {});
    const { status, body } = await killedAndRepeated(hold, 'POST', `${path}/recopy`, {});
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal((await server.ask('GET', path)).body.paused, false);
    await untilCurrent(['Account', 'Contact']);
    await deleteIt(id);
  });
