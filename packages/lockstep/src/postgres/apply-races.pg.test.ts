/**
 * Races between connections: every test here fails without the line of applyPage, or the lock, that it is about. A
 * transaction that must pause waits for `gate`; the server shows which session waits for a lock.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness, record, stampAt, untilBlocked } from '@lockstep/harness/destination';
import { applyTransaction } from './apply.ts';
import { markDirty } from './mark-sql.ts';
import { limitLockWait } from './transaction-sql.ts';

const written = { urgent: true, reason: 'written' } as const;

const older = (values: object = {}) => record(1, { Name: 'older', SystemModstamp: stampAt(10), ...values });
const newer = (values: object = {}) => record(1, { Name: 'newer', SystemModstamp: stampAt(60), ...values });

test('a page does not overwrite a newer reading that commits while the page waits for it', async () => {
  await using harness = await openDestinationHarness();
  const { db } = harness.destination;
  await harness.apply([record(1, { Name: 'first' })]);
  const page = await harness.open();
  const readBack = await harness.openReadBack();
  const gate = Promise.withResolvers<void>();

  const storing = db.transaction(async (tx) => {
    const counts = await harness.apply([newer()], { tx, observation: readBack });
    await gate.promise;
    return counts;
  });
  await untilIdleInTransaction(harness);
  const late = harness.apply([older()], { observation: page });
  await untilBlocked(harness.db);
  gate.resolve();

  assert.equal((await storing).applied, 1);
  assert.equal((await late).stale, 1);
  assert.deepEqual(
    (await harness.rows()).map(({ name }) => name),
    ['newer'],
  );
});

test('a page does not bring back a record whose deletion commits while the page waits for it', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1)]);
  const page = await harness.open();
  const gate = Promise.withResolvers<void>();
  const deleting = harness.destination.db.transaction(async (tx) => {
    await harness.apply([newer({ IsDeleted: true })], { tx, observation: await harness.openReadBack() });
    await gate.promise;
  });
  await untilIdleInTransaction(harness);
  const late = harness.apply([older()], { observation: page });
  await untilBlocked(harness.db);
  gate.resolve();
  await deleting;
  await late;
  assert.deepEqual(await harness.rows(), []);
});

test('a page whose reading is closed is refused at once, even while another apply locks the stream', async () => {
  await using harness = await openDestinationHarness();
  const closed = await harness.open();
  await harness.db.query(sql`DELETE FROM _lockstep.observation WHERE lo = ${closed.lo}`);
  await harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(1)], { tx, observation: await harness.open() });
    const late = harness.destination.db.transaction(async (own) => {
      await own.query(sql`SET LOCAL lock_timeout = '1ms'`);
      await harness.apply([record(2)], { tx: own, observation: closed });
    });
    await assert.rejects(late, { code: 'SYS-09' });
  });
});

test('purging does not wait for an expired reading whose page waits for the stream: no deadlock', async () => {
  await using harness = await openDestinationHarness();
  const { db } = harness.destination;
  const first = await harness.open();
  const expired = await harness.open(['Account'], 0);
  let waiting: Promise<unknown> | undefined;
  await db.transaction(async (tx) => {
    await harness.apply([record(1)], { tx, observation: first, isLast: false });
    waiting = harness.apply([record(2)], { observation: expired });
    await untilBlocked(harness.db);
    await harness.apply([record(3)], { tx, observation: first, isLast: true });
  });
  await waiting;
  assert.equal((await harness.rows()).length, 3);
});

test('two pages with the same records in opposite order, and marks to clear, do not deadlock', async () => {
  await using harness = await openDestinationHarness();
  const numbers = Array.from({ length: 60 }, (_, number) => number);
  for (let round = 0; round < 5; round++) {
    for (const number of numbers) await markDirty(harness.db, 1, [idOf(number)], written);
    const [one, other] = [await harness.open(), await harness.openReadBack()];
    const page = numbers.map((number) => record(number, { Name: `${round}` }));
    await Promise.all([
      harness.apply(page, { observation: one }),
      harness.apply(page.toReversed(), { observation: other }),
    ]);
    assert.deepEqual(await harness.marks(), []);
  }
});

test('two readings that apply two streams in opposite order, one transaction per page, do not deadlock', async () => {
  await using harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  const readThrough = async (streams: readonly string[]) => {
    const observation = await harness.open(streams);
    for (const [place, sobject] of streams.entries()) {
      await harness.apply([record(1), record(2)], {
        sobject,
        observation,
        isLast: place === streams.length - 1,
      });
    }
  };
  for (let round = 0; round < 10; round++) {
    await Promise.all([readThrough(['Account', 'Contact']), readThrough(['Contact', 'Account'])]);
  }
  assert.deepEqual(await harness.db.query(sql`SELECT FROM _lockstep.observation`), []);
});

test('a deadlock that a session from outside causes repeats the page', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1), record(2)]);
  const observation = await harness.open();
  const update = (number: number) => sql`UPDATE salesforce.account SET name = 'x' WHERE id = ${idOf(number)}`;
  const outside = await harness.db.session();
  await outside.script(`SET deadlock_timeout = '1h'; BEGIN`); // so that the server aborts the page
  await outside.query(update(2));
  let waiting: Promise<unknown> | undefined;
  let tries = 0;
  await applyTransaction(harness.destination.db, async (tx) => {
    if (++tries === 1) {
      await tx.query(sql`SET LOCAL deadlock_timeout = '1ms'`);
      await tx.query(sql`SELECT FROM salesforce.account WHERE id = ${idOf(1)} FOR UPDATE`);
      waiting = outside.query(update(1)).then(() => outside.script('COMMIT'));
      await untilBlocked(harness.db);
    }
    await harness.apply([record(1, { Name: 'a' }), record(2, { Name: 'b' })], { tx, observation });
  });
  await waiting;
  await outside.close();
  assert.equal(tries, 2);
  assert.deepEqual(
    (await harness.rows()).map(({ name }) => name),
    ['a', 'b'],
  );
});

test('a mark that is set while a reading is under way is cleared only by the next reading', async () => {
  await using harness = await openDestinationHarness();
  await markDirty(harness.db, 1, [idOf(1)], written);
  const first = await harness.open();
  await markDirty(harness.db, 1, [idOf(2)], written);
  await harness.apply([record(1), record(2)], { observation: first });
  assert.deepEqual(
    (await harness.marks()).map(({ id }) => id),
    [idOf(2)],
  );
  await harness.apply([record(1), record(2)]);
  assert.deepEqual(await harness.marks(), []);
});

test('a mark that is raised while a page waits for its stream does not get an older ticket from that page', async () => {
  await using harness = await openDestinationHarness();
  const { db } = harness.destination;
  await harness.apply([record(1)]);
  const [one, two] = [await harness.open(), await harness.open()];
  let waiting: Promise<unknown> | undefined;
  const gate = Promise.withResolvers<void>();
  const storing = db.transaction(async (tx) => {
    await harness.apply([older()], { tx, observation: one });
    await gate.promise;
  });
  await untilIdleInTransaction(harness);
  waiting = harness.apply([older({ Name: 'other' })], { observation: two }); // overlaps, equal stamp: marks it
  await untilBlocked(harness.db);
  const third = await harness.openReadBack(); // began before the write that causes the next mark
  await markDirty(harness.db, 1, [idOf(1)], written);
  const [raised] = await harness.marks();
  gate.resolve();
  await Promise.all([storing, waiting]);

  assert.ok(raised && raised.since_ticket > third.lo);
  assert.deepEqual(await harness.marks(), [raised]);
  await harness.apply([newer()], { observation: third });
  assert.deepEqual(await harness.marks(), [raised]);
});

test('of two concurrent marks of a record the later ticket counts', async () => {
  await using harness = await openDestinationHarness();
  await markDirty(harness.db, 1, [idOf(1)], written);
  let waiting: Promise<unknown> | undefined;
  await harness.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM _lockstep.dirty FOR UPDATE`);
    waiting = markDirty(harness.db, 1, [idOf(1)], written);
    await untilBlocked(harness.db);
    await markDirty(tx, 1, [idOf(1)], written);
  });
  await waiting;
  const [last] = await harness.db.query<{ value: number }>(
    sql`SELECT last_value AS value FROM _lockstep.ticket`,
  );
  assert.equal((await harness.marks())[0]?.since_ticket, last?.value);
});

test('a reading that began after a mark clears it, even if an overlapping one has stored the same', async () => {
  await using harness = await openDestinationHarness();
  const before = await harness.open();
  await markDirty(harness.db, 1, [idOf(1)], written);
  const after = await harness.open();
  await harness.apply([record(1)], { observation: before });
  assert.equal((await harness.marks()).length, 1);
  await harness.apply([record(1)], { observation: after });
  assert.deepEqual(await harness.marks(), []);
});

test('an answer that somebody waits for has a time limit on the lock of its stream', async () => {
  await using harness = await openDestinationHarness();
  const observation = await harness.openReadBack();
  await harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(1)], { tx });
    const late = harness.destination.db.transaction(async (own) => {
      await limitLockWait(own, 0.4);
      await harness.apply([record(2)], { tx: own, observation });
    });
    await assert.rejects(late, { code: '55P03' });
  });
  assert.equal((await harness.apply([record(2)], { observation })).applied, 1);
});

type DestinationHarness = Awaited<ReturnType<typeof openDestinationHarness>>;

async function untilIdleInTransaction(harness: DestinationHarness): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  for (;;) {
    const standing = await harness.db.query(sql`
      SELECT FROM pg_stat_activity a
       WHERE a.datname = current_database() AND a.state = 'idle in transaction'
         AND a.query LIKE '%expires_at < clock_timestamp()%'`);
    if (standing.length > 0) return;
    assert.ok(performance.now() < giveUpAt, 'no apply is waiting before its commit');
  }
}
