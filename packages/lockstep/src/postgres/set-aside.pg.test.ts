/** What a record that the mirror cannot store means for the claims about its stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  pageOf,
  record,
  stampAt,
} from '@lockstep/harness/destination';
import type { Page } from '../core/page.ts';
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

const noCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };

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

/** Why a newer version of a record is set aside, and its page. The table has a CHECK constraint. */
const refusals: readonly { why: string; page: (number: number, SystemModstamp: string) => Page }[] = [
  {
    why: 'whose value does not fit',
    page: (number, SystemModstamp) => pageOf([record(number, { Value__c: 'text', SystemModstamp })]),
  },
  {
    why: 'that a constraint refuses',
    page: (number, SystemModstamp) => pageOf([record(number, { Value__c: 13, SystemModstamp })]),
  },
  {
    why: 'with a lone surrogate',
    page: (number, SystemModstamp) => {
      const text = JSON.stringify(record(number, { Name: '\ud800', SystemModstamp }));
      return pageOf([], { unstorable: [{ id: idOf(number), text }] });
    },
  },
];

/**
 * Readings that began before the record was set aside. The row, if there is one, has the value 1.
 *
 * @property at  the stamp of the version that is set aside; the older one has 1
 */
const olderReadings: readonly { shows: string; values: object | null; at: number; verdict: string }[] = [
  { shows: 'the row that is there', values: { Value__c: 1 }, at: 300, verdict: 'stale' },
  { shows: 'another older version', values: { Value__c: 2 }, at: 300, verdict: 'stale' },
  { shows: 'the row of the same second', values: { Value__c: 1 }, at: 1, verdict: 'dirty' },
  { shows: 'no such record yet', values: null, at: 300, verdict: 'dirty' },
];

for (const { why, page } of refusals) {
  test(`no reading that began earlier undoes that a record ${why} was set aside`, async () => {
    await using harness = await openSettled({ Name: 'string', Value__c: 'int' });
    await harness.db.script('ALTER TABLE salesforce.account ADD CHECK (value__c <> 13)');
    const older = (number: number, values: object | null) =>
      values === null ? [] : [record(number, { ...values, SystemModstamp: stampAt(1) })];
    const cases = olderReadings.flatMap((one) => [
      { ...one, hasEnded: false },
      { ...one, hasEnded: true, verdict: 'stale' },
    ]);
    for (const [number, { shows, values, at, verdict, hasEnded }] of cases.entries()) {
      if (values) await harness.apply(older(number, { Value__c: 1 }));
      const before = await harness.rows();
      const observation = await harness.open();
      await harness.apply(page(number, stampAt(at)));
      const settled = await settledUntil(harness);
      const counts = await harness.apply(older(number, values), {
        observation,
        ...(hasEnded && { hi: observation.lo }),
        ...(values === null && { absent: [idOf(number)] }),
      });
      const what = `${shows}, ${hasEnded ? 'ended before' : 'ends after'}`;
      assert.deepEqual({ what, ...counts }, { what, ...noCounts, [verdict]: 1 });
      assert.deepEqual(await harness.rows(), before, what);
      assert.equal((await harness.quarantined()).length, number + 1, `${what}: it is still set aside`);
      assert.equal(await settledUntil(harness), settled, `${what}: the missing change is not called settled`);
    }
  });
}

test('a record that is set aside is stored by a later reading, even one that equals its row', async () => {
  await using harness = await openSettled({ Value__c: 'int' });
  await harness.apply([record(1, { Value__c: 1 })]);
  const open = await harness.open(); // keeps the fence
  await harness.apply([record(1, { Value__c: 'text', SystemModstamp: stampAt(300) })]);
  const counts = await harness.apply([record(1, { Value__c: 1 })]);
  assert.equal(counts.unchanged, 1);
  assert.deepEqual(await harness.quarantined(), []);
  const late = await harness.apply([record(1, { Value__c: 'text', SystemModstamp: stampAt(300) })], {
    observation: open,
  });
  assert.deepEqual([late.quarantined, late.stale, late.dirty], [1, 0, 0], 'its stamp is newer');
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

test('a text that is too long for an index that somebody added sets its record aside alone', async () => {
  await using harness = await openSettled({ Value__c: 'textarea' });
  await harness.db.script('CREATE INDEX ON salesforce.account (value__c)');
  const long = Array.from({ length: 4_000 }, (_, place) => (place * 7_919) % 1_009).join('-');
  const counts = await harness.apply([record(1), record(2, { Value__c: long }), record(3)]);
  assert.deepEqual([counts.applied, counts.quarantined], [2, 1]);
  const [aside] = await harness.quarantined();
  assert.deepEqual([aside?.id, aside?.code], [idOf(2), '54000']);
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
