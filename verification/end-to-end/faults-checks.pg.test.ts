/**
 * Checks that are refused or get no answer, and checks that somebody asks for. Row of the list of faults: 65 (a person
 * who deletes and inserts rows of the mirror).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const intervalMs = 2 * minuteMs;

const counts = { contains: 'COUNT(Id)', user: 'integration', inside: 'only' } as const;
const polls = { contains: 'SystemModstamp >=', user: 'integration', inside: 'only' } as const;

/** A stage whose daily count is due. */
async function openDue(): Promise<Stage> {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openStage({ org, sobjects: ['Account'], intervalMs }));
  await stage.copy();
  await stage.advance(dayMs);
  const ends = undo.move();
  return { ...stage, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

const countPolls = (stage: Stage) => stage.strike({ match: polls, times: null, effect: { delayMs: 0 } });

const problems = (stage: Stage) =>
  stage.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);

const statusOf = async (stage: Stage) => {
  const [status] = await stage.mirror.query(
    sql`SELECT state, stop_code, counts_verified_at IS NOT NULL AS is_counted FROM _lockstep.status`,
  );
  return status;
};

const create = async (stage: Stage, Name: string) =>
  (await stage.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

/** How many polls an hour has in which nothing goes wrong. */
async function pollsOfAnHour(): Promise<number> {
  await using stage = await openDue();
  const counted = await countPolls(stage);
  await stage.pass(hourMs);
  assert.deepEqual(await statusOf(stage), { state: 'current', stop_code: null, is_counted: true });
  return counted.fired();
}
const pollsAsUsual = await pollsOfAnHour();

const refusal = (errorCode: string) => ({
  respond: { status: 400, body: [{ errorCode, message: 'No.' }] },
});

for (const [what, effect, code] of [
  ['run into a time-out of Salesforce', { answer: 'QUERY_TIMEOUT' }, 'NET-01'],
  ['are refused as malformed', refusal('MALFORMED_QUERY'), 'SCH-06'],
  ['name a field that is none', { answer: 'INVALID_FIELD', name: 'Id' }, 'PERM-02'],
] as const) {
  test(`counts that ${what} are told as a problem of the counts, and polls go on as often as without`, async () => {
    await using stage = await openDue();
    const fault = await stage.strike({ match: counts, times: null, effect });
    const polled = await countPolls(stage);
    const id = await create(stage, 'Beside the counts');
    await stage.pass(hourMs);
    const tries = await fault.fired();
    assert.ok(tries >= 5 && tries <= 8, `${tries} tries, each later than the one before`);
    assert.ok((await polled.fired()) >= pollsAsUsual - tries, 'a try costs a request, and no more');
    assert.equal((await stage.row('account', id))?.name, 'Beside the counts');
    assert.deepEqual(await problems(stage), [{ sobject: 'Account', kind: 'counts', code }]);
    assert.deepEqual(await statusOf(stage), { state: 'current', stop_code: null, is_counted: false });
    assert.deepEqual(stage.holder.syncProblems, []);
    await fault.end();
    await stage.pass(hourMs + 3 * intervalMs);
    assert.deepEqual(await problems(stage), []);
    assert.deepEqual(await statusOf(stage), { state: 'current', stop_code: null, is_counted: true });
    await stage.expectWhole();
  });
}

test('counts that get no answer keep no poll waiting, and are told when their time is over', async () => {
  await using stage = await openDue();
  const fault = await stage.strike({ match: counts, times: null, effect: { hang: 'before' } });
  const polled = await countPolls(stage);
  await stage.pass(intervalMs);
  await fault.struck();
  const id = await create(stage, 'Beside the counts');
  await stage.pass(intervalMs);
  assert.equal((await stage.row('account', id))?.name, 'Beside the counts');
  await stage.pass(hourMs - 2 * intervalMs);
  const tries = await fault.fired();
  assert.ok(tries >= 3, `${tries} tries`);
  assert.ok((await polled.fired()) >= pollsAsUsual - tries);
  assert.deepEqual(await problems(stage), [{ sobject: 'Account', kind: 'counts', code: 'NET-01' }]);
  assert.deepEqual(stage.holder.syncProblems, []);
  await fault.end();
  await stage.pass(hourMs + 3 * intervalMs);
  assert.deepEqual(await problems(stage), []);
  await stage.expectWhole();
});

test('a comparison that is asked for while counts are refused ends, and says why it found nothing', async () => {
  await using stage = await openDue();
  const fault = await stage.strike({ match: counts, times: null, effect: { answer: 'QUERY_TIMEOUT' } });
  const compared = stage.holder.syncRequest('verify counts', ['Account']);
  await stage.pass(3 * intervalMs);
  assert.deepEqual((await compared).skipped, [{ object: 'Account', reason: 'its count failed (NET-01)' }]);
  await fault.end();
  const again = stage.holder.syncRequest('verify counts', ['Account']);
  await stage.pass(3 * intervalMs);
  assert.deepEqual((await again).skipped, []);
  assert.deepEqual(await problems(stage), []);
});

/** A settled stage with an account, of which somebody then makes what it likes. */
async function openSettled() {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openStage({ org, sobjects: ['Account', 'Lead'], intervalMs }));
  const id = await create(stage, 'As in Salesforce');
  await stage.copy();
  await stage.settle();
  const ends = undo.move();
  return { stage, id, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** A comparison of all Ids, as a person asks for it, and of the counts, which makes the kept number of rows right. */
async function reconcile(stage: Stage) {
  const reconciled = stage.holder.syncRequest('verify ids', ['Account']);
  await stage.pass(5 * stage.intervalMs);
  const { repairs, skipped } = await reconciled;
  assert.deepEqual(skipped, []);
  const compared = stage.holder.syncRequest('verify counts', ['Account']);
  await stage.pass(3 * stage.intervalMs);
  await compared;
  return repairs;
}

test('a reconciliation finds a row that somebody has deleted in the mirror', async () => {
  await using settled = await openSettled();
  const { stage, id } = settled;
  await stage.mirror.query(sql`DELETE FROM salesforce.account WHERE id = ${id}`);
  assert.deepEqual(await reconcile(stage), [{ sobject: 'Account', kind: 'missing', rows: 1 }]);
  assert.equal((await stage.row('account', id))?.name, 'As in Salesforce');
  await stage.expectConverged();
  await stage.expectRest();
});

test('a reconciliation finds a row that somebody has inserted into the mirror', async () => {
  await using settled = await openSettled();
  const { stage, id } = settled;
  const madeUp = `${id.slice(0, 3)}000000000000AAA`;
  await stage.mirror.query(sql`
    INSERT INTO salesforce.account (id, name, createddate, systemmodstamp)
    SELECT ${madeUp}, 'Made up', createddate, systemmodstamp FROM salesforce.account WHERE id = ${id}`);
  assert.deepEqual(await reconcile(stage), [{ sobject: 'Account', kind: 'no longer visible', rows: 1 }]);
  assert.equal(await stage.row('account', madeUp), undefined);
  await stage.expectConverged();
  await stage.expectRest();
});
