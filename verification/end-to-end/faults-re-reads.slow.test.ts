/** Records to read again whose answers never settle their state. No query repeats for ever without being reported. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;

/** An account in the mirror, and a way to replace Salesforce's answer to the query for it by Id. */
async function openCopied() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account', 'Lead'] }));
  const [id = ''] = await harness.write([{ create: 'Account', values: { Name: 'To be read again' } }]);
  await harness.finishBackfill();
  await harness.settle();
  const answered = await org.request('GET', `${dataPath}/sobjects/Account/${id}`);
  const ends = undo.move();
  return {
    harness,
    id,
    record: answered.json as Record<string, unknown>,
    /** From now on that query always gets this answer. */
    answer: (body: object) =>
      harness.inject({
        match: { contains: `Id IN ('${id}'`, inside: 'only' },
        times: null,
        effect: { respond: { status: 200, body } },
      }),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

const setAside = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, id, column_name, code FROM _lockstep.set_aside`);
const problems = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);
const settledAt = async (harness: ClockHarness, sobject: string) => {
  const [status] = await harness.mirror.query<{ at: string }>(
    sql`SELECT extract(epoch FROM settled_until) * 1000 AS at FROM _lockstep.status WHERE sobject = ${sobject}`,
  );
  return Number(status?.at);
};

test('a record whose answers contradict each other is read thirty times, then set aside and reported', async () => {
  await using copied = await openCopied();
  const { harness, id, record } = copied;
  const twice = { totalSize: 2, done: true, records: [record, { ...record, Name: 'Of the same second' }] };
  const fault = await copied.answer(twice);
  const asked = harness.clock.now();
  const syncRequest = harness.holder.syncRequest('refetch', ['Account'], [id]);
  await harness.pass(45 * minuteMs);
  assert.equal(await fault.fired(), 30, 'further answers would add nothing');
  const expected = { sobject: 'Account', column_name: null, code: 'unsettled' };
  assert.deepEqual(await setAside(harness), [{ ...expected, id }]);
  const { objects, skipped, ...result } = await syncRequest;
  assert.deepEqual({ objects, skipped }, { objects: 1, skipped: [] });
  assert.deepEqual(result, {
    repairs: [],
    setAside: [{ sobject: 'Account', column: null, code: 'unsettled', rows: 1 }],
  });
  assert.ok((await settledAt(harness, 'Account')) < asked, 'its object’s claim waits for it');
  assert.ok((await settledAt(harness, 'Lead')) > asked, 'no other object’s claim does');

  await fault.end();
  await harness.mirror.query(sql`UPDATE _lockstep.quarantine SET retry_at = now()`); // by the database's own clock
  await harness.pass(3 * harness.intervalMs);
  assert.deepEqual(await setAside(harness), []);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a record that answers withhold for ever is queried at most once a minute, and the problem is reported', async () => {
  await using copied = await openCopied();
  const { harness, id } = copied;
  const nextRecordsUrl = `${dataPath}/query/01g000000000001AAA-1`;
  const fault = await copied.answer({ totalSize: 1, done: false, nextRecordsUrl, records: [] });
  const asked = harness.clock.now();
  const syncRequest = harness.holder.syncRequest('refetch', ['Account'], [id]);
  const [later = ''] = await harness.write([{ create: 'Account', values: { Name: 'Meanwhile' } }]);
  await harness.pass(60 * minuteMs);
  const tries = await fault.fired();
  assert.ok(tries >= 20 && tries <= 61, `${tries} queries in an hour`);
  assert.deepEqual(await problems(harness), [{ sobject: 'Account', kind: 're-read', code: 'DATA-03' }]);
  assert.equal((await harness.row('account', id))?.name, 'To be read again', 'nothing says that it is gone');
  assert.equal((await harness.row('account', later))?.name, 'Meanwhile');
  assert.ok((await settledAt(harness, 'Account')) < asked);

  await fault.end();
  await harness.pass(3 * harness.intervalMs);
  assert.deepEqual((await syncRequest).skipped, []);
  assert.deepEqual(await problems(harness), []);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
