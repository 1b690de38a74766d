/** Proxied writes from before they are sent until their outcome is known, and the marks they leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness } from '@lockstep/harness/destination';
import { mirrorIn } from './index.ts';
import { recordIntent, recordOutcome, recoverIntents } from './intents.ts';
import { markDirty } from './mark-sql.ts';
import { purgeOld } from './sql.ts';

const written = { urgent: true, reason: 'written' } as const;

/** Records a write of one record. */
const recordWrite = (harness: DestinationHarness, owner: string, id: string | null, sobject = 'Account') =>
  recordIntent(harness.db, { owner, method: 'PATCH', named: [{ sobject, id }] });

type DestinationHarness = Awaited<ReturnType<typeof openDestinationHarness>>;
const streamNos = new Map([
  ['account', 1],
  ['contact', 2],
]);
const outcomes = async (harness: DestinationHarness) =>
  (
    await harness.db.query<{ outcome: string | null }>(
      sql`SELECT outcome FROM _lockstep.intent ORDER BY intent_no`,
    )
  ).map(({ outcome }) => outcome);

test('a write whose process is dead is unknown, and its record is read again urgently', async () => {
  await using harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  await recordWrite(harness, 'dead', idOf(1), 'ACCOUNT');
  await recordWrite(harness, 'alive', idOf(2));
  const known = await recordWrite(harness, 'dead', idOf(3));
  await recordOutcome(harness.db, known, 'refused');

  assert.deepEqual(await recoverIntents(harness.db, ['alive'], streamNos, true), {
    recovered: 1,
    withoutId: new Map(),
  });
  assert.deepEqual(await outcomes(harness), ['unknown', null]);
  assert.deepEqual(
    await harness.db.query(sql`SELECT stream_no, id, urgent FROM _lockstep.dirty ORDER BY id`),
    [
      { stream_no: 1, id: idOf(1), urgent: true },
      { stream_no: 1, id: idOf(2), urgent: true },
    ],
  );
  assert.equal((await recoverIntents(harness.db, ['alive'], streamNos, true)).recovered, 0);
});

test('between starts the writes of live processes are not touched', async () => {
  await using harness = await openDestinationHarness();
  await recordWrite(harness, 'alive', idOf(1));
  assert.deepEqual(await recoverIntents(harness.db, ['alive'], streamNos, false), {
    recovered: 0,
    withoutId: new Map(),
  });
  assert.deepEqual(await harness.marks(), []);
});

test('a write that has been open for longer than any request lasts is unknown, even of a live process', async () => {
  await using harness = await openDestinationHarness();
  await recordWrite(harness, 'alive', idOf(1));
  await harness.db.query(sql`UPDATE _lockstep.intent SET sent_at = sent_at - interval '1 hour'`);
  assert.equal((await recoverIntents(harness.db, ['alive'], streamNos, false)).recovered, 1);
  assert.deepEqual(await outcomes(harness), ['unknown']);
});

test('the outcome of a write is kept for a month', async () => {
  await using harness = await openDestinationHarness();
  for (const days of [29, 31]) {
    await recordOutcome(harness.db, await recordWrite(harness, 'alive', idOf(days)), 'applied');
    await harness.db.query(sql`
      UPDATE _lockstep.intent SET answered_at = answered_at - ${days} * interval '1 day' WHERE id = ${idOf(days)}`);
  }
  await purgeOld(harness.db);
  assert.deepEqual(await harness.db.query(sql`SELECT id FROM _lockstep.intent`), [{ id: idOf(29) }]);
});

test('a cut-off write without an Id gives its object and age, but not if the object is not mirrored', async () => {
  await using harness = await openDestinationHarness();
  await recordWrite(harness, 'dead', null);
  await harness.db.query(sql`UPDATE _lockstep.intent SET sent_at = sent_at - interval '7 seconds'`);
  await recordWrite(harness, 'dead', null);
  await recordWrite(harness, 'dead', idOf(1), 'Task');
  const { recovered, withoutId } = await recoverIntents(harness.db, [], streamNos, false);
  assert.equal(recovered, 3);
  const [[sobject, age] = [], ...others] = [...withoutId];
  assert.deepEqual([sobject, others], ['account', []]);
  assert(age !== undefined && age >= 7 && age < 67, `${age} s: that of the older one`);
  assert.deepEqual(await harness.marks(), []);
});

test('cut-off writes are recovered only once', async () => {
  await using harness = await openDestinationHarness();
  for (let number = 0; number < 20; number++) {
    await recordWrite(harness, 'dead', idOf(number));
  }
  const recover = () => harness.db.transaction((tx) => recoverIntents(tx, [], streamNos, false));
  const recovered = await Promise.all([recover(), recover()]);
  assert.deepEqual(
    recovered.map((each) => each.recovered).toSorted((a, b) => a - b),
    [0, 20],
  );
  assert.equal((await harness.marks()).length, 20);
});

test('a write of several records names each of them, and its outcome is recorded for all', async () => {
  await using harness = await openDestinationHarness();
  const named = [
    { sobject: 'Contact', id: null },
    { sobject: 'Account', id: idOf(1) as string },
  ];
  const intents = await recordIntent(harness.db, { owner: 'alive', method: 'POST', named });
  assert.deepEqual(
    await harness.db.query(sql`SELECT sobject, id FROM _lockstep.intent ORDER BY intent_no`),
    named,
  );
  await recordOutcome(harness.db, intents, 'applied');
  assert.deepEqual(await outcomes(harness), ['applied', 'applied']);
});

test('a marked record is unsettled, in its own stream only', async () => {
  await using harness = await openDestinationHarness({ streams: ['Account', 'Contact'] });
  const mirror = mirrorIn(harness.db);
  await markDirty(harness.db, 1, [idOf(1)], written);
  assert.deepEqual(await mirror.unsettled(1, [idOf(2), idOf(1)]), [[idOf(1), 'dirty']]);
  assert.deepEqual(await mirror.unsettled(1, [idOf(2)]), []);
  assert.deepEqual(await mirror.unsettled(1, []), []);
  assert.deepEqual(await mirror.unsettled(2, [idOf(1)]), []);
});

test('a record that is set aside is unsettled, and dirty if it is marked as well', async () => {
  await using harness = await openDestinationHarness();
  const mirror = mirrorIn(harness.db);
  for (const number of [1, 2])
    await harness.db.query(sql`
      INSERT INTO _lockstep.quarantine (stream_no, id, code, record) VALUES (1, ${idOf(number)}, 'x', '{}')`);
  await markDirty(harness.db, 1, [idOf(1)], written);
  assert.deepEqual(await mirror.unsettled(1, [idOf(2), idOf(1)]), [
    [idOf(1), 'dirty'],
    [idOf(2), 'quarantined'],
  ]);
});

test('a later mark raises the ticket, and the mark stays urgent', async () => {
  await using harness = await openDestinationHarness();
  await markDirty(harness.db, 1, [idOf(1)], written);
  const [first] = await harness.marks();
  await markDirty(harness.db, 1, [idOf(1)], written);
  const [second] = await harness.marks();
  assert.ok(first && second && second.since_ticket > first.since_ticket);
  assert.deepEqual(await harness.db.query(sql`SELECT urgent FROM _lockstep.dirty`), [{ urgent: true }]);
});
