/**
 * What a database does to its writers. Covers: a connection that ends in the middle of a transaction, and at its
 * commit, a serialization error, a deadlock.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { testServerUrl } from '@lockstep/harness/database';
import { untilBlocked } from '@lockstep/harness/destination';
import { startOrg } from '@lockstep/harness/org';
import { openWire, type Wire } from '@lockstep/harness/wire';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';
const nameOf = async (harness: ClockHarness, id: string) => (await harness.row('account', id))?.name;

/** Ends the engine's sessions, as an administrator or a restart does. */
const cutOff = (harness: ClockHarness) =>
  harness.mirror.query(sql`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'lockstep/%'`);

test('a connection that ends in the middle of a transaction costs only another try', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const id = await create(harness, 'Cut off');
  const blocker = await harness.mirror.session();
  await blocker.script('BEGIN; SELECT FROM _lockstep.checkpoint FOR NO KEY UPDATE');
  await harness.advance(harness.intervalMs);
  await untilBlocked(harness.mirror);
  await cutOff(harness);
  await blocker.close();
  await harness.holder.untilAsleep();
  assert.equal(harness.holder.syncProblems.at(-1), 'DB-02');
  assert.equal(await nameOf(harness, id), undefined);
  await harness.pass(2 * harness.intervalMs);
  assert.equal(await nameOf(harness, id), 'Cut off');
  assert.equal(harness.holder.syncProblems.at(-1), null);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('connections that end between two requests are replaced', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  await cutOff(harness);
  const id = await create(harness, 'After the cut');
  await harness.pass(3 * harness.intervalMs);
  assert.equal(await nameOf(harness, id), 'After the cut');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a database that refuses every request before it is sent is tried less and less often, for each try asks Salesforce', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs: 1_000 });
  await harness.finishBackfill();
  await harness.mirror.script(`
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON _lockstep.observation EXECUTE FUNCTION public.refuse()`);
  const before = harness.holder.syncProblems.length;
  for (let second = 0; second < 600; second += 5) await harness.advance(5_000);
  await harness.holder.untilAsleep();
  const tries = harness.holder.syncProblems.length - before;
  assert.ok(tries >= 8 && tries <= 16, `${tries} tries in ten minutes`);

  await harness.mirror.script('DROP TRIGGER refuse ON _lockstep.observation');
  const id = await create(harness, 'After the refusals');
  await harness.pass(90_000); // the longest rest, and more
  assert.equal(await nameOf(harness, id), 'After the refusals');
  assert.equal(harness.holder.syncProblems.at(-1), null);
});

/** A harness whose engine reaches the mirror over a faulty wire. */
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
  const harness = await openClockHarness({
    org,
    sobjects: ['Account'],
    via: { database: overWire },
    ...options,
  });
  return {
    harness,
    wire,
    async [Symbol.asyncDispose]() {
      await harness[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
    },
  };
}

/** The next commit succeeds, and its answer is lost. */
async function loseCommit(harness: ClockHarness, wire: Wire): Promise<void> {
  wire.setFault({ kind: 'lose', answerTo: 'COMMIT\0' }); // does not match the "READ COMMITTED" of a BEGIN
  await harness.advance(harness.intervalMs);
  await wire.untilHit();
  wire.setFault(null);
  await harness.holder.untilAsleep();
}

test('a commit whose answer is lost counts, and its page changes nothing when it comes again', async () => {
  await using wired = await openWired();
  const { harness, wire } = wired;
  await harness.finishBackfill();
  const id = await create(harness, 'Committed unheard');
  await loseCommit(harness, wire);
  assert.equal(await nameOf(harness, id), 'Committed unheard');
  await harness.pass(3 * harness.intervalMs);
  const [changes] = await harness.mirror.query<{ count: number }>(
    sql`SELECT count(*) FROM witness.change WHERE id = ${id}`,
  );
  assert.deepEqual(changes, { count: 1 });
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a backfill that repeatedly loses the answers to its commits ends complete', async () => {
  await using wired = await openWired({ pageRows: 10 });
  const { harness, wire } = wired;
  await harness.pass(0);
  for (let round = 0; round < 5; round++) {
    await loseCommit(harness, wire);
    await harness.pass(2 * harness.intervalMs);
  }
  await harness.finishBackfill();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

for (const [what, sqlState] of [
  ['a serialization error', '40001'],
  ['a deadlock', '40P01'],
] as const) {
  test(`${what} repeats the page: neither the sync nor a proxied write notices`, async () => {
    await using harness = await openClockHarness({ org, sobjects: ['Account'] });
    await harness.finishBackfill();
    // A sequence is not rolled back: every second try succeeds.
    await harness.mirror.script(`
      CREATE SEQUENCE witness.tries;
      CREATE FUNCTION witness.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
          IF nextval('witness.tries') % 2 = 1 THEN RAISE EXCEPTION 'no' USING ERRCODE = '${sqlState}'; END IF;
          RETURN NULL;
        END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON salesforce.account
        FOR EACH STATEMENT EXECUTE FUNCTION witness.refuse()`);
    const id = await create(harness, 'First refused');
    await harness.pass(harness.intervalMs);
    assert.equal(await nameOf(harness, id), 'First refused');
    const patched = await harness.call('PATCH', `${dataPath}/sobjects/Account/${id}`, { Name: 'Patched' });
    assert.deepEqual([patched.applied, await nameOf(harness, id)], ['yes', 'Patched']);
    assert.deepEqual(harness.holder.syncProblems, []);
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}

test('a page that deadlocks with somebody else’s session is stored, whichever of the two is the victim', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  const [first = '', second = ''] = await harness.write([
    { create: 'Account', values: { Name: 'First' } },
    { create: 'Account', values: { Name: 'Second' } },
  ]);
  await harness.pass(harness.intervalMs);
  await harness.write([
    { update: first, values: { Name: 'First again' } },
    { update: second, values: { Name: 'Second again' } },
  ]);
  const other = await harness.mirror.session();
  await other.query(sql`BEGIN`);
  await other.query(sql`SELECT id FROM salesforce.account WHERE id = ${second} FOR UPDATE`);
  await harness.advance(harness.intervalMs);
  await untilBlocked(harness.mirror);
  const locked = other.query(sql`SELECT id FROM salesforce.account WHERE id = ${first} FOR UPDATE`);
  await Promise.race([locked.catch(() => undefined), systemClock.sleep(5_000)]);
  await other.close();
  await harness.pass(harness.intervalMs);
  assert.deepEqual(
    [await nameOf(harness, first), await nameOf(harness, second)],
    ['First again', 'Second again'],
  );
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
