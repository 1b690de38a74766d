/**
 * Checks that are refused or get no answer, and checks that somebody requests. Covers: a person who deletes and
 * inserts rows of the mirror.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const intervalMs = 2 * minuteMs;

const counts = { contains: 'COUNT(Id)', user: 'integration', inside: 'only' } as const;
const polls = { contains: 'SystemModstamp >=', user: 'integration', inside: 'only' } as const;

/** A harness whose daily count is due. */
async function openWithCountsDue(): Promise<ClockHarness> {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account'], intervalMs }));
  await harness.finishBackfill();
  await harness.advance(dayMs);
  const ends = undo.move();
  return { ...harness, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const countPolls = (harness: ClockHarness) =>
  harness.inject({ match: polls, times: null, effect: { delayMs: 0 } });

const problems = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);

const statusOf = async (harness: ClockHarness) => {
  const [status] = await harness.mirror.query(
    sql`SELECT state, stop_code, counts_verified_at IS NOT NULL AS is_counted FROM _lockstep.status`,
  );
  return status;
};

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

/** The number of polls in an hour without faults. */
async function pollsOfAnHour(): Promise<number> {
  await using harness = await openWithCountsDue();
  const counted = await countPolls(harness);
  await harness.pass(hourMs);
  assert.deepEqual(await statusOf(harness), { state: 'current', stop_code: null, is_counted: true });
  return counted.fired();
}
const pollsAsUsual = await pollsOfAnHour();

const refusal = (errorCode: string) => ({
  respond: { status: 400, body: [{ errorCode, message: 'No.' }] },
});

for (const [what, effect, code] of [
  ['run into a time-out of Salesforce', { answer: 'QUERY_TIMEOUT' }, 'NET-01'],
  ['are refused as malformed', refusal('MALFORMED_QUERY'), 'SCH-06'],
  ['name an unknown field', { answer: 'INVALID_FIELD', name: 'Id' }, 'PERM-02'],
] as const) {
  test(`counts that ${what} are reported as a problem of the counts, and polls go on as often as without it`, async () => {
    await using harness = await openWithCountsDue();
    const fault = await harness.inject({ match: counts, times: null, effect });
    const polled = await countPolls(harness);
    const id = await create(harness, 'Despite the counts');
    await harness.pass(hourMs);
    const tries = await fault.fired();
    assert.ok(tries >= 5 && tries <= 8, `${tries} tries, each later than the one before`);
    assert.ok((await polled.fired()) >= pollsAsUsual - tries, 'each try costs one request, no more');
    assert.equal((await harness.row('account', id))?.name, 'Despite the counts');
    assert.deepEqual(await problems(harness), [{ sobject: 'Account', kind: 'counts', code }]);
    assert.deepEqual(await statusOf(harness), { state: 'current', stop_code: null, is_counted: false });
    assert.deepEqual(harness.holder.syncProblems, []);
    await fault.end();
    await harness.pass(hourMs + 3 * intervalMs);
    assert.deepEqual(await problems(harness), []);
    assert.deepEqual(await statusOf(harness), { state: 'current', stop_code: null, is_counted: true });
    await harness.expectConvergedAndIdle();
  });
}

test('counts that get no answer delay no poll, and are reported when they time out', async () => {
  await using harness = await openWithCountsDue();
  const fault = await harness.inject({ match: counts, times: null, effect: { hang: 'before' } });
  const polled = await countPolls(harness);
  await harness.pass(2 * intervalMs);
  await fault.untilFired();
  const id = await create(harness, 'Despite the counts');
  await harness.pass(intervalMs);
  assert.equal((await harness.row('account', id))?.name, 'Despite the counts');
  await harness.pass(hourMs - 3 * intervalMs);
  const tries = await fault.fired();
  assert.ok(tries >= 3, `${tries} tries`);
  assert.ok((await polled.fired()) >= pollsAsUsual - tries);
  assert.deepEqual(await problems(harness), [{ sobject: 'Account', kind: 'counts', code: 'NET-01' }]);
  assert.deepEqual(harness.holder.syncProblems, []);
  await fault.end();
  await harness.pass(hourMs + 3 * intervalMs);
  assert.deepEqual(await problems(harness), []);
  await harness.expectConvergedAndIdle();
});

test('a requested comparison of counts ends even while counts are refused, and says why it found nothing', async () => {
  await using harness = await openWithCountsDue();
  const fault = await harness.inject({ match: counts, times: null, effect: { answer: 'QUERY_TIMEOUT' } });
  const compared = harness.holder.syncRequest('verify counts', ['Account']);
  assert.deepEqual((await harness.untilDone(compared)).skipped, [
    { object: 'Account', reason: 'its count failed (NET-01)' },
  ]);
  await fault.end();
  const again = harness.holder.syncRequest('verify counts', ['Account']);
  assert.deepEqual((await harness.untilDone(again)).skipped, []);
  assert.deepEqual(await problems(harness), []);
});

/** A settled harness with an account that the test then changes. */
async function openSettled() {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account', 'Lead'], intervalMs }));
  const id = await create(harness, 'As in Salesforce');
  await harness.finishBackfill();
  await harness.settle();
  const ends = undo.move();
  return { harness, id, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Requests a comparison of all Ids, and one of the counts, which corrects the checkpoint's number of rows. */
async function verifyIds(harness: ClockHarness) {
  const verified = harness.holder.syncRequest('verify ids', ['Account']);
  const { repairs, skipped } = await harness.untilDone(verified);
  assert.deepEqual(skipped, []);
  await harness.untilDone(harness.holder.syncRequest('verify counts', ['Account']));
  return repairs;
}

test('a comparison of Ids finds a row that somebody has deleted in the mirror', async () => {
  await using settled = await openSettled();
  const { harness, id } = settled;
  await harness.mirror.query(sql`DELETE FROM salesforce.account WHERE id = ${id}`);
  assert.deepEqual(await verifyIds(harness), [{ sobject: 'Account', kind: 'missing', rows: 1 }]);
  assert.equal((await harness.row('account', id))?.name, 'As in Salesforce');
  await harness.expectConverged();
  await harness.expectIdle();
});

test('a comparison of Ids finds a row that somebody has inserted into the mirror', async () => {
  await using settled = await openSettled();
  const { harness, id } = settled;
  const madeUp = `${id.slice(0, 3)}000000000000AAA`;
  await harness.mirror.query(sql`
    INSERT INTO salesforce.account (id, name, createddate, systemmodstamp)
    SELECT ${madeUp}, 'Made up', createddate, systemmodstamp FROM salesforce.account WHERE id = ${id}`);
  assert.deepEqual(await verifyIds(harness), [{ sobject: 'Account', kind: 'no longer visible', rows: 1 }]);
  assert.equal(await harness.row('account', madeUp), undefined);
  await harness.expectConverged();
  await harness.expectIdle();
});
