/**
 * What happens between connections: every test here fails without the line of applyPage, or the lock, that it is
 * about. A transaction that must stand still waits for `gate`; who has to wait for a lock is seen in the server.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationWorld, record, stampAt, untilBlocked } from '@lockstep/harness/destination';
import { applyTransaction } from './apply.ts';
import { limitLockWait } from './intents.ts';
import { markDirty } from './mark-sql.ts';

const written = { urgent: true, reason: 'written' } as const;

const older = (values: object = {}) => record(1, { Name: 'older', SystemModstamp: stampAt(10), ...values });
const newer = (values: object = {}) => record(1, { Name: 'newer', SystemModstamp: stampAt(60), ...values });

test('a page does not overwrite a newer reading that commits while the page waits for it', async () => {
  await using world = await openDestinationWorld();
  const { db } = world.destination;
  await world.apply([record(1, { Name: 'first' })]);
  const page = await world.open();
  const readBack = await world.openReadBack();
  const gate = Promise.withResolvers<void>();

  const storing = db.transaction(async (tx) => {
    const counts = await world.apply([newer()], { tx, observation: readBack });
    await gate.promise;
    return counts;
  });
  await untilIdleInTransaction(world);
  const late = world.apply([older()], { observation: page });
  await untilBlocked(world.db);
  gate.resolve();

  assert.equal((await storing).applied, 1);
  assert.equal((await late).stale, 1);
  assert.deepEqual(
    (await world.rows()).map(({ name }) => name),
    ['newer'],
  );
});

test('a page does not bring back a record whose deletion commits while the page waits for it', async () => {
  await using world = await openDestinationWorld();
  await world.apply([record(1)]);
  const page = await world.open();
  const gate = Promise.withResolvers<void>();
  const deleting = world.destination.db.transaction(async (tx) => {
    await world.apply([newer({ IsDeleted: true })], { tx, observation: await world.openReadBack() });
    await gate.promise;
  });
  await untilIdleInTransaction(world);
  const late = world.apply([older()], { observation: page });
  await untilBlocked(world.db);
  gate.resolve();
  await deleting;
  await late;
  assert.deepEqual(await world.rows(), []);
});

test('a page whose reading is closed is refused at once, while another apply holds the stream', async () => {
  await using world = await openDestinationWorld();
  const closed = await world.open();
  await world.db.query(sql`DELETE FROM _lockstep.observation WHERE lo = ${closed.lo}`);
  await world.destination.db.transaction(async (tx) => {
    await world.apply([record(1)], { tx, observation: await world.open() });
    const late = world.destination.db.transaction(async (own) => {
      await own.query(sql`SET LOCAL lock_timeout = '1ms'`);
      await world.apply([record(2)], { tx: own, observation: closed });
    });
    await assert.rejects(late, { code: 'SYS-09' });
  });
});

test('an expired reading whose page waits for the stream is not waited for: no deadlock', async () => {
  await using world = await openDestinationWorld();
  const { db } = world.destination;
  const first = await world.open();
  const expired = await world.open(['Account'], 0);
  let waiting: Promise<unknown> | undefined;
  await db.transaction(async (tx) => {
    await world.apply([record(1)], { tx, observation: first, isLast: false });
    waiting = world.apply([record(2)], { observation: expired });
    await untilBlocked(world.db);
    await world.apply([record(3)], { tx, observation: first, isLast: true });
  });
  await waiting;
  assert.equal((await world.rows()).length, 3);
});

test('two pages with the same records in opposite order, and marks to clear, do not deadlock', async () => {
  await using world = await openDestinationWorld();
  const numbers = Array.from({ length: 60 }, (_, number) => number);
  for (let round = 0; round < 5; round++) {
    for (const number of numbers) await markDirty(world.db, 1, [idOf(number)], written);
    const [one, other] = [await world.open(), await world.openReadBack()];
    const page = numbers.map((number) => record(number, { Name: `${round}` }));
    await Promise.all([
      world.apply(page, { observation: one }),
      world.apply(page.toReversed(), { observation: other }),
    ]);
    assert.deepEqual(await world.marks(), []);
  }
});

test('readings of two streams in opposite order, each page in its own transaction, do not deadlock', async () => {
  await using world = await openDestinationWorld({ streams: ['Account', 'Contact'] });
  const readThrough = async (streams: readonly string[]) => {
    const observation = await world.open(streams);
    for (const [place, sobject] of streams.entries()) {
      await world.apply([record(1), record(2)], {
        sobject,
        observation,
        isLast: place === streams.length - 1,
      });
    }
  };
  for (let round = 0; round < 10; round++) {
    await Promise.all([readThrough(['Account', 'Contact']), readThrough(['Contact', 'Account'])]);
  }
  assert.deepEqual(await world.db.query(sql`SELECT FROM _lockstep.observation`), []);
});

test('a deadlock that a session from outside causes repeats the page', async () => {
  await using world = await openDestinationWorld();
  await world.apply([record(1), record(2)]);
  const observation = await world.open();
  const update = (number: number) => sql`UPDATE salesforce.account SET name = 'x' WHERE id = ${idOf(number)}`;
  const outside = await world.db.session();
  await outside.script(`SET deadlock_timeout = '1h'; BEGIN`); // so that the page is the one that is ended
  await outside.query(update(2));
  let waiting: Promise<unknown> | undefined;
  let tries = 0;
  await applyTransaction(world.destination.db, async (tx) => {
    if (++tries === 1) {
      await tx.query(sql`SET LOCAL deadlock_timeout = '1ms'`);
      await tx.query(sql`SELECT FROM salesforce.account WHERE id = ${idOf(1)} FOR UPDATE`);
      waiting = outside.query(update(1)).then(() => outside.script('COMMIT'));
      await untilBlocked(world.db);
    }
    await world.apply([record(1, { Name: 'a' }), record(2, { Name: 'b' })], { tx, observation });
  });
  await waiting;
  await outside.close();
  assert.equal(tries, 2);
  assert.deepEqual(
    (await world.rows()).map(({ name }) => name),
    ['a', 'b'],
  );
});

test('a mark that is raised while a reading is under way is not cleared by it, the next reading clears it', async () => {
  await using world = await openDestinationWorld();
  await markDirty(world.db, 1, [idOf(1)], written);
  const first = await world.open();
  await markDirty(world.db, 1, [idOf(2)], written);
  await world.apply([record(1), record(2)], { observation: first });
  assert.deepEqual(
    (await world.marks()).map(({ id }) => id),
    [idOf(2)],
  );
  await world.apply([record(1), record(2)]);
  assert.deepEqual(await world.marks(), []);
});

test('a mark that is raised while a page waits for its stream is not lowered by that page', async () => {
  await using world = await openDestinationWorld();
  const { db } = world.destination;
  await world.apply([record(1)]);
  const [one, two] = [await world.open(), await world.open()];
  let waiting: Promise<unknown> | undefined;
  const gate = Promise.withResolvers<void>();
  const storing = db.transaction(async (tx) => {
    await world.apply([older()], { tx, observation: one });
    await gate.promise;
  });
  await untilIdleInTransaction(world);
  waiting = world.apply([older({ Name: 'other' })], { observation: two }); // overlaps, equal stamp: marks it
  await untilBlocked(world.db);
  const third = await world.openReadBack(); // began before the write that the next mark stands for
  await markDirty(world.db, 1, [idOf(1)], written);
  const [raised] = await world.marks();
  gate.resolve();
  await Promise.all([storing, waiting]);

  assert.ok(raised && raised.since_ticket > third.lo);
  assert.deepEqual(await world.marks(), [raised]);
  await world.apply([newer()], { observation: third });
  assert.deepEqual(await world.marks(), [raised]);
});

test('of two marks that wait for each other the later one counts', async () => {
  await using world = await openDestinationWorld();
  await markDirty(world.db, 1, [idOf(1)], written);
  let waiting: Promise<unknown> | undefined;
  await world.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM _lockstep.dirty FOR UPDATE`);
    waiting = markDirty(world.db, 1, [idOf(1)], written);
    await untilBlocked(world.db);
    await markDirty(tx, 1, [idOf(1)], written);
  });
  await waiting;
  const [last] = await world.db.query<{ value: number }>(
    sql`SELECT last_value AS value FROM _lockstep.ticket`,
  );
  assert.equal((await world.marks())[0]?.since_ticket, last?.value);
});

test('an answer that somebody waits for does not wait longer for its stream than it may', async () => {
  await using world = await openDestinationWorld();
  const observation = await world.openReadBack();
  await world.destination.db.transaction(async (tx) => {
    await world.apply([record(1)], { tx });
    const late = world.destination.db.transaction(async (own) => {
      await limitLockWait(own, 0.4);
      await world.apply([record(2)], { tx: own, observation });
    });
    await assert.rejects(late, { code: '55P03' });
  });
  assert.equal((await world.apply([record(2)], { observation })).applied, 1);
});

type World = Awaited<ReturnType<typeof openDestinationWorld>>;

async function untilIdleInTransaction(world: World): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  for (;;) {
    const standing = await world.db.query(sql`
      SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
       WHERE a.datname = current_database() AND a.state = 'idle in transaction' AND l.locktype = 'advisory'
         AND a.query LIKE '%expires_at < clock_timestamp()%'`);
    if (standing.length > 0) return;
    assert.ok(performance.now() < giveUpAt, 'the apply that should stand before its commit does not');
  }
}
