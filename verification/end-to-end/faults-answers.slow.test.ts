/**
 * Refusals and errors in place of pages. Covers: an object that may not be read any more, locator, time-out of a
 * query, errors in an unexpected form.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import type { ClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';
import { openPair, writeBoth } from '@lockstep/harness/two-objects';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const ofAccount = { contains: 'FROM Account', user: 'integration', inside: 'only' } as const;
const wholeRequest = { path: '*/composite', user: 'integration' } as const;

for (const answer of ['INVALID_QUERY_LOCATOR', 'QUERY_TIMEOUT', 'UNKNOWN_EXCEPTION']) {
  test(`after ${answer} reading a table goes on from its cursor, and the others go on meanwhile`, async () => {
    await using harness = await openPair(org);
    const fault = await harness.inject({ match: ofAccount, times: null, effect: { answer } });
    const { account, lead } = await writeBoth(harness, answer);
    await harness.pass(6 * harness.intervalMs);
    assert.ok((await fault.fired()) >= 3, 'the sync tries again');
    assert.equal((await harness.row('lead', lead))?.company, answer);
    assert.equal(await harness.row('account', account), undefined);
    await fault.end();
    await harness.pass(3 * harness.intervalMs);
    assert.equal((await harness.row('account', account))?.name, answer);
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}

const html = { 'Content-Type': 'text/html;charset=UTF-8' };
const foreign = {
  'a 500 with a list of errors': { answer: 'UNKNOWN_EXCEPTION' },
  'a 500 with an empty body': { respond: { status: 500 } },
  'a 500 as a page of HTML': { respond: { status: 500, headers: html, body: '<h1>Server Error</h1>' } },
  'a 200 as a page of HTML': { respond: { status: 200, headers: html, body: '<h1>Please log in</h1>' } },
  'a 200 with an empty body': { emptyBody: true },
  'a 200 with the body of an error': { answer: 'ERROR_WITH_200' },
  'a 200 with an answer of another form': { respond: { status: 200, body: { compositeResponse: [] } } },
};

test('an error in any form is never taken for a page: nothing is stored, no cursor moves, and the sync recovers by itself', async (t) => {
  await using harness = await openPair(org);
  for (const [what, effect] of Object.entries(foreign)) {
    await t.test(what, async () => {
      const { account } = await writeBoth(harness, what);
      const before = await cursors(harness);
      const { received } = harness.holder.counts;
      const fault = await harness.inject({ match: wholeRequest, times: null, effect });
      await harness.pass(2 * harness.intervalMs);
      assert.ok((await fault.fired()) >= 1);
      assert.deepEqual(await cursors(harness), before);
      assert.equal(harness.holder.counts.received, received);
      assert.notEqual(harness.holder.syncProblems.at(-1), null, 'a person can see that it waits');
      await fault.end();
      await harness.pass(3 * harness.intervalMs);
      assert.equal(harness.holder.syncProblems.at(-1), null, 'and that it goes on');
      assert.equal((await harness.row('account', account))?.name, what);
    });
  }
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

const cursors = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT stream_no, kind, position FROM _lockstep.cursor ORDER BY 1, 2`);

test('an object that may not be read any more stops, keeps its rows, and is followed again when it may', async () => {
  await using harness = await openPair(org);
  const rights = (objects: object) => org.control('/users/rights', { user: 'integration', objects });
  await rights({ Lead: { read: false } });
  try {
    const { account } = await writeBoth(harness, 'Without rights');
    await harness.pass(3 * harness.intervalMs);
    assert.equal((await harness.row('account', account))?.name, 'Without rights');
    const [lead] = await harness.mirror.query(sql`
      SELECT state, stop_code, stop_reason ~ 'Lead' AS says, rows > 0 AS keeps,
             (SELECT count(*) > 0 FROM salesforce.lead) AS holds
        FROM _lockstep.status WHERE sobject = 'Lead'`);
    assert.deepEqual(lead, { state: 'stopped', stop_code: 'PERM-02', says: true, keeps: true, holds: true });
  } finally {
    await rights({});
  }
  harness.startAnother();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
