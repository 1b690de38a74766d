/**
 * Records that go without a trace, and those that only seem to. Rows of the list of faults: 13 (deleted for good), 14
 * (a log of deletions that does not reach back), 15 (one that holds too much), 16 (one that stands still), 19 (merge).
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
/** After so long the log of deletions has been asked, and what it names has been read again. */
const logMs = 24 * minuteMs;
/** After so long a small table has been swept, and what was absent has been read again. */
const sweepMs = hourMs + 4 * minuteMs;

const ofLog = { path: '*/deleted*', inside: 'only' } as const;

/** A log that has covered all times and knows of nothing. */
const emptyLog = {
  deletedRecords: [],
  earliestDateAvailable: '2000-01-01T00:00:00.000+0000',
  latestDateCovered: '2100-01-01T00:00:00.000+0000',
};

async function openWith(options: { accounts: number; sobjects?: readonly string[] }) {
  const stage = await openStage({ org, sobjects: options.sobjects ?? ['Account'] });
  const names = Array.from({ length: options.accounts }, (_, n) => `Account ${n}`);
  const ids = await stage.write(names.map((Name) => ({ create: 'Account', values: { Name } })));
  await stage.copy();
  return { stage, ids };
}

const hardDelete = (...ids: readonly string[]) => org.control('/records/hardDelete', { ids });
const stands = async (stage: Stage, id: string) => (await stage.row('account', id)) !== undefined;

const repairs = (stage: Stage) => stage.mirror.query(sql`SELECT id, kind FROM _lockstep.repair ORDER BY id`);

/** All that happened to the rows of accounts since the last first copy. */
const changes = (stage: Stage) =>
  stage.mirror.query(sql`
    SELECT operation, id FROM witness.change WHERE table_name = 'account' ORDER BY change_no`);

const hasLogged = (stage: Stage, message: string) => stage.log.text().includes(`"msg":"${message}"`);

const forgetChanges = (stage: Stage) => stage.mirror.query(sql`DELETE FROM witness.change`);

test('a record that was deleted for good goes when the log of deletions is asked', async () => {
  const { stage, ids } = await openWith({ accounts: 1 });
  await using _ = stage;
  const [id = ''] = ids;
  await hardDelete(id);
  await stage.pass(logMs);
  assert.equal(await stands(stage, id), false);
  assert.deepEqual(await repairs(stage), [{ id, kind: 'deleted' }]);
  await stage.settle();
  await stage.expectWhole();
});

test('a record that was deleted for good, and that the log does not know, goes with the next sweep', async () => {
  const { stage, ids } = await openWith({ accounts: 1 });
  await using _ = stage;
  const [id = ''] = ids;
  const fault = await stage.strike({
    match: ofLog,
    times: null,
    effect: { respond: { status: 200, body: emptyLog } },
  });
  await hardDelete(id);
  await stage.pass(logMs);
  assert.equal(await stands(stage, id), true);
  await stage.pass(sweepMs - logMs);
  assert.ok((await fault.fired()) > 0);
  assert.equal(await stands(stage, id), false);
  assert.deepEqual(await repairs(stage), [{ id, kind: 'no longer visible' }], 'how it went nobody can say');
  await fault.end();
  await stage.settle();
  await stage.expectWhole();
});

test('a log that does not reach back makes the sync compare all Ids by itself, and the table stays full', async () => {
  const { stage, ids } = await openWith({ accounts: 2 });
  await using _ = stage;
  const [id = ''] = ids;
  await forgetChanges(stage);
  const fault = await stage.strike({ match: ofLog, effect: { answer: 'INVALID_REPLICATION_DATE' } });
  await hardDelete(id);
  await stage.pass(logMs);
  assert.equal(await fault.fired(), 1);
  assert.ok(hasLogged(stage, 'log of deletions has a gap'));
  assert.deepEqual(
    await changes(stage),
    [{ operation: 'DELETE', id }],
    'that row goes, and no other is touched',
  );
  await stage.settle();
  await stage.expectWhole();
});

test('a log that was purged behind the last question does the same', async () => {
  const { stage, ids } = await openWith({ accounts: 2 });
  await using _ = stage;
  const [id = ''] = ids;
  await stage.pass(logMs);
  await forgetChanges(stage);
  await hardDelete(id);
  await stage.advance(2 * hourMs);
  await org.control('/deleteLog/purge', { before: new Date(stage.clock.now() - minuteMs).toISOString() });
  await stage.pass(10 * minuteMs);
  assert.ok(hasLogged(stage, 'log of deletions has a gap'));
  assert.deepEqual(await changes(stage), [{ operation: 'DELETE', id }]);
  await stage.settle();
  await stage.expectWhole();
});

test('a log with too many Ids is asked for half of the time, and half of that, until all deletions have come', async () => {
  const { stage, ids } = await openWith({ accounts: 5 });
  await using _ = stage;
  const fault = await stage.strike({ match: ofLog, times: 2, effect: { answer: 'EXCEEDED_ID_LIMIT' } });
  for (const id of ids) {
    await stage.pass(3 * minuteMs);
    await hardDelete(id);
  }
  const { sweep } = await sweptAt(stage);
  await stage.pass(logMs - 5 * 3 * minuteMs + 10 * minuteMs);
  assert.equal(await fault.fired(), 2);
  assert.deepEqual(
    await repairs(stage),
    ids.toSorted().map((id) => ({ id, kind: 'deleted' })),
  );
  assert.deepEqual(await sweptAt(stage), { sweep }, 'no Ids had to be compared');
  await stage.settle();
  await stage.expectWhole();
});

const sweptAt = async (stage: Stage) => {
  const [cursor] = await stage.mirror.query<{ sweep: number }>(
    sql`SELECT position -> 'lastAt' AS sweep FROM _lockstep.cursor WHERE kind = 'sweep'`,
  );
  return { sweep: cursor?.sweep };
};

test('a log that is too much for the shortest question makes the sync compare all Ids', async () => {
  const { stage, ids } = await openWith({ accounts: 2 });
  await using _ = stage;
  await forgetChanges(stage);
  const fault = await stage.strike({ match: ofLog, times: 6, effect: { answer: 'EXCEEDED_ID_LIMIT' } });
  await hardDelete(...ids);
  await stage.pass(logMs + 8 * minuteMs);
  assert.ok((await fault.fired()) <= 6);
  assert.ok(hasLogged(stage, 'log of deletions has a gap'));
  assert.deepEqual(
    await changes(stage),
    ids.toSorted().map((id) => ({ operation: 'DELETE', id })),
  );
  await fault.end();
  await stage.settle();
  await stage.expectWhole();
});

test('a log that stands still for two days is worth a warning, and everything else goes on', async () => {
  const { stage, ids } = await openWith({ accounts: 8 });
  await using _ = stage;
  await org.control('/deleteLog/hold', { coveredUntil: new Date(stage.clock.now()).toISOString() });
  try {
    for (const id of ids) {
      await stage.advance(6 * hourMs);
      const [created = ''] = await stage.write([
        { create: 'Account', values: { Name: 'New' } },
        { delete: id },
      ]);
      await stage.pass(3 * stage.intervalMs); // once a day one of the requests counts
      assert.deepEqual([await stands(stage, created), await stands(stage, id)], [true, false]);
    }
    const [last = ''] = await stage.write([{ create: 'Account', values: { Name: 'Last' } }]);
    await stage.pass(stage.intervalMs);
    await hardDelete(last);
    await stage.pass(sweepMs);
    assert.equal(await stands(stage, last), false, 'the sweep does what the log does not');
    assert.ok(hasLogged(stage, 'log of deletions lags'));
    assert.deepEqual(stage.holder.syncProblems, []);
  } finally {
    await org.control('/deleteLog/hold', {});
  }
  await stage.settle();
  await stage.expectWhole();
});

test('of two accounts that are merged the loser goes, and its contacts turn to the winner', async () => {
  const { stage, ids } = await openWith({ accounts: 2, sobjects: ['Account', 'Contact'] });
  await using _ = stage;
  const [winnerId = '', loserId = ''] = ids;
  const [contact = ''] = await stage.write([
    { create: 'Contact', values: { LastName: 'Of the loser', AccountId: loserId } },
  ]);
  await stage.pass(hourMs); // so that no poll would show that the contact turns: that moves no stamp
  assert.equal((await stage.row('contact', contact))?.accountid, loserId);
  await org.control('/records/merge', { winnerId, loserIds: [loserId], values: { Site: 'Merged' } });
  await stage.pass(3 * stage.intervalMs);
  assert.equal(await stands(stage, loserId), false);
  assert.equal((await stage.row('account', winnerId))?.site, 'Merged');
  assert.equal((await stage.row('contact', contact))?.accountid, winnerId);
  await stage.settle();
  await stage.expectWhole();
});
