/** A server that is killed while it moves a mirror, and in the middle of the work of a worker: the next one ends it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import {
  atLock,
  atRequest,
  atTable,
  beforeTheAnswer,
  control,
  create,
  deleteIt,
  type Hold,
  killedAndRepeated,
  org,
  path,
  server,
  startAgain,
  untilCurrent,
} from '@lockstep/harness/killed-server';
import { openOwnDatabase } from '@lockstep/harness/own-database';

for (const [when, hold] of [
  ['tests the new place', atLock('destination')],
  ['has not answered', beforeTheAnswer],
] as const)
  test(`a mirror that is moved by a server that is killed when it ${when} is moved by the same call`, async () => {
    await using own = await openOwnDatabase();
    const id = await create({ interval_ms: 250, destination: own.form() });
    await untilCurrent(['Account', 'Contact']);
    const { status, body } = await killedAndRepeated(hold, 'PUT', `${path}/destination`, own.form());
    assert.equal(status, 200, JSON.stringify(body));
    await untilCurrent(['Account', 'Contact']);
    await deleteIt(id);
  });

for (const [when, hold] of [
  ['asks the org', atRequest({ path: '/services/data' })],
  ['has not answered', beforeTheAnswer],
] as const)
  test(`another API version, killed when it ${when}, is spoken after the same call`, async () => {
    const id = await create({ interval_ms: 250 });
    await untilCurrent(['Account', 'Contact']);
    const asked = { api_version: '61.0' };
    const { status, body } = await killedAndRepeated(hold, 'PUT', `${path}/api-version`, asked);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal((await server.ask('GET', path)).body.api_version, '61.0');
    await untilCurrent(['Account', 'Contact']);
    await deleteIt(id);
  });

async function untilDone(id: unknown): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const { body } = await server.ask('GET', `/api/v1/operations/${String(id)}`);
    if (body.state === 'done') return;
    assert.notEqual(body.state, 'failed', JSON.stringify(body));
    await systemClock.sleep(50);
  }
  assert.fail('the operation never ends');
}

/** The worker is killed in the middle of the work that was asked for, which the next one ends. */
async function killedAtWork(work: object, hold: () => Promise<Hold>): Promise<void> {
  const held = await hold();
  const { status, body } = await server.ask('POST', `${path}/operations`, work);
  assert.equal(status, 202, JSON.stringify(body));
  await held.untilReached();
  await server.end('SIGKILL');
  await held.release();
  await startAgain();
  await untilDone(body.id);
}

test('a check that a worker is killed in the middle of is ended by the next one, and repairs what differs', async () => {
  const id = await create({ interval_ms: 250 });
  await untilCurrent(['Account', 'Contact']);
  const url = databaseUrl(control.database.url, { database: `lockstep_${id}` });
  const mirror = openDatabase({ url, applicationName: 'test' });
  const [changed] = await mirror.query<{ name: string }>(
    sql`UPDATE salesforce.account SET name = 'changed' WHERE id = (SELECT min(id) FROM salesforce.account) RETURNING name`,
  );
  assert.equal(changed?.name, 'changed');
  const asked = atRequest({ contains: 'FROM%20Account' });
  await killedAtWork({ kind: 'verify', level: 'content', objects: ['Account'] }, asked);
  assert.deepEqual(await mirror.query(sql`SELECT FROM salesforce.account WHERE name = 'changed'`), []);
  await mirror.end();
  await deleteIt(id);
});

for (const [kind, table] of [
  ['keep', '_lockstep.dirty'],
  ['remove', 'salesforce.contact'],
] as const)
  test(`a decision to ${kind} missing rows that a worker is killed in the middle of is carried out by the next one`, async () => {
    const id = await create({ interval_ms: 250 });
    await untilCurrent(['Account', 'Contact']);
    const url = databaseUrl(control.database.url, { database: `lockstep_${id}` });
    const mirror = openDatabase({ url, applicationName: 'test' });
    const count = async () =>
      (await mirror.query<{ rows: number }>(sql`SELECT count(*) AS rows FROM salesforce.contact`))[0]?.rows ??
      0;
    const before = await count();
    await org.control('/records/hide', { user: 'integration', sobject: 'Contact', share: 0.9 });
    const checked = await server.ask('POST', `${path}/operations`, {
      kind: 'verify',
      level: 'ids',
      objects: ['Contact'],
    });
    assert.equal(checked.status, 202, JSON.stringify(checked.body));
    for (;;) {
      const [held] = await mirror.query<{ rows: number }>(
        sql`SELECT missing_rows AS rows FROM _lockstep.status WHERE sobject = 'Contact'`,
      );
      if ((held?.rows ?? 0) > 0) break;
      await systemClock.sleep(50);
    }
    await killedAtWork({ kind, object: 'Contact' }, atTable(table));
    // Done is the decision; the rows go with the next reading.
    if (kind === 'remove')
      for (let tries = 0; tries < 200 && (await count()) === before; tries++) await systemClock.sleep(50);
    const after = await count();
    assert.ok(kind === 'keep' ? after === before : after < before / 2, `${after} of ${before}`);
    await org.control('/records/show', { user: 'integration' });
    await mirror.end();
    await deleteIt(id);
  });

test('a trial write that is killed in the middle leaves no write without an outcome, and succeeds when it is repeated', async () => {
  const id = await create({ interval_ms: 250 });
  await untilCurrent(['Account', 'Contact']);
  const url = databaseUrl(control.database.url, { database: `lockstep_${id}` });
  const mirror = openDatabase({ url, applicationName: 'test' });
  const [record] = await mirror.query<{ id: string }>(
    sql`SELECT id FROM salesforce.account ORDER BY id LIMIT 1`,
  );
  const trial = { object: 'Account', id: record?.id, token: await org.token('demo') };
  const { status, body } = await killedAndRepeated(
    atRequest({ method: 'PATCH' }),
    'POST',
    `${path}/trial`,
    trial,
  );
  assert.deepEqual([status, body.is_ok], [200, true], JSON.stringify(body));
  const open = sql`SELECT FROM _lockstep.intent WHERE outcome IS NULL`;
  while ((await mirror.query(open)).length > 0) await systemClock.sleep(50);
  await mirror.end();
  await deleteIt(id);
});
