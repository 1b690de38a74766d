/** Objects and records that mirrors often miss: archived activities, and posts, which need a right of their own. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
/** After this time a small table has been swept, and what was absent has been read again. */
const sweepMs = 66 * minuteMs;

async function idsOf(soql: string): Promise<string[]> {
  const ids: string[] = [];
  let path: string | undefined = `${dataPath}/queryAll?q=${encodeURIComponent(soql)}`;
  while (path !== undefined) {
    const answer = await org.request('GET', path);
    assert.equal(answer.status, 200, answer.text);
    const page = answer.json as { records: { Id: string }[]; nextRecordsUrl?: string };
    ids.push(...page.records.map(({ Id }) => Id));
    path = page.nextRecordsUrl;
  }
  return ids.toSorted();
}

const idsIn = async (harness: ClockHarness, table: string) =>
  (
    await harness.mirror.query<{ id: string }>(
      sql`SELECT id FROM salesforce.${ident(table)} ORDER BY id COLLATE "C"`,
    )
  ).map(({ id }) => id);

test('archived tasks and events are mirrored, and stay when more are archived', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Task', 'Event'] });
  await harness.finishBackfill();
  for (const sobject of ['Task', 'Event']) {
    const archived = await idsOf(`SELECT Id FROM ${sobject} WHERE IsArchived = true AND IsDeleted = false`);
    const all = await idsOf(`SELECT Id FROM ${sobject} WHERE IsDeleted = false`);
    assert.ok(archived.length > 0 && archived.length < all.length, sobject);
    assert.deepEqual(await idsIn(harness, sobject.toLowerCase()), all, sobject);
  }
  const [open = ''] = await idsOf(
    'SELECT Id FROM Task WHERE IsArchived = false AND IsDeleted = false LIMIT 1',
  );
  await org.control('/records/changeSilently', { id: open, values: { IsArchived: true } });
  await harness.pass(2 * sweepMs);
  assert.ok((await idsIn(harness, 'task')).includes(open));
  const verified = harness.holder.syncRequest('verify content');
  assert.deepEqual((await harness.untilDone(verified)).skipped, []);
  assert.equal(String((await harness.row('task', open))?.isarchived), 'true');
  await harness.expectIdle();
});

const viewAllData = (isAllowed: boolean) =>
  org.control('/users/rights', { user: 'integration', viewAllData: isAllowed });

test('posts are polled like other records, and a user who may not view all data is told what is missing', async () => {
  const [account = ''] = await idsOf('SELECT Id FROM Account WHERE IsDeleted = false LIMIT 1');
  await using harness = await openClockHarness({ org, sobjects: ['FeedItem', 'Account'] });
  await harness.finishBackfill();
  const [post = ''] = await harness.write([
    { create: 'FeedItem', values: { ParentId: account, Body: 'Hello' } },
  ]);
  await harness.pass(2 * harness.intervalMs);
  assert.equal((await harness.row('feeditem', post))?.body, 'Hello');

  await viewAllData(false);
  await harness.write([{ update: account, values: { Name: 'Still read' } }]);
  await harness.pass(5 * harness.intervalMs);
  const [status] = await harness.mirror.query(
    sql`SELECT state, stop_code, stop_reason FROM _lockstep.status WHERE sobject = 'FeedItem'`,
  );
  assert.equal(status?.stop_code, 'PERM-06');
  assert.match(String(status?.stop_reason), /only to a user who may view all data/);
  assert.equal((await harness.row('account', account))?.name, 'Still read');
  assert.equal((await harness.row('feeditem', post))?.body, 'Hello', 'its rows are kept');

  await viewAllData(true);
  await harness.write([{ delete: post }]);
  await harness.pass(sweepMs);
  assert.equal(await harness.row('feeditem', post), undefined);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
