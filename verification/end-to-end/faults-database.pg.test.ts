/**
 * What a database does to those who write to it. Rows of the list of faults: 61 (a connection that ends in the middle of
 * a transaction, and at its commit), 64 (a serialization error, a deadlock).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { testServerUrl } from '@lockstep/harness/database';
import { untilBlocked } from '@lockstep/harness/destination';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';
import { openWire, type Wire } from '@lockstep/harness/wire';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const create = async (stage: Stage, Name: string) =>
  (await stage.write([{ create: 'Account', values: { Name } }]))[0] ?? '';
const nameOf = async (stage: Stage, id: string) => (await stage.row('account', id))?.name;

/** Ends the engine's sessions, as an administrator or a restart does. */
const cutOff = (stage: Stage) =>
  stage.mirror.query(sql`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'lockstep/%'`);

test('a connection that ends in the middle of a transaction costs nothing but another try', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const id = await create(stage, 'Cut off');
  const blocker = await stage.mirror.session();
  await blocker.query(sql`SELECT pg_advisory_lock(7201, stream_no) FROM _lockstep.checkpoint`);
  await stage.advance(stage.intervalMs);
  await untilBlocked(stage.mirror);
  await cutOff(stage);
  await blocker.close();
  await stage.holder.untilRest();
  assert.equal(stage.holder.syncProblems.at(-1), 'DB-02');
  assert.equal(await nameOf(stage, id), undefined);
  await stage.pass(2 * stage.intervalMs);
  assert.equal(await nameOf(stage, id), 'Cut off');
  assert.equal(stage.holder.syncProblems.at(-1), null);
  await stage.settle();
  await stage.expectWhole();
});

test('connections that end between two requests are replaced', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  await cutOff(stage);
  const id = await create(stage, 'After the cut');
  await stage.pass(3 * stage.intervalMs);
  assert.equal(await nameOf(stage, id), 'After the cut');
  await stage.settle();
  await stage.expectWhole();
});

/** A stage whose engine reaches the mirror over a wire. */
async function openWired(options: { pageRows?: number } = {}) {
  const server = new URL(testServerUrl());
  const port = Number(server.port || 5432);
  const wire = await openWire({ host: server.hostname, port });
  const overWire = (writerUrl: string) => {
    const url = new URL(writerUrl);
    url.hostname = '127.0.0.1';
    url.port = String(wire.port);
    return url.href;
  };
  const stage = await openStage({ org, sobjects: ['Account'], via: { database: overWire }, ...options });
  return {
    stage,
    wire,
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
    },
  };
}

/** The next commit is done, and nobody hears of it. */
async function loseCommit(stage: Stage, wire: Wire): Promise<void> {
  wire.behave({ kind: 'lose', answerTo: 'COMMIT\0' }); // not the isolation level of a BEGIN
  await stage.advance(stage.intervalMs);
  await wire.met();
  wire.behave(null);
  await stage.holder.untilRest();
}

test('a commit whose answer is lost is found done, and its page changes nothing a second time', async () => {
  await using wired = await openWired();
  const { stage, wire } = wired;
  await stage.copy();
  const id = await create(stage, 'Committed unheard');
  await loseCommit(stage, wire);
  assert.equal(await nameOf(stage, id), 'Committed unheard');
  await stage.pass(3 * stage.intervalMs);
  const [changes] = await stage.mirror.query<{ count: number }>(
    sql`SELECT count(*) FROM witness.change WHERE id = ${id}`,
  );
  assert.deepEqual(changes, { count: 1 });
  await stage.settle();
  await stage.expectWhole();
});

test('a first copy that loses the answers to its commits again and again ends whole', async () => {
  await using wired = await openWired({ pageRows: 10 });
  const { stage, wire } = wired;
  await stage.pass(0);
  for (let round = 0; round < 5; round++) {
    await loseCommit(stage, wire);
    await stage.pass(2 * stage.intervalMs);
  }
  await stage.copy();
  await stage.settle();
  await stage.expectWhole();
});

for (const [what, sqlState] of [
  ['a serialization error', '40001'],
  ['a deadlock', '40P01'],
] as const) {
  test(`${what} repeats the page: neither the sync nor a proxied write notices`, async () => {
    await using stage = await openStage({ org, sobjects: ['Account'] });
    await stage.copy();
    // A sequence is not rolled back: each second try succeeds.
    await stage.mirror.script(`
      CREATE SEQUENCE witness.tries;
      CREATE FUNCTION witness.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
          IF nextval('witness.tries') % 2 = 1 THEN RAISE EXCEPTION 'no' USING ERRCODE = '${sqlState}'; END IF;
          RETURN NULL;
        END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON salesforce.account
        FOR EACH STATEMENT EXECUTE FUNCTION witness.refuse()`);
    const id = await create(stage, 'First refused');
    await stage.pass(stage.intervalMs);
    assert.equal(await nameOf(stage, id), 'First refused');
    const patched = await stage.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: 'Patched' });
    assert.deepEqual([patched.applied, await nameOf(stage, id)], ['yes', 'Patched']);
    assert.deepEqual(stage.holder.syncProblems, []);
    await stage.settle();
    await stage.expectWhole();
  });
}

test('a page that deadlocks with a session from outside is stored, whichever of the two is refused', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  const [first = '', second = ''] = await stage.write([
    { create: 'Account', values: { Name: 'First' } },
    { create: 'Account', values: { Name: 'Second' } },
  ]);
  await stage.pass(stage.intervalMs);
  await stage.write([
    { update: first, values: { Name: 'First again' } },
    { update: second, values: { Name: 'Second again' } },
  ]);
  const other = await stage.mirror.session();
  await other.query(sql`BEGIN`);
  await other.query(sql`SELECT id FROM salesforce.account WHERE id = ${second} FOR UPDATE`);
  await stage.advance(stage.intervalMs);
  await untilBlocked(stage.mirror);
  const locked = other.query(sql`SELECT id FROM salesforce.account WHERE id = ${first} FOR UPDATE`);
  await Promise.race([locked.catch(() => undefined), systemClock.sleep(5_000)]);
  await other.close();
  await stage.pass(stage.intervalMs);
  assert.deepEqual(
    [await nameOf(stage, first), await nameOf(stage, second)],
    ['First again', 'Second again'],
  );
  await stage.settle();
  await stage.expectWhole();
});
