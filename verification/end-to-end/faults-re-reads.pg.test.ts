/** Records that are to be read again, and whose answers never settle what they are. Nothing is asked for ever, unheard. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage } from '@lockstep/harness/stage';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;

/** An account that the mirror holds, and what Salesforce answers to a question for it by Id. */
async function openCopied() {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openStage({ org, sobjects: ['Account', 'Lead'] }));
  const [id = ''] = await stage.write([{ create: 'Account', values: { Name: 'To be read again' } }]);
  await stage.copy();
  await stage.settle();
  const answered = await org.request('GET', `${dataPath}/sobjects/Account/${id}`);
  const ends = undo.move();
  return {
    stage,
    id,
    record: answered.json as Record<string, unknown>,
    /** From now on that question is always answered so. */
    answer: (body: object) =>
      stage.strike({
        match: { contains: `Id IN ('${id}'`, inside: 'only' },
        times: null,
        effect: { respond: { status: 200, body } },
      }),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

const setAside = (stage: Stage) =>
  stage.mirror.query(sql`SELECT sobject, id, column_name, code FROM _lockstep.set_aside`);
const problems = (stage: Stage) =>
  stage.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);
const settledAt = async (stage: Stage, sobject: string) => {
  const [status] = await stage.mirror.query<{ at: string }>(
    sql`SELECT extract(epoch FROM settled_until) * 1000 AS at FROM _lockstep.status WHERE sobject = ${sobject}`,
  );
  return Number(status?.at);
};

test('a record whose answers contradict each other is read again thirty times and then set aside, which is told', async () => {
  await using copied = await openCopied();
  const { stage, id, record } = copied;
  const twice = { totalSize: 2, done: true, records: [record, { ...record, Name: 'Of the same second' }] };
  const fault = await copied.answer(twice);
  const asked = stage.clock.now();
  const syncRequest = stage.holder.syncRequest('refetch', ['Account'], [id]);
  await stage.pass(45 * minuteMs);
  assert.equal(await fault.fired(), 30, 'more of them would tell no more');
  const told = { sobject: 'Account', column_name: null, code: 'unsettled' };
  assert.deepEqual(await setAside(stage), [{ ...told, id }]);
  const { objects, skipped, ...result } = await syncRequest;
  assert.deepEqual({ objects, skipped }, { objects: 1, skipped: [] });
  assert.deepEqual(result, {
    repairs: [],
    setAside: [{ sobject: 'Account', column: null, code: 'unsettled', rows: 1 }],
  });
  assert.ok((await settledAt(stage, 'Account')) < asked, 'what is claimed is held back for it');
  assert.ok((await settledAt(stage, 'Lead')) > asked, 'and for no other object');

  await fault.end();
  await stage.mirror.query(sql`UPDATE _lockstep.quarantine SET retry_at = now()`); // by the database's own clock
  await stage.pass(3 * stage.intervalMs);
  assert.deepEqual(await setAside(stage), []);
  await stage.settle();
  await stage.expectWhole();
});

test('a record that an answer keeps back for ever is asked for at most once a minute, and that it is missing is told', async () => {
  await using copied = await openCopied();
  const { stage, id } = copied;
  const nextRecordsUrl = `${dataPath}/query/01g000000000001AAA-1`;
  const fault = await copied.answer({ totalSize: 1, done: false, nextRecordsUrl, records: [] });
  const asked = stage.clock.now();
  const syncRequest = stage.holder.syncRequest('refetch', ['Account'], [id]);
  const [later = ''] = await stage.write([{ create: 'Account', values: { Name: 'Meanwhile' } }]);
  await stage.pass(60 * minuteMs);
  const tries = await fault.fired();
  assert.ok(tries >= 20 && tries <= 61, `${tries} questions in an hour`);
  assert.deepEqual(await problems(stage), [{ sobject: 'Account', kind: 're-read', code: 'DATA-03' }]);
  assert.equal((await stage.row('account', id))?.name, 'To be read again', 'nothing says that it is gone');
  assert.equal((await stage.row('account', later))?.name, 'Meanwhile');
  assert.ok((await settledAt(stage, 'Account')) < asked);

  await fault.end();
  await stage.pass(3 * stage.intervalMs);
  assert.deepEqual((await syncRequest).skipped, []);
  assert.deepEqual(await problems(stage), []);
  await stage.settle();
  await stage.expectWhole();
});
