/**
 * A server that is killed in the middle of a request to its API: after the next start the same request finishes what was
 * begun, and nothing is left behind that should not be.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { newSyncOf } from '@lockstep/harness/api-harness';
import { holdLock } from '@lockstep/harness/held-lock';
import { armFault } from '@lockstep/harness/injected-fault';
import {
  atDescribe,
  atLock,
  atRequest,
  atSignIn,
  atTable,
  beforeTheAnswer,
  control,
  create,
  deleteIt,
  type Hold,
  killDuring,
  killedAndRepeated,
  leftOf,
  org,
  path,
  server,
  startAgain,
  untilCurrent,
} from '@lockstep/harness/killed-server';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { pastedToken, rotateTokens } from '@lockstep/harness/sign-in';

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
  const key = randomUUID();
  const headers = { 'idempotency-key': key };
  await killDuring(atLock('org'), () => server.ask('POST', '/api/v1/syncs', newSyncOf(org), headers));
  const seen = await server.ask('GET', `/api/v1/requests/${key}`);
  assert.deepEqual([seen.status, seen.body.state], [200, 'interrupted'], JSON.stringify(seen.body));
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
  ['empties the tables', atTable('salesforce.contact', 'ACCESS SHARE')],
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
