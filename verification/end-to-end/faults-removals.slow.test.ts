/**
 * Records that go without a trace, and those that only seem to. Covers: deleted for good, a deleted log that does
 * not reach back far enough, one with too many Ids, one that lags, merge.
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
/** After this time the deleted log has been read, and what it names has been read again. */
const logMs = 24 * minuteMs;
/** After this time a small table has been swept, and what was absent has been read again. */
const sweepMs = hourMs + 4 * minuteMs;

const ofLog = { path: '*/deleted*', inside: 'only' } as const;

/** A deleted log that covers all of time and is empty. */
const emptyLog = {
  deletedRecords: [],
  earliestDateAvailable: '2000-01-01T00:00:00.000+0000',
  latestDateCovered: '2100-01-01T00:00:00.000+0000',
};

async function openWith(options: { accounts: number; sobjects?: readonly string[] }) {
  const harness = await openClockHarness({ org, sobjects: options.sobjects ?? ['Account'] });
  const names = Array.from({ length: options.accounts }, (_, n) => `Account ${n}`);
  const ids = await harness.write(names.map((Name) => ({ create: 'Account', values: { Name } })));
  await harness.finishBackfill();
  return { harness, ids };
}

const hardDelete = (...ids: readonly string[]) => org.control('/records/hardDelete', { ids });
const isInMirror = async (harness: ClockHarness, id: string) =>
  (await harness.row('account', id)) !== undefined;

const repairs = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT id, kind FROM _lockstep.repair ORDER BY id`);

/** All changes of account rows since they were last forgotten. */
const changes = (harness: ClockHarness) =>
  harness.mirror.query(sql`
    SELECT operation, id FROM witness.change WHERE table_name = 'account' ORDER BY change_no`);

const hasLogged = (harness: ClockHarness, message: string) =>
  harness.log.text().includes(`"msg":"${message}"`);

const forgetChanges = (harness: ClockHarness) => harness.mirror.query(sql`DELETE FROM witness.change`);

test('a record that was deleted for good goes with the next deleted-log request', async () => {
  const { harness, ids } = await openWith({ accounts: 1 });
  await using _ = harness;
  const [id = ''] = ids;
  await hardDelete(id);
  await harness.pass(logMs);
  assert.equal(await isInMirror(harness, id), false);
  assert.deepEqual(await repairs(harness), [{ id, kind: 'deleted' }]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a record that was deleted for good but is not in the deleted log goes with the next sweep', async () => {
  const { harness, ids } = await openWith({ accounts: 1 });
  await using _ = harness;
  const [id = ''] = ids;
  const fault = await harness.inject({
    match: ofLog,
    times: null,
    effect: { respond: { status: 200, body: emptyLog } },
  });
  await hardDelete(id);
  await harness.pass(logMs);
  assert.equal(await isInMirror(harness, id), true);
  await harness.pass(sweepMs - logMs);
  assert.ok((await fault.fired()) > 0);
  assert.equal(await isInMirror(harness, id), false);
  assert.deepEqual(await repairs(harness), [{ id, kind: 'no longer visible' }], 'nothing says how it went');
  await fault.end();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a deleted log that does not reach back far enough makes the sync compare all Ids, and no other row goes', async () => {
  const { harness, ids } = await openWith({ accounts: 2 });
  await using _ = harness;
  const [id = ''] = ids;
  await forgetChanges(harness);
  const fault = await harness.inject({ match: ofLog, effect: { answer: 'INVALID_REPLICATION_DATE' } });
  await hardDelete(id);
  await harness.pass(logMs);
  assert.equal(await fault.fired(), 1);
  assert.ok(hasLogged(harness, 'log of deletions has a gap'));
  assert.deepEqual(
    await changes(harness),
    [{ operation: 'DELETE', id }],
    'that row goes, and no other is touched',
  );
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a deleted log that was purged past the last request makes the sync compare all Ids too', async () => {
  const { harness, ids } = await openWith({ accounts: 2 });
  await using _ = harness;
  const [id = ''] = ids;
  await harness.pass(logMs);
  await forgetChanges(harness);
  await hardDelete(id);
  await harness.advance(2 * hourMs);
  await org.control('/deleteLog/purge', { before: new Date(harness.clock.now() - minuteMs).toISOString() });
  await harness.pass(10 * minuteMs);
  assert.ok(hasLogged(harness, 'log of deletions has a gap'));
  assert.deepEqual(await changes(harness), [{ operation: 'DELETE', id }]);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a deleted log with too many Ids is requested for half the time span, and half again, until all deletions have come', async () => {
  const { harness, ids } = await openWith({ accounts: 5 });
  await using _ = harness;
  const fault = await harness.inject({ match: ofLog, times: 2, effect: { answer: 'EXCEEDED_ID_LIMIT' } });
  for (const id of ids) {
    await harness.pass(3 * minuteMs);
    await hardDelete(id);
  }
  const { sweep } = await sweptAt(harness);
  await harness.pass(logMs - 5 * 3 * minuteMs + 10 * minuteMs);
  assert.equal(await fault.fired(), 2);
  assert.deepEqual(
    await repairs(harness),
    ids.toSorted().map((id) => ({ id, kind: 'deleted' })),
  );
  assert.deepEqual(await sweptAt(harness), { sweep }, 'no Ids had to be compared');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

const sweptAt = async (harness: ClockHarness) => {
  const [cursor] = await harness.mirror.query<{ sweep: number }>(
    sql`SELECT position -> 'lastAt' AS sweep FROM _lockstep.cursor WHERE kind = 'sweep'`,
  );
  return { sweep: cursor?.sweep };
};

test('a deleted log with too many Ids even for the shortest span makes the sync compare all Ids', async () => {
  const { harness, ids } = await openWith({ accounts: 2 });
  await using _ = harness;
  await forgetChanges(harness);
  const fault = await harness.inject({ match: ofLog, times: 6, effect: { answer: 'EXCEEDED_ID_LIMIT' } });
  await hardDelete(...ids);
  await harness.pass(logMs + 8 * minuteMs);
  assert.ok((await fault.fired()) <= 6);
  assert.ok(hasLogged(harness, 'log of deletions has a gap'));
  assert.deepEqual(
    await changes(harness),
    ids.toSorted().map((id) => ({ operation: 'DELETE', id })),
  );
  await fault.end();
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a deleted log that lags by two days gives a warning, and everything else goes on', async () => {
  const { harness, ids } = await openWith({ accounts: 8 });
  await using _ = harness;
  await org.control('/deleteLog/hold', { coveredUntil: new Date(harness.clock.now()).toISOString() });
  try {
    for (const id of ids) {
      await harness.advance(6 * hourMs);
      const [created = ''] = await harness.write([
        { create: 'Account', values: { Name: 'New' } },
        { delete: id },
      ]);
      await harness.pass(3 * harness.intervalMs); // one request a day is spent on counts
      assert.deepEqual([await isInMirror(harness, created), await isInMirror(harness, id)], [true, false]);
    }
    const [last = ''] = await harness.write([{ create: 'Account', values: { Name: 'Last' } }]);
    await harness.pass(harness.intervalMs);
    await hardDelete(last);
    await harness.pass(sweepMs);
    assert.equal(await isInMirror(harness, last), false, 'the sweep finds what the log lacks');
    assert.ok(hasLogged(harness, 'log of deletions lags'));
    assert.deepEqual(harness.holder.syncProblems, []);
  } finally {
    await org.control('/deleteLog/hold', {});
  }
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('when two accounts are merged the loser goes, and its contacts refer to the winner', async () => {
  const { harness, ids } = await openWith({ accounts: 2, sobjects: ['Account', 'Contact'] });
  await using _ = harness;
  const [winnerId = '', loserId = ''] = ids;
  const [contact = ''] = await harness.write([
    { create: 'Contact', values: { LastName: 'Of the loser', AccountId: loserId } },
  ]);
  await harness.pass(hourMs); // old enough that no poll reads the contact: reparenting moves no stamp
  assert.equal((await harness.row('contact', contact))?.accountid, loserId);
  await org.control('/records/merge', { winnerId, loserIds: [loserId], values: { Site: 'Merged' } });
  await harness.pass(3 * harness.intervalMs);
  assert.equal(await isInMirror(harness, loserId), false);
  assert.equal((await harness.row('account', winnerId))?.site, 'Merged');
  assert.equal((await harness.row('contact', contact))?.accountid, winnerId);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
