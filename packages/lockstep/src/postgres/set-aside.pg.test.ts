/** What a record that the mirror cannot store means for the claims about its stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  record,
  stampAt,
} from '@lockstep/harness/destination';
import { beginStream } from './progress.ts';

const settledAt = Date.UTC(2026, 0, 2) / 1_000;

/** A stream that is settled up to a day after its records' first stamps. */
async function openSettled(fields: Readonly<Record<string, string>>): Promise<DestinationHarness> {
  const harness = await openDestinationHarness({ fields });
  await beginStream(harness.db, 1, { head: { at: settledAt }, recheck: { at: settledAt } }, 0);
  await harness.db.query(sql`UPDATE _lockstep.checkpoint SET state = 'current', backfilled_at = now()`);
  return harness;
}

async function settledUntil({ db }: DestinationHarness): Promise<number> {
  const [status] = await db.query<{ seconds: number }>(
    sql`SELECT extract(epoch FROM settled_until)::bigint AS seconds FROM _lockstep.status`,
  );
  return status?.seconds ?? Number.NaN;
}

const secondsAt = (seconds: number) => Date.parse(stampAt(seconds)) / 1_000;

for (const [type, value] of [
  ['date', '2026-01-01T12:00:00.000+0000'],
  ['datetime', '2026-01-01'],
  ['boolean', 'yes'],
  ['double', 'NaN'],
  ['int', 'seven'],
] as const) {
  test(`${JSON.stringify(value)} in a field that was a ${type} is set aside, not changed into one`, async () => {
    await using harness = await openSettled({ Value__c: type });
    await harness.apply([record(1, { Value__c: value }), record(2)]);
    const [aside, ...others] = await harness.quarantined();
    assert.deepEqual([aside?.id, aside?.column_name, aside?.code], [idOf(1), 'value__c', 'misfit']);
    assert.deepEqual(others, []);
    assert.deepEqual(
      (await harness.rows()).map(({ id }) => id),
      [idOf(2)],
    );
  });
}

test('a record that was set aside holds back the settled time of its table until it is stored', async () => {
  await using harness = await openSettled({ Value__c: 'int' });
  await harness.apply([record(1, { Value__c: 'text', SystemModstamp: stampAt(100) })]);
  assert.equal(await settledUntil(harness), secondsAt(98));
  await harness.apply([record(1, { Value__c: 'more text', SystemModstamp: stampAt(200) })]);
  assert.equal(await settledUntil(harness), secondsAt(98), 'the older change is still missing');
  await harness.apply([record(1, { Value__c: 3, SystemModstamp: stampAt(300) })]);
  assert.equal(await settledUntil(harness), settledAt);
});

test('a page that was read before a newer reading sets nothing aside', async () => {
  await using harness = await openSettled({ Value__c: 'int' });
  const [page] = [await harness.open()];
  await harness.apply([record(1, { Value__c: 3, SystemModstamp: stampAt(300) })]);
  const counts = await harness.apply([record(1, { Value__c: 'text', SystemModstamp: stampAt(100) })], {
    observation: page,
  });
  assert.deepEqual([counts.stale, counts.quarantined], [1, 0]);
  assert.deepEqual(await harness.quarantined(), []);
});

test('a page that was read before a record was set aside does not release it', async () => {
  await using harness = await openSettled({ Value__c: 'int' });
  const page = await harness.open();
  await harness.apply([record(1, { Value__c: 'text', SystemModstamp: stampAt(300) })]);
  const counts = await harness.apply([record(1, { Value__c: 3, SystemModstamp: stampAt(100) })], {
    observation: page,
  });
  assert.equal(counts.stale, 1);
  assert.equal((await harness.quarantined()).length, 1);
});

test('a record is read again if either of two overlapping readings may be the newer one', async () => {
  await using harness = await openSettled({ Value__c: 'int' });
  const page = await harness.open();
  await harness.apply([record(1, { Value__c: 3, SystemModstamp: stampAt(100) })]);
  const counts = await harness.apply([record(1, { Value__c: 'text', SystemModstamp: stampAt(101) })], {
    observation: page,
  });
  assert.deepEqual([counts.dirty, counts.quarantined], [1, 0]);
  assert.deepEqual(
    (await harness.marks()).map(({ id }) => id),
    [idOf(1)],
  );
});

test('a record that violates a unique index of the user is set aside, and the reader can see that', async () => {
  await using harness = await openSettled({ Value__c: 'string' });
  await harness.db.script('CREATE UNIQUE INDEX ON salesforce.account (value__c)');
  await harness.apply([record(1, { Value__c: 'same' }), record(2, { Value__c: 'same' })]);
  const told = await harness.db.query(sql`SELECT sobject, id, column_name, code FROM _lockstep.set_aside`);
  assert.deepEqual(told, [{ sobject: 'Account', id: idOf(2), column_name: null, code: '23505' }]);
  assert.ok((await settledUntil(harness)) < settledAt);
  const [status] = await harness.db.query(sql`SELECT set_aside_rows FROM _lockstep.status`);
  assert.deepEqual(status, { set_aside_rows: 1 });
});

test('a record that was set aside is read again after a minute, then at growing intervals', async () => {
  await using harness = await openSettled({ Value__c: 'int' });
  const { mirror } = harness.destination;
  const untilRetry = async () => {
    const [row] = await harness.db.query<{ minutes: number }>(sql`
      SELECT round(extract(epoch FROM retry_at - clock_timestamp()) / 60)::integer AS minutes FROM _lockstep.quarantine`);
    return row?.minutes;
  };
  const waits: (number | undefined)[] = [];
  for (let nth = 0; nth < 9; nth++) {
    await harness.apply([record(1, { Value__c: 'text' })]);
    waits.push(await untilRetry());
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);

  await mirror.retrySetAside();
  assert.deepEqual(await harness.marks(), [], 'its time has not come');
  await harness.db.query(sql`UPDATE _lockstep.quarantine SET retry_at = clock_timestamp()`);
  await mirror.retrySetAside();
  await mirror.retrySetAside();
  assert.deepEqual(await mirror.nextMarked(1, 10), [idOf(1)]);
});
